"""A configuration that is declared and not enrolled."""

from __future__ import annotations

from pathlib import Path

import pytest
from enrolment_world import Installation
from oidc_server import OidcServer, oidc, oidc_process

__all__ = ["oidc", "oidc_process"]


@pytest.fixture
def installation(oidc: OidcServer, tmp_path: Path) -> Installation:
    """Nobody has consented yet."""
    made = Installation(tmp_path, oidc)
    made.declare()
    return made
