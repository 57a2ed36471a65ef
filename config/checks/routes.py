"""Routes of `alerts.yaml`: that each can be used, that its matchers mean something, and that somebody hears."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, get_args
from zoneinfo import ZoneInfo

from config.alerting import Route
from config.checks import mapping, mappings, valid
from config.declared import Declared
from config.hours import DAYS, Hours, ManyQuietHours, clock, holding, over_at
from config.matching import SubjectKind, Values, any_fits, is_exact, is_meant
from config.model import ImpactTier, Settings
from config.problems import Finding, Path, did_you_mean
from config.rules import TUNABLE


class _QuietEverywhere(Declared):
    quiet_hours: ManyQuietHours = ()


Integrations = Sequence[Mapping[str, Any]]
Known = Mapping[str, set[str]]

_NOUNS: Final = {
    "subject": "subject",
    "kind": "kind of subject",
    "tier": "tier",
    "environment": "environment",
    "integration": "integration",
    "vendor": "integration of vendor",
    "owner": "integration with owner",
    "flow": "integration with flow",
    "region": "region",
    "rule": "rule",
    "workflow": "workflow",
}
_OF_CONDITIONS: Final = frozenset({"rule", "workflow", "region"})
"""What an incident turns out to be by what is wrong, so that nobody knows beforehand whether such a route takes it."""
_WEEKS: Final = (datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 7, 6, tzinfo=UTC))
"""One of winter time and one of summer time, from a Monday on: hours of the week are tried on both."""
_MOST_NAMED: Final = 3


def route_findings(alerting: Mapping[str, Any], integrations: Integrations, known: Known, zone: str) -> list[Finding]:
    """Routes that can never be used, matchers that nothing fits, and incidents that nobody would hear of."""
    found = [
        finding
        for position, route in mappings(alerting.get("routes"))
        for finding in match_findings(route.get("match"), known, ("routes", position, "match"))
    ]
    routes = [valid(Route, raw) for _, raw in mappings(alerting.get("routes"))]
    if not found and None not in routes:
        declared = [route for route in routes if route is not None]
        found = [*_unreachable(declared), *_endless(alerting, declared, zone), *_unheard(declared, integrations, zone)]
    return found


def match_findings(match: object, known: Known, at: Path) -> Iterator[Finding]:
    """Values and patterns that nothing has."""
    for key, raw in mapping(match).items():
        values = raw if isinstance(raw, list) else [raw]
        for place, value in enumerate(values):
            if key not in known or not isinstance(value, str) or any_fits((value,), known[key]):
                continue
            if key == "subject" and value.startswith(("prober:", "storm", "hub")):
                continue
            path = (*at, key, place) if isinstance(raw, list) else (*at, key)
            hint = did_you_mean(value, known[key]) if is_exact(value) else "(nothing fits that pattern)"
            yield path, f'no {_NOUNS[key]} "{value}" {hint}'


def matchable(integrations: Integrations) -> dict[str, set[str]]:
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


def everything_matchable(
    alerting: Mapping[str, Any], integrations: Integrations, settings: Settings | None
) -> dict[str, set[str]]:
    """With what belongs to no integration, and what is only known of conditions."""
    names = {str(integration.get("integration")) for integration in integrations}
    workflows = {str(w.get("name")) for one in integrations for _, w in mappings(one.get("workflows"))}
    channels = {f"channel:{channel.get('name')}" for _, channel in mappings(alerting.get("channels"))}
    found = {"kind": set(get_args(SubjectKind)), "rule": set(TUNABLE), "workflow": workflows} | matchable(integrations)
    if settings is None:
        return found
    regions = {region.name for region in settings.regions}
    flows = {f"flow:{flow.name}" for flow in settings.flows}
    subjects = {*names, *(f"changes:{name}" for name in names), *(f"region:{name}" for name in regions)}
    return found | {"region": regions, "subject": subjects | flows | channels}


def _unreachable(routes: Sequence[Route]) -> Iterator[Finding]:
    """A route after one that takes all that it could take, at least at the same hours."""
    for place, route in enumerate(routes):
        for number, earlier in enumerate(routes[:place]):
            if earlier.continues or earlier.during not in ((), route.during) or not _implies(route, earlier):
                continue
            what = "everything" if not earlier.match else "all of it"
            remedy = "move that to the end" if not earlier.match else "move this one before it"
            yield ("routes", place), f"never used, because routes[{number}] matches {what}; {remedy}"
            break


def _implies(route: Route, earlier: Route) -> bool:
    """Whether what fits the route fits the earlier one."""
    return all(
        key in route.match and all(one in patterns or (is_exact(one) and any_fits(patterns, (one,))) for one in own)
        for key, patterns in earlier.match.items()
        for own in [route.match.get(key, ())]
    )


def _endless(alerting: Mapping[str, Any], routes: Sequence[Route], zone: str) -> Iterator[Finding]:
    own = [(("routes", place, "quiet_hours"), route.quiet_hours or ()) for place, route in enumerate(routes)]
    for path, raw in own:
        if raw and over_at(raw, _WEEKS[0], zone) is None:
            yield path, "these hours never end, so that nobody ever hears; leave some out"
    everywhere = valid(_QuietEverywhere, {"quiet_hours": alerting.get("quiet_hours", [])})
    if everywhere and everywhere.quiet_hours and over_at(everywhere.quiet_hours, _WEEKS[0], zone) is None:
        yield ("quiet_hours",), "these hours never end, so that nobody ever hears; leave some out"


def _unheard(routes: Sequence[Route], integrations: Integrations, zone: str) -> Iterator[Finding]:
    """Integrations of whose urgent incidents nobody hears, always or at some hours."""
    if not routes:
        return
    for at, used in _situations(routes, zone).items():
        names = [str(one.get("integration")) for one in integrations if not _is_heard(used, _values(one))]
        if names:
            when = f" from {_wall(at, zone)} on" if any(route.during for route in routes) else ""
            listed = ", ".join(f'"{name}"' for name in names[:_MOST_NAMED])
            more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
            remedy = "end with a route that has channels and neither `match` nor `during`"
            yield ("routes",), f"nobody hears of urgent incidents of {listed}{more}{when}; {remedy}"
            return


def _situations(routes: Sequence[Route], zone: str) -> dict[datetime, tuple[Route, ...]]:
    """The routes that are used at the same time: one instant for each set of them."""
    hours = {one for route in routes for one in route.during}
    instants = sorted({start for week in _WEEKS for start in (week, *_edges(hours, week, zone))})
    found: dict[tuple[bool, ...], datetime] = {}
    for at in instants:
        found.setdefault(tuple(not r.during or holding(r.during, at, zone) is not None for r in routes), at)
    return {at: tuple(r for r, is_used in zip(routes, used, strict=True) if is_used) for used, at in found.items()}


def _edges(hours: set[Hours], week: datetime, zone: str) -> Iterator[datetime]:
    for one in hours:
        for number in range(len(DAYS)):
            day = (week + timedelta(days=number)).replace(tzinfo=ZoneInfo(one.time_zone or zone))
            for minute in (one.begin, one.end):
                yield (day + timedelta(minutes=minute)).astimezone(UTC)


def _is_heard(routes: Sequence[Route], values: Values) -> bool:
    for route in routes:
        if _OF_CONDITIONS.isdisjoint(route.match) and is_meant(route.match, values):
            if route.urgent or route.degraded:
                return True
            if not route.continues:
                return False
    return False


def _values(integration: Mapping[str, Any]) -> Values:
    flows = integration.get("flows")
    name = str(integration.get("integration"))
    return {
        "subject": (name,),
        "kind": ("integration",),
        "integration": (name,),
        "vendor": (str(integration.get("vendor", "generic")),),
        "flow": tuple(str(flow) for flow in flows) if isinstance(flows, list) else (),
        "owner": (str(integration.get("owner", "")),),
        "environment": (str(integration.get("environment", "production")),),
        "tier": (str(integration.get("tier", ImpactTier.IMPORTANT)),),
    }


def _wall(at: datetime, zone: str) -> str:
    local = at.astimezone(ZoneInfo(zone))
    return f"{DAYS[local.weekday()]} {clock(local.hour * 60 + local.minute)} {zone}"
