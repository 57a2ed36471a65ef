"""Asking a vendor's own usage endpoint."""

from __future__ import annotations

from typing import Any

import pytest

from config.model import Integration
from probes.vendors import VENDORS
from probes.vendors.usage import usage_findings, usage_request


def declared(vendor: str, path: str = "/x", **quota: Any) -> Integration:
    step = {"name": "call", "request": {"path": path}}
    workflow = {"name": "flow", "steps": [step]}
    base = {"integration": "acme", "vendor": vendor, "base_url": "https://api.example.com", "workflows": [workflow]}
    return Integration.model_validate({**base, "quota": quota})


@pytest.mark.parametrize(
    ("vendor", "path", "asked"),
    [
        pytest.param("github", "/x", "/rate_limit", id="GitHub's is free"),
        pytest.param("marketo", "/x", "/rest/v1/stats/usage.json", id="Marketo's counts the day"),
        pytest.param(
            "salesforce", "/services/data/v62.0/query", "/services/data/v62.0/limits", id="the version in use is asked"
        ),
    ],
)
def test_the_presets_endpoint_is_asked_when_told_to(vendor: str, path: str, asked: str) -> None:
    request = usage_request(declared(vendor, path, vendor_usage=True))
    assert request is not None
    assert request.path == asked
    assert list(usage_findings(declared(vendor, path, vendor_usage=True))) == []


def test_nothing_is_asked_unless_told_to() -> None:
    assert usage_request(declared("github")) is None


def test_a_declared_endpoint_is_asked_as_it_is() -> None:
    request = usage_request(declared("github", usage={"path": "/mine"}))
    assert request is not None
    assert request.path == "/mine"


@pytest.mark.parametrize(
    ("vendor", "quota", "words"),
    [
        pytest.param("stripe", {"vendor_usage": True}, "stripe has none that is known", id="a vendor without one"),
        pytest.param("salesforce", {"vendor_usage": True}, "no step's path names an API version", id="no version"),
        pytest.param("github", {"vendor_usage": True, "usage": {"path": "/x"}}, "keep one of them", id="both"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_the_remedy(vendor: str, quota: dict[str, Any], words: str) -> None:
    (finding,) = usage_findings(declared(vendor, **quota))
    assert finding[0] == "quota.vendor_usage"
    assert words in finding[1]


def test_every_known_usage_endpoint_is_a_path_on_the_integrations_own_host() -> None:
    paths = [vendor.usage.path for vendor in VENDORS.values() if vendor.usage is not None]
    assert len(paths) >= 4
    assert all(path.startswith("/") for path in paths)
