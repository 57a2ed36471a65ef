"""Channels and routes of `alerts.yaml`, and what `leadline.yaml` says of regions and the hub."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from config.checks import mapping, mappings
from config.checks.escalations import escalation_findings
from config.checks.options import kind_findings
from config.checks.reports import report_findings
from config.checks.rules import rule_findings
from config.checks.workflows import duplicates
from config.plugins import Plugins
from config.problems import Finding, Path, did_you_mean
from config.scalars import parse_share
from config.secrets import SecretRef
from config.zones import is_time_zone

TIERS: Final = ("urgent", "degraded", "report")


def alerting_findings(alerting: Mapping[str, Any], plugins: Plugins, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Channels that clash or cannot be built, and routes that lead nowhere."""
    channels = mappings(alerting.get("channels"))
    yield from duplicates(channels, ("channels",), "channel")
    for position, channel in channels:
        at = ("channels", position)
        yield from kind_findings(channel, at, plugins.channels, environ, own_keys=("kind", "name", "rate", "self_test"))
    names = {str(channel.get("name")) for _, channel in channels}
    for position, route in mappings(alerting.get("routes")):
        for tier in TIERS:
            yield from _unknown_channels(route.get(tier), ("routes", position, tier), names)
    yield from escalation_findings(alerting)
    yield from report_findings(alerting)
    yield from rule_findings(alerting)
    yield from _quorum(mapping(alerting.get("confirm")).get("quorum"))


def _unknown_channels(named: object, at: Path, known: set[str]) -> Iterator[Finding]:
    for number, name in enumerate(named if isinstance(named, list) else ()):
        if isinstance(name, str) and name not in known:
            yield (*at, number), f'unknown channel "{name}" {did_you_mean(name, known, label="channels")}'


def _quorum(quorum: object) -> Iterator[Finding]:
    try:
        impossible = quorum is not None and parse_share(quorum) >= 1
    except ValueError:
        return
    if impossible:
        yield (
            ("confirm", "quorum"),
            "more than 100 % of the regions can never agree, so nothing would alert; all of them is 99%",
        )


def settings_findings(settings: Mapping[str, Any]) -> Iterator[Finding]:
    """Regions that clash, their tokens in plain text, and a time zone that nobody knows."""
    regions = mappings(settings.get("regions"))
    yield from duplicates(regions, ("regions",), "region")
    for position, region in regions:
        token = region.get("token")
        if isinstance(token, str):
            yield from _secret(token, position)
    timezone = mapping(settings.get("hub")).get("timezone")
    if isinstance(timezone, str) and not is_time_zone(timezone):
        yield ("hub", "timezone"), f'unknown time zone "{timezone}"; write it as Europe/Berlin or UTC'


def _secret(token: str, position: int) -> Iterator[Finding]:
    try:
        SecretRef(token)
    except ValueError as err:
        yield ("regions", position, "token"), str(err)
