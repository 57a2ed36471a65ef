"""What outlives a run: recorded numbers whose range holds nothing, and state that never changes or holds a secret."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from config.checks import mapping, mappings
from config.checks.plaintext import is_secret_name
from config.problems import Finding, Path
from config.templates import BUILTINS

OWN_VALUES: Final = ("sync_lag", "leftovers", "waited")
"""Beginnings of the names that the probes record by themselves."""


def record_findings(
    record: Mapping[str, Any], at: Path, path_findings: Callable[..., Iterator[Finding]]
) -> Iterator[Finding]:
    """Numbers that could not be read, or whose range nothing could be in; `path_findings` judges a JSONPath."""
    for name, value in record.items():
        own = next((begin for begin in OWN_VALUES if str(name).startswith(begin)), None)
        if own is not None:
            yield (*at, name), f"names that begin with {own} are recorded by the probe itself; choose another"
        where = (*at, name, "from") if isinstance(value, dict) else (*at, name)
        yield from path_findings(mapping(value).get("from", value), where)
        low, high = mapping(value).get("at_least"), mapping(value).get("at_most")
        if isinstance(low, (int, float)) and isinstance(high, (int, float)) and low > high:
            yield (*at, name, "at_least"), f"{low:g} is more than at_most: {high:g}, so nothing is in range; swap them"


def state_findings(integration: Mapping[str, Any]) -> Iterator[Finding]:
    """State that no step ever changes, that hides a built-in, or that would keep a secret on disk."""
    for number, workflow in mappings(integration.get("workflows")):
        steps = [step for _, step in mappings(workflow.get("steps"))]
        captured = {name for step in steps for name in mapping(step.get("capture"))}
        for name, value in mapping(workflow.get("state")).items():
            message = _unfit(str(name), value, captured)
            if message is not None:
                yield ("workflows", number, "state", name), message
        yield from _recorded_twice(steps, ("workflows", number, "steps"))


def _unfit(name: str, value: object, captured: set[str]) -> str | None:
    if name in BUILTINS:
        return f'"{name}" is a built-in variable; choose another name'
    if not name.isidentifier():
        return "a variable is letters, digits and _, and starts with a letter; choose another name"
    if is_secret_name(name):
        return "a secret must not be kept on disk in the open; capture it anew in each run, or use auth"
    if isinstance(value, str) and "${" in value:
        return "a reference may hold a secret, and state is kept on disk; write the first value itself"
    if name not in captured:
        return "no step captures it, so it never changes; capture it, or write its value where it is used"
    return None


def _recorded_twice(steps: list[dict[str, Any]], at: Path) -> Iterator[Finding]:
    seen: dict[str, str] = {}
    for position, step in enumerate(steps):
        for name in mapping(step.get("record")):
            if name in seen:
                first = f'step "{seen[name]}" records it as well'
                yield (*at, position, "record", name), f"{first}, and one of the two would be lost; choose another name"
            seen.setdefault(str(name), str(step.get("name")))
