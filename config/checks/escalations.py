"""Escalations of `alerts.yaml`: levels in order, and each of them heard by somebody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, Final

from config.checks import mappings
from config.checks.workflows import duplicates
from config.problems import Finding, Path, did_you_mean
from config.scalars import format_duration, parse_duration

_ONE_ALERT: Final = "pagerduty"
"""Keeps one alert for an incident, and notifies nobody again of it: its own escalation policy does."""


def escalation_findings(alerting: Mapping[str, Any]) -> Iterator[Finding]:
    """Escalations that clash or that nobody declares, levels out of order, and levels that nobody would hear."""
    escalations = mappings(alerting.get("escalations"))
    yield from duplicates(escalations, ("escalations",), "escalation")
    kinds = {str(channel.get("name")): channel.get("kind") for _, channel in mappings(alerting.get("channels"))}
    for position, escalation in escalations:
        at, levels = ("escalations", position, "levels"), mappings(escalation.get("levels"))
        for number, level in levels:
            yield from _unknown(level.get("channels"), (*at, number, "channels"), kinds)
        yield from _out_of_order(levels, at)
    named = {str(escalation.get("name")): (place, escalation) for place, escalation in escalations}
    for position, route in mappings(alerting.get("routes")):
        yield from _of_route(route, ("routes", position), named, kinds)


def _unknown(named: object, at: Path, known: Mapping[str, Any]) -> Iterator[Finding]:
    for place, name in enumerate(named if isinstance(named, list) else ()):
        if isinstance(name, str) and name not in known:
            yield (*at, place), f'unknown channel "{name}" {did_you_mean(name, set(known), label="channels")}'


def _out_of_order(levels: list[tuple[int, dict[str, Any]]], at: Path) -> Iterator[Finding]:
    before: timedelta | None = None
    for number, level in levels:
        try:
            after = parse_duration(level.get("after"))
        except ValueError:
            continue
        if before is not None and after <= before:
            said = f"{format_duration(after)} is not after {format_duration(before)} of the level before"
            yield (*at, number, "after"), f"{said}; each counts from when the incident was told of"
        before = after


def _of_route(
    route: Mapping[str, Any], at: Path, named: Mapping[str, tuple[int, dict[str, Any]]], kinds: Mapping[str, Any]
) -> Iterator[Finding]:
    yield from _without_a_use(route, at)
    wanted = route.get("escalation")
    if not isinstance(wanted, str):
        return
    if wanted not in named:
        known = did_you_mean(wanted, set(named), label="escalations")
        yield (*at, "escalation"), f'unknown escalation "{wanted}" {known}'
        return
    told = set(_names(route.get("urgent")))
    for number, level in mappings(named[wanted][1].get("levels")):
        channels = _names(level.get("channels"))
        if channels and all(name in told and kinds.get(name) == _ONE_ALERT for name in channels):
            yield (
                (*at, "escalation"),
                f'nobody hears level {number + 1} of "{wanted}": {", ".join(channels)} is told before it, and '
                "PagerDuty notifies once an incident; name a channel of another service there, or of another kind",
            )
        told |= set(channels)


def _without_a_use(route: Mapping[str, Any], at: Path) -> Iterator[Finding]:
    if route.get("remind_every") is None:
        for key in ("remind_acknowledged", "remind_changes"):
            if route.get(key) is True:
                yield (*at, key), "means nothing without remind_every; add remind_every: 4h"


def _names(value: object) -> list[str]:
    return [name for name in value if isinstance(name, str)] if isinstance(value, list) else []
