from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from fastapi import FastAPI

from app.dashboard.live_socket import PATH, add_live_socket
from app.pulse import Pulse, Why


class Line:
    """A WebSocket as an ASGI server would hand it over, without a network."""

    def __init__(self, world: Any, origin: str) -> None:
        self.pulse = Pulse()
        self.server = FastAPI()
        self.heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.said: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.said.put_nowait({"type": "websocket.connect"})
        self.scope = {
            "type": "websocket",
            "path": PATH,
            "query_string": b"",
            "subprotocols": [],
            "headers": [(b"host", b"hub.example"), (b"origin", origin.encode())],
        }
        add_live_socket(self.server, world.view, self.pulse)

    def open(self) -> asyncio.Task[None]:
        return asyncio.create_task(self.server(self.scope, self.said.get, self.heard.put))  # type: ignore[arg-type]


async def test_a_page_hears_why_to_ask_and_what_is_open_until_it_goes(world: Any) -> None:
    line = Line(world, "https://hub.example")
    serving = line.open()
    assert (await line.heard.get())["type"] == "websocket.accept"
    while not line.pulse._ears:
        await asyncio.sleep(0)
    line.pulse.beat(Why.ACTED)
    said = json.loads((await line.heard.get())["text"])
    assert said["why"] == "acted"
    assert {one["id"] for one in said["firing"]} == {one.incident_id for one in world.view.overview().incidents}
    line.said.put_nowait({"type": "websocket.disconnect", "code": 1001})
    await serving
    assert not line.pulse._ears


@pytest.mark.parametrize("origin", ["https://elsewhere.example", "", "https://hub.example.elsewhere.example"])
async def test_a_page_of_another_site_hears_nothing(world: Any, origin: str) -> None:
    line = Line(world, origin)
    await line.open()
    assert (await line.heard.get())["type"] == "websocket.close"
    assert not line.pulse._ears
