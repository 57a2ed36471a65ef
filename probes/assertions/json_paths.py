"""`expect.json`: JSONPath → literal or operators."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from probes.assertions import operators
from probes.assertions.jsonpath import PathFailure, nodes
from probes.assertions.model import ABSENT, Expectation, Received
from probes.model import Assertion

_TEMPLATED: Final = re.compile(r"\s*\{\{((?!\}\}).)+\}\}\s*", re.DOTALL)


def check(expectation: Expectation, received: Received) -> Iterable[Assertion]:
    """One assertion for each path, or for each operator of a path."""
    yield from check_paths(expectation.rendered.json_paths, expectation.written.json_paths, received)


def check_paths(rendered: Mapping[str, Any], written: Mapping[str, Any], received: Received) -> Iterable[Assertion]:
    """The same for `until`. `written` tells which values were templates."""
    for path, expected in rendered.items():
        try:
            found = nodes(path, received.document)
        except PathFailure as err:
            yield Assertion(path, operators.show(expected), str(err), passed=False)
            continue
        yield from _check_one(path, expected, written.get(path), found)


def _check_one(path: str, expected: Any, written: Any, found: list[Any]) -> Iterable[Assertion]:
    actual = ABSENT if not found else found[0] if len(found) == 1 else found
    if not operators.is_operator(expected):
        passed = actual is not ABSENT and _equal(expected, written, actual)
        yield Assertion(path, operators.show(expected), operators.show(actual), passed)
        return
    count = len(found) if _finds_several(path) else None
    for name, wanted in expected.items():
        yield Assertion(
            path,
            operators.describe(name, wanted),
            operators.describe_actual(name, actual, count=count),
            operators.holds(name, wanted, actual, count=count),
        )


def _equal(expected: Any, written: Any, actual: Any) -> bool:
    if operators.same(expected, actual):
        return True
    templated = isinstance(written, str) and _TEMPLATED.fullmatch(written) is not None
    return templated and operators.same_as_text(expected, actual)


def _finds_several(path: str) -> bool:
    return "*" in path or ".." in path or "[?" in path
