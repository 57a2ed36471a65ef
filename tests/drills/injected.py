"""Drills in injected time, against real receivers: an hour without a receiver, and vendors that come and go."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from app.sandbox import start
from app.sandbox.running import Sandbox
from tests.drills.night import STEP, Night, Weather, client, night_config
from tests.drills.outcome import Outcome

BROKEN_FROM, BROKEN_TO = 2.0, 62.0
"""Minutes of the night in which the receiver is in trouble: all of the outage, and its end."""
DOWN_FROM, DOWN_TO = 5.0, 35.0
FLAPS_FOR: Final = 120.0
PERIODS: Final[Mapping[str, tuple[float, int]]] = {
    "github": (2, 0),
    "hubspot": (5, 3),
    "klaviyo": (10, 3),
    "salesforce": (30, 4),
    "shopify": (60, 2),
}
"""Minutes from one outage to the next, half of them down, and how often somebody is to be woken in two hours. Twice
as fast as two probes confirm is no outage; what comes back within ten minutes is one incident that pages three times,
and then stays open; what stays away for longer is a new one each time."""


def _one_outage(name: str, minute: float) -> bool:
    return name == "hubspot" and DOWN_FROM <= minute < DOWN_TO


def _flapping(name: str, minute: float) -> bool:
    period, _ = PERIODS[name]
    return minute < FLAPS_FOR and minute % period < period / 2


async def _lived(
    weather: Weather, until: float, at: Mapping[float, Mapping[str, Any]], step: timedelta = STEP
) -> tuple[Sandbox, dict[str, Any]]:
    """A night up to that minute with receivers that break and mend on the way; what its store holds at the end."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with (
            await start(folder / "sandbox", ports_from=None, latency_scale=0) as sandbox,
            client() as sending,
            Night(folder, night_config(folder, sandbox.environment), sandbox.environment, weather, sending) as night,
        ):
            changes = sorted(at.items())
            while night.minute < until:
                while changes and changes[0][0] <= night.minute:
                    for receiver, faults in changes.pop(0)[1].items():
                        await (sandbox.set_faults(receiver, faults) if faults else sandbox.clear_faults(receiver))
                await night.step(step)
            return sandbox, night.store.read(_kept)


def _kept(con: Any) -> dict[str, Any]:
    names = ("incident_id", "channel", "action", "state", "attempts", "minute", "subject")
    rows = con.execute(
        "SELECT o.incident_id, o.channel, o.action, o.state, o.attempts, "
        "epoch(o.settled_at - TIMESTAMPTZ '2026-11-23 00:00:00+00') / 60, i.subject "
        "FROM outbox AS o JOIN incidents AS i USING (incident_id) ORDER BY notification_id"
    ).fetchall()
    return {
        "outbox": [dict(zip(names, row, strict=True)) for row in rows],
        "open": [row[0] for row in con.execute("SELECT subject FROM incidents WHERE state <> 'resolved'").fetchall()],
    }


def an_hour_without(receiver: str, channel: str, faults: Mapping[str, Any]) -> Outcome:
    """One outage of half an hour while that receiver is in trouble for an hour."""
    started = time.monotonic()
    at = {BROKEN_FROM: {receiver: faults}, BROKEN_TO: {receiver: {}}}
    sandbox, kept = asyncio.run(_lived(_one_outage, 75, at, timedelta(seconds=30)))
    mine = [row for row in kept["outbox"] if row["channel"] == channel and row["subject"] == "hubspot"]
    instead = [row["minute"] for row in kept["outbox"] if row["channel"] == "backup" and row["action"] == "trigger"]
    tries = sum(row["attempts"] for row in mine)
    note = f"{tries} tries for {len(mine)} messages"
    if channel == "pager":
        note += f"; backup told {instead[0] - DOWN_FROM:.1f} min after the outage began" if instead else "; NO BACKUP"
    return _outcome(f"{channel}: {_words(faults)} for an hour", 1, sandbox, kept, time.monotonic() - started, note)


def flapping() -> Iterator[Outcome]:
    """Five vendors that come and go at five periods for two hours, and more than an hour of calm."""
    started = time.monotonic()
    sandbox, kept = asyncio.run(_lived(_flapping, FLAPS_FOR + 70, {}, timedelta(seconds=30)))
    took = (time.monotonic() - started) / len(PERIODS)
    for name, (period, expected) in PERIODS.items():
        mine = {"outbox": [row for row in kept["outbox"] if row["subject"] == name], "open": kept["open"]}
        incidents = len({row["incident_id"] for row in mine["outbox"]})
        slack = sum(row["channel"] == "slack" and row["state"] == "sent" for row in mine["outbox"])
        note = f"{incidents} incidents, {slack} words on Slack"
        yield _outcome(f"flapping, period {period:g} min", expected, sandbox, mine, took, note, of=f"/{name}/")


def _outcome(
    drill: str, expected: int, sandbox: Sandbox, kept: dict[str, Any], took: float, note: str, of: str = "/hubspot/"
) -> Outcome:
    board = [one for one in sandbox.receivers["pagerduty"].board() if of in one["dedup_key"]]
    texts = [message.content["body"] for message in sandbox.receivers["twilio"].inbox.messages()]
    lost = [row for row in kept["outbox"] if row["state"] not in ("sent", "superseded")]
    return Outcome(
        drill=drill,
        expected=expected,
        pages=len(board),
        repeated=len(texts) - len(set(texts)),
        resolved=all(one["status"] == "resolved" for one in board) and not kept["open"],
        lost=len(lost),
        seconds=took,
        note=note,
    )


def _words(faults: Mapping[str, Any]) -> str:
    words = {"status": "HTTP {}", "throttle": "429, Retry-After {}", "down": "unreachable"}
    return ", ".join(words[name].format(value) for name, value in faults.items())


DRILLS: Final[dict[str, Callable[[], Iterator[Outcome]]]] = {
    "pager 500 for an hour": lambda: iter((an_hour_without("pagerduty", "pager", {"status": 500}),)),
    "slack 429 for an hour": lambda: iter((an_hour_without("slack", "slack", {"throttle": 300}),)),
    "mail down for an hour": lambda: iter((an_hour_without("smtp", "mail", {"down": True}),)),
    "flapping": flapping,
}
