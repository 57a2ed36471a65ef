"""The independent server, for the tests of the harness itself."""

from __future__ import annotations

from oidc_server import oidc, oidc_process

__all__ = ["oidc", "oidc_process"]
