"""Settings of rules, of flapping and of storms that do nothing, or that can never come true."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from config.checks import mapping, mappings, valid
from config.damping import Flapping
from config.matching import any_fits
from config.problems import Finding, Path, did_you_mean
from config.rules import TUNABLE, RuleOverride, Tunable
from config.scalars import format_duration, parse_duration

MOST_RUNS: Final = 20
"""So many of a workflow's latest runs are looked at, and those of ten intervals or of an hour."""
_LOOK_BACK: Final = timedelta(hours=1)
_REMEMBERED: Final = timedelta(days=1)
_SETTINGS: Final = ("for", "recoveries", "tier")

Known = Mapping[str, set[str]]
Integrations = Sequence[Mapping[str, Any]]


def rule_findings(alerting: Mapping[str, Any]) -> Iterator[Finding]:
    """What is wrong with `rules`, `flapping` and `storm` by themselves."""
    for name, raw in mapping(alerting.get("rules")).items():
        tunable = TUNABLE.get(str(name))
        if tunable is None:
            yield ("rules", name), f'unknown rule "{name}" {did_you_mean(str(name), TUNABLE, label="rules")}'
            continue
        yield from _settings(mapping(raw), tunable, ("rules", name))
        yield from _overrides(mapping(raw), tunable, ("rules", name))
    yield from _flapping(mapping(alerting.get("flapping")))


def reachable_findings(alerting: Mapping[str, Any], integrations: Integrations, known: Known) -> Iterator[Finding]:
    """What can never come true with the integrations that there are."""
    for name, raw in mapping(alerting.get("rules")).items():
        for position, override in mappings(mapping(raw).get("overrides")):
            at = ("rules", name, "overrides", position)
            yield from _unmatched(mapping(override.get("match")), known, (*at, "match"))
            yield from _beyond_sight(override, "recoveries", integrations, at)
        yield from _beyond_sight(mapping(raw), "recoveries", integrations, ("rules", name))
    confirm = mapping(alerting.get("confirm"))
    for key in ("failures", "recoveries"):
        yield from _beyond_sight(confirm, key, integrations, ("confirm",))
    least = mapping(alerting.get("storm")).get("least")
    if isinstance(least, int) and least > len(integrations):
        message = f"never: there are {len(integrations)} integrations; write fewer, or remove it"
        yield ("storm", "least"), message


def _settings(raw: Mapping[str, Any], tunable: Tunable, at: Path) -> Iterator[Finding]:
    if raw.get("enabled") is False:
        for key in _SETTINGS:
            if key in raw:
                yield (*at, key), "never used, because the rule is switched off here; remove it, or `enabled: false`"
        return
    if raw.get("tier") == "urgent" and tunable.pages == "never":
        yield (*at, "tier"), "this rule never wakes anybody: what it tells can wait till morning; remove it"
    if raw.get("tier") == "urgent" and tunable.pages == "by itself":
        message = "this rule knows by itself what is urgent and can only be made quieter; remove it, or write degraded"
        yield (*at, "tier"), message
    if "recoveries" in raw and not tunable.recoveries:
        yield (*at, "recoveries"), "this rule counts no good runs: docs/alerting.md says when it is over; remove it"


def _overrides(raw: Mapping[str, Any], tunable: Tunable, at: Path) -> Iterator[Finding]:
    overrides = mappings(raw.get("overrides"))
    if overrides and not tunable.of_integrations:
        yield (*at, "overrides"), "this rule is not about single integrations, so that nothing matches; remove it"
        return
    if overrides and raw.get("enabled") is False and not any(one.get("enabled") is True for _, one in overrides):
        yield (*at, "overrides"), "never used, because the rule is switched off; remove it, or switch it on for some"
    earlier: list[tuple[int, RuleOverride]] = []
    for position, override in overrides:
        yield from _settings(override, tunable, (*at, "overrides", position))
        if not {*_SETTINGS, "enabled"} & set(override):
            yield (*at, "overrides", position), "sets nothing; add `enabled`, `for`, `recoveries` or `tier`"
        found = valid(RuleOverride, override)
        if found is None:
            continue
        for place, other in earlier:
            if set(other.match.items()) <= set(found.match.items()):
                message = f"never used, because overrides[{place}] matches all of it; move this one before it"
                yield (*at, "overrides", position), message
                break
        earlier.append((position, found))


def _unmatched(match: Mapping[str, Any], known: Known, at: Path) -> Iterator[Finding]:
    for key, raw in match.items():
        for value in raw if isinstance(raw, list) else [raw]:
            if key in known and isinstance(value, str) and not any_fits((value,), known[key]):
                yield (*at, key), f'no integration with {key} "{value}" {did_you_mean(value, known[key])}'


def _beyond_sight(raw: Mapping[str, Any], key: str, integrations: Integrations, at: Path) -> Iterator[Finding]:
    """More runs in a row than are looked at can never be counted."""
    wanted = raw.get(key)
    if not isinstance(wanted, int) or isinstance(wanted, bool):
        return
    seen = [
        (_in_sight(w), str(one.get("integration"))) for one in integrations for _, w in mappings(one.get("workflows"))
    ]
    least, name = min(seen, default=(MOST_RUNS, ""))
    if wanted > least:
        whose = f" ({name} has the fewest)" if name and least < MOST_RUNS else ""
        yield (*at, key), f"never: at most {least} runs in a row are looked at{whose}; write no more than that"


def _in_sight(workflow: Mapping[str, Any]) -> int:
    try:
        every = parse_duration(workflow.get("every", "60s"))
    except ValueError:
        return MOST_RUNS  # Told elsewhere.
    return min(MOST_RUNS, max(_LOOK_BACK, 10 * every) // every)


def _flapping(raw: Mapping[str, Any]) -> Iterator[Finding]:
    flapping = valid(Flapping, raw)
    if flapping is None:
        return
    if flapping.window > _REMEMBERED:
        message = f"what is over is remembered for {format_duration(_REMEMBERED)}; write no more than that"
        yield ("flapping", "window"), message
    if flapping.quiet > flapping.longest_quiet:
        key = "quiet" if "quiet" in raw else "longest_quiet"
        yield ("flapping", key), "quiet is longer than longest_quiet; shorten the one, or lengthen the other"
