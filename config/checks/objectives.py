"""Objectives that cannot be kept, cannot be measured or cannot be missed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from config.checks import mapping, mappings, valid
from config.model import Objective, Sli
from config.problems import Finding, did_you_mean

WITH_THRESHOLD: Final = frozenset({Sli.LATENCY, Sli.TTFB, Sli.SYNC_LAG})


def objective_findings(integration: Mapping[str, Any]) -> Iterator[Finding]:
    """Every objective that is impossible, has no or a needless threshold, or watches what is not there."""
    workflows = {str(w.get("name")): w for _, w in mappings(integration.get("workflows"))}
    for position, raw in mappings(integration.get("objectives")):
        objective = valid(Objective, raw)
        if objective is None:
            continue
        for key, message in _of(objective, workflows):
            yield ("objectives", position, key), message


def _of(objective: Objective, workflows: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    if objective.target >= 1:
        yield "target", "a 100 % objective has no budget to burn; promise less, such as 99.9%"
    if objective.sli in WITH_THRESHOLD and objective.threshold is None:
        yield "threshold", f"{objective.sli} needs a threshold: slower than this is bad, such as 200ms"
    if objective.sli not in WITH_THRESHOLD and objective.threshold is not None:
        with_one = ", ".join(sorted(WITH_THRESHOLD))
        yield "threshold", f"{objective.sli} has no threshold (only {with_one} have one); remove it"
    if objective.workflow is not None and objective.workflow not in workflows:
        yield "workflow", f'no workflow "{objective.workflow}" here {did_you_mean(objective.workflow, workflows)}'
    elif objective.sli is Sli.SYNC_LAG and not _waits(objective, workflows):
        yield "sli", "sync_lag is the time that a step's `until` took, and no step here has one; add it"


def _waits(objective: Objective, workflows: Mapping[str, Mapping[str, Any]]) -> bool:
    watched = workflows.values() if objective.workflow is None else [workflows[objective.workflow]]
    return any(mapping(step).get("until") for workflow in watched for _, step in mappings(workflow.get("steps")))
