"""Business flows that something is promised of: that they exist, and that the promise can be kept and measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from config.checks import mapping, mappings, valid
from config.checks.objectives import longest_interval, outlives_runs, promise_findings, slice_findings
from config.checks.workflows import duplicates
from config.model import Objective, Retention, Sli
from config.problems import Finding, Path, did_you_mean

Integrations = Sequence[Mapping[str, Any]]


def flow_findings(settings: Mapping[str, Any], everything: Integrations, retention: Retention) -> Iterator[Finding]:
    """What is wrong with section `flows` of `leadline.yaml`; `everything` are all integrations."""
    flows = mappings(settings.get("flows"))
    yield from duplicates(flows, ("flows",), "flow")
    named = {str(flow) for one in everything for flow in _listed(one)}
    for position, flow in flows:
        name, at = str(flow.get("name")), ("flows", position)
        members = [one for one in everything if name in _listed(one)]
        if not members:
            yield (*at, "name"), f'no integration has "{name}" in its `flows` {did_you_mean(name, named)}'
            continue
        yield from _dependencies(flow, flows, named, at)
        yield from _weights(flow, [str(one.get("integration")) for one in members], at)
        longest = max(longest_interval([w for _, w in mappings(one.get("workflows"))]) for one in members)
        for place, raw in mappings(flow.get("objectives")):
            objective = valid(Objective, raw)
            found = _of(objective, raw, longest, retention) if objective else ()
            yield from (((*at, "objectives", place, key), message) for key, message in found)


def _of(
    objective: Objective, raw: Mapping[str, Any], longest: timedelta, retention: Retention
) -> Iterator[tuple[str, str]]:
    yield from promise_findings(objective)
    if objective.sli is Sli.RECORDED:
        yield "sli", "a recorded value belongs to one integration; promise it there"
    for key in ("workflow", "value", "at_least", "at_most"):
        if raw.get(key) is not None:
            yield key, "a flow is about all workflows of its integrations; remove it"
    if raw.get("method") == "occurrences":
        yield "method", "a flow is good or bad in slices of time; remove it"
    if objective.slice is not None:
        yield from slice_findings(objective.slice, longest)
    yield from outlives_runs(objective, retention)


def _weights(flow: Mapping[str, Any], members: Sequence[str], at: Path) -> Iterator[Finding]:
    for name in mapping(flow.get("weights")):
        if name not in members:
            message = f'"{name}" is no integration of this flow {did_you_mean(name, members)}'
            yield (*at, "weights", name), message


def _dependencies(
    flow: Mapping[str, Any], flows: Sequence[tuple[int, dict[str, Any]]], named: set[str], at: Path
) -> Iterator[Finding]:
    """Flows that it depends on: that they exist, and do not depend on it."""
    name, upstream = str(flow.get("name")), {str(one.get("name")): _needs(one) for _, one in flows}
    for place, other in enumerate(_needs(flow)):
        if other == name:
            yield (*at, "depends_on", place), "that is this flow itself; remove it"
        elif other not in named:
            yield (
                (*at, "depends_on", place),
                f'no integration has "{other}" in its `flows` {did_you_mean(other, named)}',
            )
        elif name in _reached(other, upstream):
            message = f'"{other}" depends on "{name}" in turn, so that neither would be told of; remove one of the two'
            yield (*at, "depends_on", place), message


def _reached(flow: str, upstream: Mapping[str, Sequence[str]]) -> set[str]:
    seen, waiting = set[str](), [flow]
    while waiting:
        found = [one for one in upstream.get(waiting.pop(), ()) if one not in seen]
        seen.update(found)
        waiting += found
    return seen


def _needs(flow: Mapping[str, Any]) -> list[str]:
    found = flow.get("depends_on")
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []


def _listed(integration: Mapping[str, Any]) -> Sequence[object]:
    flows = integration.get("flows")
    return flows if isinstance(flows, list) else ()
