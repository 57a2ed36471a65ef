"""Objectives that cannot be kept, cannot be measured or cannot be missed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from config.checks import mapping, mappings, valid
from config.model import Objective, Retention, Sli
from config.objective import SLICE
from config.problems import Finding, did_you_mean
from config.scalars import format_duration, parse_duration

WITH_THRESHOLD: Final = frozenset({Sli.LATENCY, Sli.TTFB, Sli.SYNC_LAG})
_OF_RECORDED: Final = ("value", "at_least", "at_most")
_OF_SLICES: Final = ("slice", "slice_target")
_DAY: Final = timedelta(days=1)

Workflows = Mapping[str, Mapping[str, Any]]
Said = Iterator[tuple[str, str]]


def objective_findings(integration: Mapping[str, Any]) -> Iterator[Finding]:
    """Every objective that is impossible, has no or a needless threshold, or watches what is not there."""
    workflows = {str(w.get("name")): w for _, w in mappings(integration.get("workflows"))}
    for position, raw in mappings(integration.get("objectives")):
        objective = valid(Objective, raw)
        if objective is None:
            continue
        for key, message in _of(objective, workflows):
            yield ("objectives", position, key), message


def kept_findings(integration: Mapping[str, Any], retention: Retention) -> Iterator[Finding]:
    """Every objective whose window is longer than what it is counted from is kept."""
    for position, raw in mappings(integration.get("objectives")):
        objective = valid(Objective, raw)
        if objective is not None and objective.from_runs:
            found = outlives_runs(objective, retention)
            yield from ((("objectives", position, key), message) for key, message in found)


def outlives_runs(objective: Objective, retention: Retention) -> Said:
    """Whether an objective that is counted from single runs asks for more of them than are kept."""
    if objective.length > retention.raw:
        yield (
            "window",
            f"this is counted from single runs, which are kept for {format_duration(retention.raw)}; "
            "shorten the window, or raise retention.raw in leadline.yaml",
        )


def _of(objective: Objective, workflows: Workflows) -> Said:
    yield from promise_findings(objective)
    yield from _range(objective, workflows)
    if objective.workflow is not None and objective.workflow not in workflows:
        yield "workflow", f'no workflow "{objective.workflow}" here {did_you_mean(objective.workflow, workflows)}'
    elif objective.sli is Sli.SYNC_LAG and not _waits(objective, workflows):
        yield "sli", "sync_lag is the time that a step's `until` took, and no step here has one; add it"
    yield from _slices(objective, workflows)


def promise_findings(objective: Objective) -> Said:
    """What is wrong with the promise itself, wherever it stands."""
    if objective.target >= 1:
        yield "target", "a 100 % objective has no budget to burn; promise less, such as 99.9%"
    if objective.sli in WITH_THRESHOLD and objective.threshold is None:
        yield "threshold", f"{objective.sli} needs a threshold: slower than this is bad, such as 200ms"
    if objective.sli not in WITH_THRESHOLD and objective.threshold is not None:
        with_one = ", ".join(sorted(WITH_THRESHOLD))
        yield "threshold", f"{objective.sli} has no threshold (only {with_one} have one); remove it"


def _range(objective: Objective, workflows: Workflows) -> Said:
    """Whether a promise on a recorded value says which one, and what is expected of it."""
    if objective.sli is not Sli.RECORDED:
        for key in _OF_RECORDED:
            if getattr(objective, key) is not None:
                yield key, f"{objective.sli} is about no recorded value; remove it, or write sli: recorded"
        return
    known = _recorded(objective, workflows)
    if objective.value is None:
        yield "value", f"recorded needs the name of a recorded value {did_you_mean('', known)}"
    elif objective.value not in known:
        yield "value", f'no step here records "{objective.value}" {did_you_mean(objective.value, known)}'
    if objective.at_least is None and objective.at_most is None:
        yield "sli", "recorded needs at_least, at_most or both: a value beyond them is bad"
    elif objective.at_least is not None and objective.at_most is not None and objective.at_least > objective.at_most:
        yield "at_most", "is less than at_least, so that no value is good; swap them"


def _slices(objective: Objective, workflows: Workflows) -> Said:
    if objective.method != "time_slices":
        for key in _OF_SLICES:
            if getattr(objective, key) is not None:
                yield key, "only time_slices have one; add `method: time_slices`, or remove it"
        return
    if objective.slice_target is None:
        yield "slice_target", "time_slices need one: a slice is good if at least this share of it is, such as 95%"
    watched = [w for name, w in workflows.items() if objective.workflow in (None, name)]
    yield from slice_findings(objective.slice or SLICE, longest_interval(watched))


def slice_findings(length: timedelta, longest: timedelta) -> Said:
    """Whether slices of that length fit into a day, and hold a run of the rarest workflow each."""
    if length > _DAY or _DAY % length:
        yield "slice", "a day must be a whole number of slices, such as 1m, 5m, 15m or 1h"
    if length < longest:
        every = format_duration(longest)
        yield "slice", f"shorter than `every` of a workflow ({every}), so that some slices hold no run; make it {every}"


def longest_interval(workflows: Sequence[Mapping[str, Any]]) -> timedelta:
    """The longest `every` of workflows as they are written."""
    found = [timedelta(seconds=60)]
    for workflow in workflows:
        try:
            found.append(parse_duration(workflow.get("every", "60s")))
        except ValueError:
            continue  # Told elsewhere.
    return max(found[1:], default=found[0])


def _recorded(objective: Objective, workflows: Workflows) -> set[str]:
    watched = [w for name, w in workflows.items() if objective.workflow in (None, name)]
    return {name for w in watched for _, step in mappings(w.get("steps")) for name in mapping(step.get("record"))}


def _waits(objective: Objective, workflows: Workflows) -> bool:
    watched = workflows.values() if objective.workflow is None else [workflows[objective.workflow]]
    return any(mapping(step).get("until") for workflow in watched for _, step in mappings(workflow.get("steps")))
