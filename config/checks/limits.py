"""Static limits that can never be crossed, or that nothing is measured for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from config.checks import mapping, mappings, valid
from config.checks.objectives import longest_interval
from config.limits import Limit, LimitOn
from config.problems import Finding, did_you_mean
from config.scalars import format_duration, parse_duration

_TIMEOUT: Final = timedelta(seconds=20)
Said = Iterator[tuple[str, str]]


def limit_findings(integration: Mapping[str, Any]) -> Iterator[Finding]:
    """What is wrong with section `limits` of an integration."""
    workflows = {str(w.get("name")): w for _, w in mappings(integration.get("workflows"))}
    seen: dict[str, int] = {}
    for position, raw in mappings(integration.get("limits")):
        limit = valid(Limit, raw)
        if limit is None:
            continue
        for key, message in _of(limit, raw, workflows):
            yield ("limits", position, key), message
        if limit.text in seen:
            yield ("limits", position), f"the same as limits[{seen[limit.text]}]; remove one of them"
        seen.setdefault(limit.text, position)


def _of(limit: Limit, raw: Mapping[str, Any], workflows: Mapping[str, Mapping[str, Any]]) -> Said:
    if limit.workflow is not None and limit.workflow not in workflows:
        yield "workflow", f'no workflow "{limit.workflow}" here {did_you_mean(limit.workflow, workflows)}'
        return
    watched = [one for name, one in workflows.items() if limit.workflow in (None, name)]
    yield from _amount(limit, raw, watched)
    longest = longest_interval(watched)
    if limit.bucket < longest:
        every = format_duration(longest)
        yield (
            "bucket",
            f"shorter than `every` of a workflow ({every}), so that some buckets hold no run; make it {every}",
        )
    if limit.on is LimitOn.SYNC_LAG and not any(_waits(one) for one in watched):
        yield "on", "sync_lag is the time that a step's `until` took, and no step here has one; add it"


def _amount(limit: Limit, raw: Mapping[str, Any], watched: Sequence[Mapping[str, Any]]) -> Said:
    is_time = isinstance(limit.above, timedelta)
    if limit.is_time and not is_time:
        yield "above", f"{limit.on} is a time; write it as 800ms"
    elif not limit.is_time and is_time:
        yield "above", "error_share is a share of the runs; write it as 5%"
    elif not limit.is_time and limit.figure >= 1:
        yield "above", "more than all of the runs can never fail, so it never alerts; write less, such as 50%"
    elif isinstance(limit.above, timedelta):
        timeout = max((_timeout(one) for one in watched), default=_TIMEOUT)
        if limit.above >= timeout:
            told = format_duration(timeout)
            yield "above", f"never: a run is stopped after the timeout of {told}, and fails; write less than that"
    if not limit.is_time and "percentile" in raw:
        yield "percentile", "error_share has none; remove it"


def _timeout(workflow: Mapping[str, Any]) -> timedelta:
    try:
        return parse_duration(workflow.get("timeout", _TIMEOUT))
    except ValueError:
        return timedelta.max  # Told elsewhere.


def _waits(workflow: Mapping[str, Any]) -> bool:
    return any(mapping(step).get("until") for _, step in mappings(workflow.get("steps")))
