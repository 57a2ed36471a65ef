from __future__ import annotations

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from app.hub.telling import TellOfActs


async def tellings(method: str, path: str, status: int = 200) -> int:
    """How often it was told of that request, answered with that status."""
    told: list[str] = []

    async def answer(_: Scope, __: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    transport = httpx.ASGITransport(app=TellOfActs(answer, lambda: told.append(path)))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        await client.request(method, path)
    return len(told)


@pytest.mark.parametrize(
    ("method", "path", "times"),
    [
        ("POST", "/api/v1/incidents/x/acknowledge", 1),
        ("POST", "/api/v1/silences", 1),
        ("POST", "/api/v1/inbound/slack/ops", 1),
        ("GET", "/api/v1/incidents", 0),
        ("POST", "/api/v1/silences/preview", 0),
        ("POST", "/api/v1/sql", 0),
        ("POST", "/api/v1/prober/batches", 0),
        ("POST", "/_dash-update-component", 0),
    ],
)
async def test_an_act_is_told_of_and_a_question_is_not(method: str, path: str, times: int) -> None:
    assert await tellings(method, path) == times


async def test_what_was_refused_is_not_told() -> None:
    assert await tellings("POST", "/api/v1/silences", 409) == 0
