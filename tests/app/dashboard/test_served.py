from __future__ import annotations

import asyncio
import base64
import hashlib
import re
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from app.dashboard import build
from app.dashboard.security import content_security_policy


@dataclass
class Site:
    """The dashboard on a server of its own, asked without a socket."""

    server: FastAPI
    policy: str

    async def ask(self, path: str, method: str = "GET", body: object = None) -> httpx.Response:
        transport = httpx.ASGITransport(app=self.server)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.request(method, path, json=body)


async def start(server: FastAPI) -> None:
    """What an ASGI server tells an application before the first request."""
    messages = iter(["lifespan.startup", "lifespan.shutdown"])

    async def receive() -> dict[str, str]:
        return {"type": next(messages)}

    async def send(_: object) -> None:
        return None

    await server({"type": "lifespan", "asgi": {"version": "3.0"}}, receive, send)


@pytest.fixture(scope="module")
def site(world: Any) -> Site:
    server = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    policy = content_security_policy(build(server, world.view))
    asyncio.run(start(server))
    return Site(server, policy)


@pytest.mark.parametrize("path", ["/", "/integration/hubspot", "/run/x"])
async def test_any_page_may_be_the_first_one_visited(site: Site, path: str) -> None:
    page = (await site.ask(path)).text
    assert "/assets/leadline.js" in page
    assert "/assets/leadline.css" in page
    assert "/assets/theme.js" in page


async def test_nothing_on_the_page_comes_from_another_host(site: Site) -> None:
    page = (await site.ask("/")).text
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', page)


async def test_every_inline_script_that_runs_is_named_in_the_policy(site: Site) -> None:
    page = (await site.ask("/")).text
    inline = re.findall(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)[^>]*>(.*?)</script>", page, re.S)
    assert inline
    for script in inline:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in site.policy


def test_the_policy_allows_no_foreign_host_and_no_arbitrary_script(site: Site) -> None:
    scripts = re.search(r"script-src ([^;]*)", site.policy)
    assert scripts is not None
    assert "unsafe" not in scripts[1]
    assert "http" not in site.policy
    assert "default-src 'none'" in site.policy


async def test_a_page_is_drawn_by_one_callback(site: Site) -> None:
    declared = (await site.ask("/_dash-dependencies")).json()
    callback = next(one for one in declared if "page.children" in one["output"])
    body = {
        "output": callback["output"],
        "outputs": [
            {"id": "page", "property": "children"},
            {"id": "shape", "property": "data"},
            {"id": "nav", "property": "children"},
            {"id": "heard", "property": "drawn"},
        ],
        "inputs": [
            {"id": "url", "property": "pathname", "value": "/integration/hubspot"},
            {"id": "url", "property": "search", "value": "?range=1h"},
            {"id": "beat", "property": "data", "value": None},
        ],
        "state": [{"id": "shape", "property": "data", "value": None}, [], []],
        "changedPropIds": ["url.pathname"],
    }
    answer = await site.ask("/_dash-update-component", "POST", body)
    assert answer.status_code == 200
    assert "latency-chart" in answer.text


async def test_no_machine_interface_is_offered_to_strangers(site: Site) -> None:
    for path in ("/_mcp", "/docs", "/openapi.json"):
        assert "swagger" not in (await site.ask(path)).text.lower()
    assert (await site.ask("/_mcp", "POST", {})).status_code in {404, 405}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/incidents", 200),
        ("/integration/hubspot", 200),
        ("/nowhere", 404),
        ("/integration/nobody", 404),
        ("/run/x", 404),
    ],
)
async def test_an_address_that_leads_nowhere_has_the_status_that_says_so(site: Site, path: str, status: int) -> None:
    assert (await site.ask(path)).status_code == status


async def test_what_carries_its_version_in_its_address_is_kept_for_good_and_nothing_else(site: Site) -> None:
    page = (await site.ask("/")).text
    (versioned,) = re.findall(r'src="(/assets/live\.js\?m=[^"]+)"', page)
    assert "immutable" in (await site.ask(versioned)).headers["Cache-Control"]
    for path in ("/", "/assets/theme.js", "/_dash-layout"):
        assert "immutable" not in (await site.ask(path)).headers.get("Cache-Control", "")


async def test_no_page_opens_a_second_line_that_nobody_speaks_over(site: Site) -> None:
    assert "_dash-ws-callback" not in (await site.ask("/")).text
