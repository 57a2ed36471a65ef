"""The hub itself does not keep up: what it says is late, and may soon be wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Final

from alerts.messages import duration
from alerts.model import Blame, Condition, Rule, Tier
from alerts.scene import NO_FRESH_DATA, RuleKind, Scene
from metrics.operating import HubLoad

HUB: Final = "hub:self"
KEY: Final = f"{HUB}/{Rule.HUB_OVERLOADED}"
MANY_ROWS: Final = 20_000
"""A tenth of what the hub takes before it turns probers away."""
LATE: Final = timedelta(seconds=30)
"""So long a batch waits to be stored, or an evaluation comes after the one before."""
CLEAR: Final = 0.5
"""Over when everything is below this part of that."""


def _holds(scene: Scene) -> Iterator[Condition]:
    load = scene.evaluation.load
    if load is not None and (found := _troubles(load, 1.0)):
        yield _condition(scene, found)


def _lingers(condition: Condition, scene: Scene) -> Condition | None:
    load = scene.evaluation.load
    if load is None:
        return replace(condition, note=NO_FRESH_DATA)
    found = _troubles(load, CLEAR)
    return _condition(scene, found) if found else None


def _troubles(load: HubLoad, part: float) -> list[str]:
    found = []
    if load.waiting_rows >= MANY_ROWS * part:
        found.append(f"{load.waiting_rows:,} rows wait to be stored")
    if load.waiting_for >= LATE * part:
        found.append(f"the oldest of what was received has waited for {duration(load.waiting_for)}")
    if load.since_last is not None and load.since_last >= LATE * part:
        found.append(f"{duration(load.since_last)} between two evaluations, one is due every 5 s")
    if load.problem:
        found.append(f"the store cannot seal or forget: {load.problem}")
    return found


def _condition(scene: Scene, found: list[str]) -> Condition:
    return Condition(
        key=KEY,
        rule=Rule.HUB_OVERLOADED,
        tier=Tier.DEGRADED,
        subject=HUB,
        since=scene.at,
        summary="; ".join(found),
        blame=Blame.OURS,
        blame_reason="the hub's own machine is too slow, too busy or too full; see the page System",
        title="Hub does NOT KEEP UP",
    )


RULE = RuleKind(_holds, _lingers)
