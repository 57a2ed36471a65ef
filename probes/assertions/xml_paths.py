"""`expect.xml`: XPath → literal or operators. XML has no types: texts are compared, and numbers by their value."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from probes.assertions import operators
from probes.assertions.model import ABSENT, Expectation, Received
from probes.model import Assertion


def check(expectation: Expectation, received: Received) -> Iterable[Assertion]:
    """One assertion for each path, or for each operator of a path."""
    for path, expected in (expectation.rendered.xml or {}).items():
        finding = received.extracted.xpath.get(path)
        if finding is None or finding.error is not None:
            reason = finding.error if finding is not None else received.extracted.xml_error
            yield Assertion(path, operators.show(expected), reason or "not XML", passed=False)
        else:
            yield from _check_one(path, expected, finding.value)


def _check_one(path: str, expected: Any, found: Any) -> Iterable[Assertion]:
    actual = single(found)
    if not operators.is_operator(expected):
        passed = actual is not ABSENT and _same(expected, actual)
        yield Assertion(path, operators.show(expected), operators.show(actual), passed)
        return
    count = len(found) if isinstance(found, list) else None
    for name, wanted in expected.items():
        seen = _number(actual) if name in operators.COMPARISONS else actual
        yield Assertion(
            path,
            operators.describe(name, wanted),
            operators.describe_actual(name, seen, count=count),
            operators.holds(name, wanted, seen, count=count),
        )


def single(found: Any) -> Any:
    """One node as its text, several as a list of texts, none as ABSENT."""
    if not isinstance(found, list):
        return found
    return ABSENT if not found else found[0] if len(found) == 1 else found


def _same(expected: Any, actual: Any) -> bool:
    if isinstance(expected, list):
        together = isinstance(actual, list) and len(actual) == len(expected)
        return together and all(map(_same, expected, actual))
    if isinstance(expected, bool) or isinstance(actual, bool):
        return operators.text_of(expected).lower() == operators.text_of(actual).lower()
    if isinstance(expected, (int, float)) or isinstance(actual, float):
        wanted, number = _number(expected), _number(actual)
        return isinstance(wanted, float) and bool(wanted == number)
    if expected is None:
        return bool(actual == "")
    return isinstance(actual, str) and str(expected).strip() == actual


def _number(value: Any) -> Any:
    """A number where it is one, else the value itself."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return value
    try:
        number = float(value)
    except ValueError:
        return value
    return number if math.isfinite(number) else value
