"""Accepted changes that accept nothing, and dates that could not be told apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from config.checks import mappings
from config.problems import Finding, did_you_mean


def change_findings(integration: Mapping[str, Any]) -> Iterator[Finding]:
    """What is wrong with `lifecycle` and `accepted_changes`."""
    yield from _declared_twice(integration)
    steps = _step_names(integration)
    for position, accepted in mappings(integration.get("accepted_changes")):
        step = accepted.get("step")
        if isinstance(step, str) and step not in steps:
            yield ("accepted_changes", position, "step"), f'unknown step "{step}" {did_you_mean(step, steps)}'
        if accepted.get("path") is not None and accepted.get("change") != "shape":
            yield ("accepted_changes", position, "path"), "only a change of shape has a path; leave it out"


def _declared_twice(integration: Mapping[str, Any]) -> Iterator[Finding]:
    seen: set[str] = set()
    for position, declared in mappings(integration.get("lifecycle")):
        what = str(declared.get("what"))
        if what in seen:
            yield ("lifecycle", position, "what"), f'"{what}" stands here twice; alerts name it by its words, once each'
        seen.add(what)


def _step_names(integration: Mapping[str, Any]) -> set[str]:
    workflows = mappings(integration.get("workflows"))
    return {str(step.get("name")) for _, workflow in workflows for _, step in mappings(workflow.get("steps"))}
