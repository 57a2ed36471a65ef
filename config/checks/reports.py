"""`reports` of `alerts.yaml`: channels that there are, and that a page of text is of use on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from config.checks import mapping, mappings
from config.problems import Finding, did_you_mean

_NO_ROOM: Final = {
    "pagerduty": "it wakes people, and there is nothing to be done at once",
    "twilio_sms": "it is too long",
}
"""Kinds of channels that a weekly review makes no sense on, and why."""


def report_findings(alerting: Mapping[str, Any]) -> Iterator[Finding]:
    """Channels of the weekly review that nobody declares, or that it cannot be sent through."""
    kinds = {str(channel.get("name")): channel.get("kind") for _, channel in mappings(alerting.get("channels"))}
    named = mapping(mapping(alerting.get("reports")).get("weekly")).get("channels")
    for place, name in enumerate(named if isinstance(named, list) else ()):
        at = ("reports", "weekly", "channels", place)
        if not isinstance(name, str):
            continue
        if name not in kinds:
            yield at, f'unknown channel "{name}" {did_you_mean(name, set(kinds), label="channels")}'
        elif (why := _NO_ROOM.get(str(kinds[name]))) is not None:
            yield at, f'"{name}" is of kind {kinds[name]}: {why}; name one of kind email, slack, teams or webhook'
