"""Whether every variable a template uses exists by the time it is rendered, and every reference leads somewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from config.problems import Finding, Path, did_you_mean
from config.secrets import UnresolvedReference, references
from config.templates import BUILTINS, TemplateFailure, undeclared

_RENDERED = ("request", "expect", "until", "when")
PAGE = "page"
"""Number of the page that a step with `repeat` is at, from 1."""


def texts(value: object, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Every text value in a JSON-like value, with its path."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from texts(item, (*path, key))
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from texts(item, (*path, position))


def named_texts(value: object, path: Path) -> Iterator[tuple[Path, str, str]]:
    """`texts`, each with the name that it stands under: the last of its path that is no position in a list."""
    for at, text in texts(value, path):
        yield at, next(part for part in reversed(at) if isinstance(part, str)), text


def variable_findings(integration: Mapping[str, Any]) -> Iterator[Finding]:
    """Templates with bad syntax, unknown variables, and variables used before a step captures them."""
    known = set(BUILTINS)
    yield from _in_texts(texts(integration.get("variables"), ("variables",)), {}, known)
    known |= _names(integration, "variables")
    for section in ("headers", "quota"):
        yield from _in_texts(texts(integration.get(section), (section,)), {}, known)
    workflows = integration.get("workflows")
    for position, workflow in enumerate(workflows if isinstance(workflows, list) else ()):
        if isinstance(workflow, dict):
            yield from _in_workflow(workflow, ("workflows", position), known)


def _in_workflow(workflow: Mapping[str, Any], at: Path, inherited: set[str]) -> Iterator[Finding]:
    steps = workflow.get("steps")
    steps = [step if isinstance(step, dict) else {} for step in steps] if isinstance(steps, list) else []
    later = {name: str(step.get("name", "")) for step in reversed(steps) for name in _names(step, "capture")}
    yield from _in_texts(texts(workflow.get("variables"), (*at, "variables")), later, inherited)
    known = inherited | _names(workflow, "variables") | _names(workflow, "state")
    for position, step in enumerate(steps):
        here = known | _of_pages(step)
        for part in _RENDERED:
            yield from _in_texts(texts(step.get(part), (*at, "steps", position, part)), later, here)
        known |= _names(step, "capture")


def _names(section: Mapping[str, Any], key: str) -> set[str]:
    named = section.get(key)
    return set(named) if isinstance(named, dict) else set()


def _of_pages(step: Mapping[str, Any]) -> set[str]:
    """What a step that turns pages knows beside the rest."""
    repeat = step.get("repeat")
    if not isinstance(repeat, dict):
        return set()
    cursor = repeat.get("cursor")
    return {PAGE, cursor} if isinstance(cursor, str) else {PAGE}


def _in_texts(found: Iterator[tuple[Path, str]], later: Mapping[str, str], known: set[str]) -> Iterator[Finding]:
    for path, text in found:
        try:
            missing = sorted(undeclared(text) - known)
        except TemplateFailure as err:
            yield path, f"{err}; a literal {{{{ is written {{{{ '{{{{' }}}}"
            continue
        for name in missing:
            yield path, _missing(name, later, known)


def _missing(name: str, later: Mapping[str, str], known: set[str]) -> str:
    if name in later:
        return f'variable "{name}" is used before step "{later[name]}" captures it; move that step up'
    return f'unknown variable "{name}" {did_you_mean(name, known | set(later))}'


def reference_findings(value: Mapping[str, Any], environ: Mapping[str, str], *, required: bool) -> Iterator[Finding]:
    """Malformed references; where `required`, those too that lead to nothing on this machine."""
    for path, text in texts(value):
        if "${" not in text:
            continue
        try:
            found = references(text)
        except UnresolvedReference as err:
            yield path, err.remedy
            continue
        for reference in found if required else ():
            try:
                reference.resolve(environ)
            except UnresolvedReference as err:
                yield path, err.remedy
