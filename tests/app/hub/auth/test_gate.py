"""What stands before every route: roles, pages of other sites, and live connections."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest
from sign_in_world import OWN, World
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.types import Receive, Scope, Send

from app.dashboard.view import View
from app.hub.actor import actor
from app.hub.auth.access import ACCESS, SOCKET, Need, need_of
from app.hub.auth.gate import ENDED, Gate
from app.hub.server import create_app
from app.hub.state import HubState
from config.model import Hub

SILENCE = {"match": {"integration": ["hubspot"]}, "comment": "known", "for": "1h"}


METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def routes(served: Iterable[Any]) -> set[tuple[str, str]]:
    """(method, path) of everything that is served."""
    found: set[tuple[str, str]] = set()
    for route in served:
        if hasattr(route, "original_router"):
            found |= routes(route.original_router.routes)
        elif isinstance(route, Mount):
            found.add(("GET", f"{route.path}/{{path:path}}"))
        elif isinstance(route, WebSocketRoute):
            found.add((SOCKET, route.path))
        elif isinstance(route, Route):
            found |= {(method, route.path) for method in route.methods or ()}
        else:
            found.add(("?", getattr(route, "path", repr(route))))
    return {(method, path) for method, path in found if method not in ("HEAD", "OPTIONS")}


async def test_of_every_route_it_is_written_down_who_may_reach_it(world: World, state: HubState) -> None:
    served = routes(create_app(state, View.of_hub(state), world.auth).routes)
    assert len(served) > 60
    written = {(method, path) for method, path, _ in ACCESS}
    not_there = {(method, f"/api{rest}") for method in METHODS for rest in ("", "/{path:path}")}
    assert served - written - not_there == set()
    assert written - served == set()


def test_whatever_changes_something_takes_more_than_a_viewer_but_for_what_is_said_here() -> None:
    changing = {path for method, path, need in ACCESS if method != "GET" and need is Need.VIEWER}
    assert changing == {
        "/api/v1/sql",
        "/api/v1/silences/preview",
        "/_dash-update-component",
        "/api/v1/live",
        "/my-sessions/end",
    }


def test_what_is_not_written_down_is_for_admins_unless_it_is_a_page() -> None:
    assert need_of("POST", "/api/v1/brand-new") is Need.ADMIN
    assert need_of("DELETE", "/healthz") is Need.ADMIN
    assert need_of("GET", "/integration/hubspot") is Need.VIEWER
    assert need_of("HEAD", "/healthz") is Need.PUBLIC
    assert need_of("GET", "/status/a/b") is Need.VIEWER
    assert need_of(SOCKET, "/another") is Need.ADMIN


async def test_a_page_elsewhere_cannot_act_with_our_cookie(world: World) -> None:
    async with world.signed_in() as browser:

        async def status(**headers: str) -> int:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            return (await browser.post("/api/v1/silences", json=SILENCE, headers=named)).status_code

        assert await status(origin="http://hub") == 201
        assert await status(sec_fetch_site="same-origin") == 201
        assert await status(origin="https://evil.example") == 403
        assert await status(origin="null") == 403
        assert await status(sec_fetch_site="cross-site", origin="http://hub") == 403
        assert await status(sec_fetch_site="same-site") == 403
        assert await status(sec_fetch_site="same-origin", origin="http://hub.evil.example") == 403
        assert await status() == 403
        assert (await browser.get("/session", headers={"Sec-Fetch-Site": "cross-site"})).status_code == 200


async def test_a_page_elsewhere_can_neither_sign_somebody_in_nor_use_an_open_hub(world: World) -> None:
    foreign = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    async with world.browser() as browser:
        assert (await browser.post("/sign-in", data={"name": "eve"}, headers=foreign)).status_code == 403
        world.hub = Hub()
        assert (await browser.post("/api/v1/silences", json=SILENCE, headers=foreign)).status_code == 403


async def test_a_program_without_a_session_hears_how_to_get_in(world: World) -> None:
    async with world.browser() as browser:
        answer = await browser.get("/api/v1/silences", headers={"Accept": "text/html"})
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert "LEADLINE_TOKEN" in answer.json()["error"]
        wrong = await browser.get("/api/v1/silences", headers={"Authorization": "Bearer leadline_wrong"})
        assert wrong.status_code == 401


class Line:
    """A WebSocket as the server below sees it."""

    def __init__(self, app: Any, headers: dict[str, str]) -> None:
        self.sent: list[dict[str, Any]] = []
        raw = [(name.lower().encode(), value.encode()) for name, value in {"host": "hub", **headers}.items()]
        self.scope = {"type": "websocket", "path": "/api/v1/live", "scheme": "ws", "headers": raw}
        self._app = app
        self._first = True

    async def run(self) -> None:
        await self._app(self.scope, self._receive, self._send)

    async def _receive(self) -> dict[str, Any]:
        if self._first:
            self._first = False
            return {"type": "websocket.connect"}
        await asyncio.Event().wait()
        raise AssertionError

    async def _send(self, message: Any) -> None:
        self.sent.append(message)


async def live(_: Scope, receive: Receive, send: Send) -> None:
    """Accepts, says who is there, and waits for a message that never comes."""
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.send", "text": actor().name})
    await receive()


async def test_a_live_connection_ends_with_its_session(world: World) -> None:
    gate = Gate(live, world.auth.callers, look_every_s=0.01)
    async with world.signed_in() as browser:
        line = Line(gate, {"cookie": f"leadline-session={browser.cookies['leadline-session']}", **OWN})
        running = asyncio.create_task(line.run())
        while len(line.sent) < 2 and not running.done():
            await asyncio.sleep(0)
        assert line.sent[1]["text"] == "ada"
        assert not running.done()
        await world.auth.sessions.end_all("ada", "root")
        await asyncio.wait_for(running, 5)
    assert line.sent[-1] == {"type": "websocket.close", "code": ENDED, "reason": "signed out"}


@pytest.mark.parametrize(
    "headers", [{}, {"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site", "Origin": "http://hub"}]
)
async def test_a_page_elsewhere_gets_no_live_connection(world: World, headers: dict[str, str]) -> None:
    async with world.signed_in() as browser:
        line = Line(
            Gate(live, world.auth.callers),
            {"cookie": f"leadline-session={browser.cookies['leadline-session']}", **headers},
        )
        await line.run()
    assert [message["type"] for message in line.sent] == ["websocket.close"]


async def test_without_a_session_there_is_no_live_connection(world: World) -> None:
    line = Line(Gate(live, world.auth.callers), OWN)
    await line.run()
    assert [message["type"] for message in line.sent] == ["websocket.close"]
