"""Steps that could never be sent or judged: two bodies, a broken JSONPath, a broken pattern, a missing schema."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import jsonpath

from config.checks import Context, mapping, mappings
from config.checks.kept import record_findings
from config.problems import Finding, Path
from config.templates import BUILTINS

JSON_TYPES: Final = ("string", "number", "integer", "boolean", "array", "object", "null")
OPERATORS: Final = frozenset({"exists", "gt", "ge", "lt", "le", "matches", "type", "length"})
"""What a mapping may consist of to be read as operators rather than as a literal to compare with."""

# A literal object may well have a key "type" or "length"; one of these beside another key is a slip.
_UNMISTAKABLE: Final = frozenset({"exists", "gt", "ge", "lt", "le"})


def step_findings(integration: Mapping[str, Any], context: Context) -> Iterator[Finding]:
    """Every mistake inside one step, over all workflows."""
    yield from request_findings(mapping(mapping(integration.get("quota")).get("usage")), ("quota", "usage"))
    for number, workflow in mappings(integration.get("workflows")):
        for position, step in mappings(workflow.get("steps")):
            yield from _step(step, ("workflows", number, "steps", position), context)


def _step(step: Mapping[str, Any], at: Path, context: Context) -> Iterator[Finding]:
    expect, until = mapping(step.get("expect")), mapping(step.get("until"))
    yield from request_findings(mapping(step.get("request")), (*at, "request"))
    yield from _paths_and_values(mapping(expect.get("json")), (*at, "expect", "json"))
    yield from _paths_and_values(mapping(until.get("json")), (*at, "until", "json"))
    yield from _pattern(mapping(expect.get("body")).get("matches"), (*at, "expect", "body", "matches"))
    yield from _captures(mapping(step.get("capture")), (*at, "capture"))
    yield from record_findings(mapping(step.get("record")), (*at, "record"), _json_path)
    if step.get("until") is not None and "status" not in until and "json" not in until:
        yield (*at, "until"), "waits for nothing; give it a status or json"
    schema = expect.get("schema")
    fault = context.schemas.fault(schema) if isinstance(schema, str) else None
    if fault is not None:
        yield (*at, "expect", "schema"), fault


def request_findings(request: Mapping[str, Any], at: Path) -> Iterator[Finding]:
    """Bodies and addresses that exclude each other."""
    bodies = [key for key in ("json", "form", "body") if request.get(key) is not None]
    if len(bodies) > 1:
        yield (*at, bodies[1]), f"a request has one body, and this one has {' and '.join(bodies)}; keep one"
    if request.get("url") is not None and request.get("path"):
        yield (*at, "path"), "url is the whole address, so path is never used; keep one of them"


def _captures(capture: Mapping[str, Any], at: Path) -> Iterator[Finding]:
    for name, source in capture.items():
        if name in BUILTINS:
            yield (*at, name), f'"{name}" is a built-in variable; choose another name'
        elif not name.isidentifier():
            yield (*at, name), "a variable is letters, digits and _, and starts with a letter; choose another name"
        if isinstance(source, str) and source.startswith("header:"):
            if not source.removeprefix("header:").strip():
                yield (*at, name), "names no header; write header:Location"
        else:
            yield from _json_path(source, (*at, name), also=" or header:Name")


def _paths_and_values(expected: Mapping[str, Any], at: Path) -> Iterator[Finding]:
    for path, value in expected.items():
        yield from _json_path(path, (*at, path))
        keys = mapping(value).keys()
        if _UNMISTAKABLE & keys or (keys and keys <= OPERATORS):
            yield from _operators(value, (*at, path))


def _json_path(path: object, at: Path, also: str = "") -> Iterator[Finding]:
    if not isinstance(path, str):
        return
    remedy = f"write it as $.id{also}"
    if "{{" in path:
        yield at, "templates are not rendered in a JSONPath; put them into the expected value"
        return
    if not path.startswith("$"):
        yield at, f"not a JSONPath: it starts with $; {remedy}"
        return
    try:
        jsonpath.compile(path)
    except jsonpath.JSONPathError as err:
        yield at, f"not a JSONPath: {str(err).splitlines()[0]}; {remedy}"


def _operators(value: Mapping[str, Any], at: Path) -> Iterator[Finding]:
    literal = sorted(value.keys() - OPERATORS)
    if literal:
        known = ", ".join(sorted(OPERATORS))
        yield (*at, literal[0]), f"not an operator, and it stands beside one (operators: {known}); remove it"
    for operator in ("gt", "ge", "lt", "le"):
        if operator in value and not _is_number_or_template(value[operator]):
            yield (*at, operator), "must be a number, or a {{variable}} that holds one"
    if "exists" in value and not isinstance(value["exists"], bool):
        yield (*at, "exists"), "must be true or false"
    if "length" in value and not (type(value["length"]) is int and value["length"] >= 0):
        yield (*at, "length"), "must be a whole number, 0 or more"
    if "type" in value and value["type"] not in JSON_TYPES:
        yield (*at, "type"), f"must be one of {', '.join(JSON_TYPES)}; for a literal object, write $.….type"
    yield from _pattern(value.get("matches"), (*at, "matches"))


def _is_number_or_template(value: object) -> bool:
    is_template = isinstance(value, str) and "{{" in value
    return is_template or (isinstance(value, (int, float)) and not isinstance(value, bool))


def _pattern(pattern: object, at: Path) -> Iterator[Finding]:
    # A template is filled in before the pattern is compiled, so only the prober can judge it.
    if not isinstance(pattern, str) or "{{" in pattern:
        return
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as err:
        remedy = "write \\ once in single quotes" if "escape" in str(err) else "a literal ( or [ is written \\( or \\["
        yield at, f"not a regular expression: {err}; {remedy}"
