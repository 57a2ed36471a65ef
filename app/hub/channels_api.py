"""Channels: how each fares, and their self-test on demand."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

from duckdb import DuckDBPyConnection
from fastapi import APIRouter, Depends, HTTPException
from pydantic import BaseModel, ConfigDict

from alerts.channels import rates_of
from alerts.model import ChannelFault
from alerts.self_tests import NoSelfTest
from alerts.store.audit import AuditRow, record
from alerts.store.channels import ChannelHealth, ChannelTest, Waiting, channel_health, latest_tests, waiting
from alerts.store.ledger import channel_faults
from alerts.store.outbox import CIRCUIT_OPENS_AFTER
from app.hub.actor import Acting, Author
from app.hub.asking import only_json
from app.hub.state import HubState
from config.model import Channel
from config.rate import format_rate


class Asked(BaseModel):
    """The body of `POST /api/v1/channels/NAME/test`."""

    model_config = ConfigDict(extra="forbid")

    author: Author | None = None


def channels_router(state: HubState) -> APIRouter:
    """`/api/v1/channels…`."""
    router = APIRouter(prefix="/api/v1/channels")

    @router.get("")
    def channels() -> dict[str, Any]:
        return {"channels": channel_documents(state)}

    @router.post("/{name}/test", dependencies=[Depends(only_json)])
    async def test(name: str, _: Asked, by: Acting) -> dict[str, Any]:
        if state.self_tests is None:
            raise HTTPException(503, "the hub has just started; try again in a few seconds", {"Retry-After": "2"})
        try:
            shown = await state.self_tests.test(name, by.name)
        except KeyError:
            raise HTTPException(404, f"{name}: no such channel is declared") from None
        except NoSelfTest as err:
            raise HTTPException(409, str(err)) from None
        row = AuditRow(shown.at, by.name, "channel.test", name, "works" if shown.ok else shown.answer)
        await asyncio.wrap_future(state.store.write(lambda con: record(con, row)))
        return {"channel": name, **_test(shown)}

    return router


def channel_documents(state: HubState) -> list[dict[str, Any]]:
    """One document per declared channel; instants in ISO 8601, None where there is none."""
    seen = state.store.read(_seen)
    rates = rates_of(state.config)
    due = state.self_tests.next_tests() if state.self_tests else {}
    return [
        {
            **_document(channel, seen),
            "rate": format_rate(rates[channel.name]) if channel.name in rates else None,
            "next_test_at": _iso(due.get(channel.name)),
        }
        for channel in state.config.alerting.channels
    ]


_Seen = tuple[dict[str, ChannelHealth], dict[str, Waiting], dict[str, ChannelTest], dict[str, ChannelFault]]


def _seen(con: DuckDBPyConnection) -> _Seen:
    faults = {fault.channel: fault for fault in channel_faults(con)}
    return channel_health(con), waiting(con), latest_tests(con), faults


def _document(channel: Channel, seen: _Seen) -> dict[str, Any]:
    health, queued, tests, faults = seen
    known = health.get(channel.name, ChannelHealth(channel.name))
    left, test, fault = queued.get(channel.name), tests.get(channel.name), faults.get(channel.name)
    return {
        "name": channel.name,
        "kind": channel.kind,
        "state": _state(known, test, fault),
        "problem": fault.problem if fault else None,
        "failing_since": _iso(fault.since) if fault else None,
        "failures": known.failures,
        "circuit_open": known.failures >= CIRCUIT_OPENS_AFTER,
        "held_until": _iso(known.held_until),
        "last_ok_at": _iso(known.last_ok_at),
        "waiting": left.count if left else 0,
        "oldest_waiting_at": _iso(left.oldest) if left else None,
        "test": _test(test) if test else None,
    }


def _state(known: ChannelHealth, test: ChannelTest | None, fault: ChannelFault | None) -> str:
    if fault is not None:
        return "broken" if fault.for_good else "failing"
    return "ok" if known.last_ok_at or (test and test.ok) else "unproven"


def _test(test: ChannelTest) -> dict[str, Any]:
    return {
        "at": test.at.isoformat(),
        "ok": test.ok,
        "end_to_end": test.end_to_end,
        "status": test.status,
        "answer": test.answer,
        "duration_ms": test.duration_ms,
        "asked_by": test.asked_by,
    }


def _iso(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None
