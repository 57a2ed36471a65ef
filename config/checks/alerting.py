"""Channels and routes of `alerts.yaml`, and what `leadline.yaml` says of regions and the hub."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from config.checks import mapping, mappings
from config.checks.escalations import escalation_findings
from config.checks.options import kind_findings
from config.checks.reports import report_findings
from config.checks.workflows import duplicates
from config.model import ImpactTier
from config.plugins import Plugins
from config.problems import Finding, Path, did_you_mean
from config.scalars import parse_share
from config.secrets import SecretRef
from config.zones import is_time_zone

TIERS: Final = ("urgent", "degraded", "report")
_NOUNS: Final = {
    "tier": "tier",
    "environment": "environment",
    "integration": "integration",
    "vendor": "integration of vendor",
    "owner": "integration with owner",
    "flow": "integration with flow",
}


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
    yield from _quorum(mapping(alerting.get("confirm")).get("quorum"))


def _unknown_channels(named: object, at: Path, known: set[str]) -> Iterator[Finding]:
    for number, name in enumerate(named if isinstance(named, list) else ()):
        if isinstance(name, str) and name not in known:
            yield (*at, number), f'unknown channel "{name}" {did_you_mean(name, known, label="channels")}'


def route_findings(alerting: Mapping[str, Any], integrations: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    """Routes that can never be used: nothing has what they match, or an earlier one takes everything."""
    known = _matchable(integrations)
    everything: int | None = None
    for position, route in mappings(alerting.get("routes")):
        if everything is not None:
            message = f"never used, because routes[{everything}] matches everything; move that to the end"
            yield ("routes", position), message
        for key, value in mapping(route.get("match")).items():
            if key in known and isinstance(value, str) and value not in known[key]:
                yield (
                    ("routes", position, "match", key),
                    f'no {_NOUNS[key]} "{value}" {did_you_mean(value, known[key])}',
                )
        if everything is None and not route.get("match"):
            everything = position


def _matchable(integrations: Sequence[Mapping[str, Any]]) -> dict[str, set[str]]:
    """What each key of `match` can be. Every tier and environment may be named before something has it."""
    flows = (integration.get("flows") for integration in integrations)
    return {
        "tier": {str(tier) for tier in ImpactTier},
        "environment": {"production", "sandbox"},
        "integration": {str(integration.get("integration")) for integration in integrations},
        "vendor": {str(integration.get("vendor", "generic")) for integration in integrations},
        "owner": {str(integration.get("owner", "")) for integration in integrations},
        "flow": {str(flow) for named in flows if isinstance(named, list) for flow in named},
    }


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
