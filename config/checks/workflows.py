"""Workflows that would overlap themselves, wait longer than they may run, or start where nobody probes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, Final

from config.checks import Context, mapping, mappings
from config.model import Workflow
from config.problems import Finding, Path, did_you_mean
from config.scalars import format_duration, parse_duration

_SHORTEST: Final = timedelta(seconds=1)
_SHORTEST_POLL: Final = timedelta(milliseconds=100)


def workflow_findings(integration: Mapping[str, Any], context: Context) -> Iterator[Finding]:
    """Every mistake that shows only when the parts of a workflow are held against each other."""
    workflows = mappings(integration.get("workflows"))
    yield from duplicates(workflows, ("workflows",), "workflow")
    for position, workflow in workflows:
        at = ("workflows", position)
        yield from _times(workflow, at)
        yield from _regions(workflow, at, context)
        yield from duplicates(mappings(workflow.get("steps")), (*at, "steps"), "step")


def duplicates(items: list[tuple[int, dict[str, Any]]], at: Path, what: str) -> Iterator[Finding]:
    """Items of a list that share a name with an earlier one."""
    seen: dict[str, int] = {}
    for position, item in items:
        name = item.get("name")
        if not isinstance(name, str):
            continue
        if name in seen:
            first = f"{what}s[{seen[name]}]"
            yield (*at, position, "name"), f'a second {what} "{name}" (the first is {first}); names must be unique'
        seen.setdefault(name, position)


def _times(workflow: Mapping[str, Any], at: Path) -> Iterator[Finding]:
    every, timeout = (_duration(workflow, key, _default(key)) for key in ("every", "timeout"))
    if every is not None and every < _SHORTEST:
        message = f"{format_duration(every)} is more than one run a second, which no vendor takes; write 60s or 5m"
        yield (*at, "every"), message
    if every is None or timeout is None:
        return
    if timeout > every:
        longer = f"{format_duration(timeout)} is longer than every: {format_duration(every)}"
        yield (*at, "timeout"), f"{longer}, so runs would overlap; shorten it, or run less often"
    limit = f"is longer than the workflow's timeout of {format_duration(timeout)}"
    for position, step in mappings(workflow.get("steps")):
        own = _duration(mapping(step.get("request")), "timeout", None)
        if own is not None and own > timeout:
            message = f"{format_duration(own)} {limit}, so it never ends a request; shorten it"
            yield (*at, "steps", position, "request", "timeout"), message
        pause = _duration(mapping(step.get("until")), "every", None)
        if pause is not None and pause < _SHORTEST_POLL:
            message = f"{format_duration(pause)} is more than ten polls a second, which no vendor takes; write 1s"
            yield (*at, "steps", position, "until", "every"), message
        within = _duration(mapping(step.get("until")), "within", None)
        if within is not None and within > timeout:
            message = f"{format_duration(within)} {limit}, so it never ends; raise the timeout"
            yield (*at, "steps", position, "until", "within"), message


def _default(key: str) -> object:
    return Workflow.model_fields[key].default


def _duration(section: Mapping[str, Any], key: str, default: object) -> timedelta | None:
    """A duration as written or by default; None where there is none, or none that can be read."""
    try:
        return parse_duration(section.get(key, default))
    except ValueError:
        return None


def _regions(workflow: Mapping[str, Any], at: Path, context: Context) -> Iterator[Finding]:
    named = workflow.get("regions", ["local"])
    if context.regions is None or not isinstance(named, list):
        return
    if not named:
        yield (*at, "regions"), "no region, so it would never run; name one"
    for position, name in enumerate(named):
        if isinstance(name, str) and name not in context.regions:
            hint = did_you_mean(name, context.regions, label="leadline.yaml has")
            yield (*at, "regions", position), f'unknown region "{name}" {hint}; list it under regions: in leadline.yaml'
