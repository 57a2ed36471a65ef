"""One careful request to a status page, over a real connection."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from alerts.fetching import SIZE_LIMIT
from alerts.status_pages.asking import USUALLY, WHILE_OPEN, Watched, is_due, look, watched_pages
from alerts.status_pages.model import Health
from config.model import Config, Integration

NOW = datetime(2026, 11, 22, 3, 20, tzinfo=UTC)
FINE = json.dumps({"components": [], "status": {"indicator": "none", "description": "All good"}})


def page(url: str, **more: Any) -> Watched:
    known: dict[str, Any] = {
        "page": url, "kind": "statuspage", "url": url, "problem": "", "users": {"a": ()}, "may_be_private": True,
    }  # fmt: skip
    return Watched(**{**known, **more})


def declared(
    name: str, base_url: str, url: str, kind: str = "statuspage", components: tuple[str, ...] = ()
) -> Integration:
    steps = [{"name": "x", "request": {"path": "/"}}]
    return Integration.model_validate(
        {
            "integration": name,
            "base_url": base_url,
            "workflows": [{"name": "w", "steps": steps}],
            "status_page": {"url": url, "kind": kind, "components": components},
        }
    )


def test_integrations_of_one_vendor_share_a_page_by_its_address_as_written() -> None:
    one = declared("eu", "https://api.example.com", "${env:PAGE}", components=("API",))
    two = declared("us", "https://api.example.com", "${env:PAGE}")
    feed = declared("feed", "http://127.0.0.1:9", "http://127.0.0.1:10/history.atom", "atom")
    config = Config(root=Path("x"), version="v", integrations=(one, two, feed))
    shared, lone = watched_pages(config, {"PAGE": "https://status.example.com"})
    assert (shared.page, shared.url) == ("${env:PAGE}", "https://status.example.com")
    assert shared.users == {"eu": ("API",), "us": ()}
    assert (shared.may_be_private, lone.may_be_private) == (False, True)
    unknown, _ = watched_pages(config, {})
    assert "PAGE" in unknown.problem
    assert unknown.url == ""


def test_a_page_is_asked_every_minute_while_something_is_wrong_and_else_every_five() -> None:
    assert is_due(None, NOW, open_incident=False)
    for every, wrong in ((WHILE_OPEN, True), (USUALLY, False)):
        assert is_due(NOW - every, NOW, open_incident=wrong)
        assert not is_due(NOW - every * 0.99, NOW, open_incident=wrong)


async def test_a_page_is_read_with_its_validators_and_then_asked_conditionally(
    desk: Any, client: httpx.AsyncClient
) -> None:
    desk.answers(200, FINE, ETag='"v1"', Last_Modified="Sun, 22 Nov 2026 03:00:00 GMT")
    first = await look(client, page(desk.url), "", "", NOW)
    assert first.reading is not None
    assert first.reading.indicator is Health.OPERATIONAL
    assert desk.posted[-1].path == "/api/v2/summary.json"
    assert "if-none-match" not in desk.posted[-1].headers
    desk.answers(304)
    again = await look(client, page(desk.url), first.etag, first.modified, NOW)
    assert again.is_unchanged
    assert (again.etag, again.problem) == ('"v1"', "")
    assert desk.posted[-1].headers["if-none-match"] == '"v1"'
    assert desk.posted[-1].headers["if-modified-since"] == "Sun, 22 Nov 2026 03:00:00 GMT"


@pytest.mark.parametrize(
    ("status", "body", "headers", "problem"),
    [
        (503, "down", {}, "answered HTTP 503"),
        (301, "", {"Location": "https://x.example.com/s"}, "redirects (HTTP 301) to https://x.example.com/s"),
        (302, "", {"Location": "javascript:1"}, "redirects to what is no address"),
        (200, "<html>", {}, "the answer is not JSON"),
        (200, "[" * (SIZE_LIMIT + 1), {}, "more than 2 MiB"),
    ],
    ids=["an error", "a redirect", "a redirect to no address", "another format", "without end"],
)
async def test_what_a_page_does_wrong_is_one_sentence(
    desk: Any, client: httpx.AsyncClient, status: int, body: str, headers: dict[str, str], problem: str
) -> None:
    desk.answers(status, body, **headers)
    found = await look(client, page(desk.url), "", "", NOW)
    assert problem in found.problem
    assert len(desk.posted) == 1


async def test_nobody_at_home_is_a_problem_and_no_error(client: httpx.AsyncClient) -> None:
    found = await look(client, page("http://127.0.0.1:1"), "", "", NOW)
    assert found.problem == "cannot be reached (ConnectError)"


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "[::1]", "10.0.0.1", "169.254.169.254"])
async def test_a_private_address_is_not_asked_unless_the_integration_is_there_itself(
    desk: Any, client: httpx.AsyncClient, name: str
) -> None:
    port = desk.url.rsplit(":", 1)[1]
    found = await look(client, page(f"http://{name}:{port}", may_be_private=False), "", "", NOW)
    assert "private address" in found.problem
    assert desk.posted == []


async def test_a_page_whose_address_is_not_known_is_not_asked(client: httpx.AsyncClient) -> None:
    found = await look(client, replace(page(""), problem="its address is not known"), "", "", NOW)
    assert found.problem == "its address is not known"
