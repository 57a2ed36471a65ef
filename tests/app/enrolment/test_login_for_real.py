"""Enrolment against a server that is not ours: consent by browser, rotation over restarts, and the end of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("client", ["person", "public"])
def test_consent_is_asked_for_kept_and_used(installation: Any, client: str) -> None:
    installation.declare(client)
    code, printed, page = installation.login()
    assert (code, "acme: enrolled as ada" in printed) == (0, True), printed
    assert "Acme CRM is enrolled" in page
    runs = installation.probe()
    assert [run["outcome"] for run in runs] == ["passed"], json.dumps(runs, indent=1)
