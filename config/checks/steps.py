"""Steps that could never be sent or judged: two bodies, a broken JSONPath, a broken pattern, a missing schema."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import partial
from typing import Any, Final

from config.checks import Context, mapping, mappings
from config.checks.bodies import request_findings
from config.checks.kept import record_findings
from config.checks.sources import (
    header_name_findings,
    json_path_findings,
    source_findings,
    variable_name_findings,
    xpath_fault,
)
from config.patterns import fault as pattern_fault
from config.problems import Finding, Path
from config.templates import is_expression

JSON_TYPES: Final = ("string", "number", "integer", "boolean", "array", "object", "null")
OPERATORS: Final = frozenset({"exists", "gt", "ge", "lt", "le", "matches", "type", "length"})
"""What a mapping may consist of to be read as operators rather than as a literal to compare with."""

# A literal object may well have a key "type" or "length"; one of these beside another key is a slip.
_UNMISTAKABLE: Final = frozenset({"exists", "gt", "ge", "lt", "le"})


def step_findings(integration: Mapping[str, Any], context: Context) -> Iterator[Finding]:
    """Every mistake inside one step, over all workflows."""
    usage = mapping(mapping(integration.get("quota")).get("usage"))
    yield from request_findings(usage, ("quota", "usage"), context)
    yield from header_name_findings(mapping(integration.get("headers")), ("headers",))
    for name in mapping(integration.get("variables")):
        yield from variable_name_findings(name, ("variables", name))
    for number, workflow in mappings(integration.get("workflows")):
        at: Path = ("workflows", number)
        namespaces = mapping(workflow.get("namespaces")).keys()
        for name in mapping(workflow.get("variables")):
            yield from variable_name_findings(name, (*at, "variables", name))
        for position, step in mappings(workflow.get("steps")):
            yield from _step(step, (*at, "steps", position), context, namespaces)


def _step(step: Mapping[str, Any], at: Path, context: Context, namespaces: Collection[str]) -> Iterator[Finding]:
    until = mapping(step.get("until"))
    yield from request_findings(mapping(step.get("request")), (*at, "request"), context)
    yield from _expect(mapping(step.get("expect")), (*at, "expect"), context, namespaces)
    yield from _paths_and_values(mapping(until.get("json")), (*at, "until", "json"), json_path_findings)
    for name, source in mapping(step.get("capture")).items():
        yield from variable_name_findings(name, (*at, "capture", name))
        yield from source_findings(source, (*at, "capture", name), namespaces)
    yield from record_findings(mapping(step.get("record")), (*at, "record"), json_path_findings)
    if step.get("until") is not None and "status" not in until and "json" not in until:
        yield (*at, "until"), "waits for nothing; give it a status or json"
    if step.get("until") is not None and mapping(step.get("request")).get("idempotency_key"):
        message = "a vendor that knows the key answers every poll like the first; leave it out, or poll in another step"
        yield (*at, "request", "idempotency_key"), message
    when = step.get("when")
    if isinstance(when, str) and when not in {"true", "false"} and not is_expression(when):
        yield (*at, "when"), "must be true, false or one {{expression}}, such as \"{{ region == 'eu' }}\""
    yield from _repeat(step, at, namespaces)


def _expect(expect: Mapping[str, Any], at: Path, context: Context, namespaces: Collection[str]) -> Iterator[Finding]:
    yield from _paths_and_values(mapping(expect.get("json")), (*at, "json"), json_path_findings)
    xpaths = partial(_xpath_findings, namespaces=namespaces)
    yield from _paths_and_values(mapping(expect.get("xml")), (*at, "xml"), xpaths)
    yield from header_name_findings(mapping(expect.get("headers")), (*at, "headers"))
    yield from _pattern(mapping(expect.get("body")).get("matches"), (*at, "body", "matches"))
    schema = expect.get("schema")
    fault = context.schemas.fault(schema) if isinstance(schema, str) else None
    if fault is not None:
        yield (*at, "schema"), fault


def _repeat(step: Mapping[str, Any], at: Path, namespaces: Collection[str]) -> Iterator[Finding]:
    repeat = mapping(step.get("repeat"))
    if not repeat:
        return
    following, cursor = repeat.get("next"), repeat.get("cursor")
    if isinstance(following, str) and following.startswith("link:"):
        if not following.removeprefix("link:").strip():
            yield (*at, "repeat", "next"), "names no relation; write link:next"
        if cursor is not None:
            yield (*at, "repeat", "cursor"), "a link is the next page's address, not a value; leave the cursor out"
    else:
        yield from source_findings(following, (*at, "repeat", "next"), namespaces)
    if isinstance(cursor, str):
        yield from variable_name_findings(cursor, (*at, "repeat", "cursor"))
    if step.get("until") is not None:
        yield (*at, "repeat"), "a step either polls (until) or turns pages (repeat); make it two steps"


def _xpath_findings(path: str, at: Path, namespaces: Collection[str]) -> Iterator[Finding]:
    wrong = xpath_fault(path, namespaces)
    if wrong is not None:
        yield at, wrong


def _paths_and_values(expected: Mapping[str, Any], at: Path, path_findings: Any) -> Iterator[Finding]:
    for path, value in expected.items():
        yield from path_findings(path, (*at, path))
        keys = mapping(value).keys()
        if _UNMISTAKABLE & keys or (keys and keys <= OPERATORS):
            yield from _operators(value, (*at, path))


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
    wrong = pattern_fault(pattern) if isinstance(pattern, str) and "{{" not in pattern else None
    if wrong is not None:
        yield at, wrong
