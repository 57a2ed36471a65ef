"""What holds, what does not, and how it is said."""

from __future__ import annotations

from typing import Any

import pytest

from config.model import Expect
from probes.assertions import ASSERTIONS, Received, expectation, hold
from probes.http import Headers
from probes.model import Assertion, Failure, FailureKind

BODY = {
    "id": 42,
    "price": 1.0,
    "name": "Acme",
    "tags": ["a", "b", "c"],
    "none": None,
    "yes": True,
    "owner": {"city": "Bonn"},
    "results": [{"id": 1}, {"id": 2}],
}


def judged(expect: dict[str, Any], body: Any = BODY, **variables: Any) -> tuple[tuple[Assertion, ...], Failure | None]:
    received = Received(200, Headers({"Content-Type": "application/json; charset=utf-8"}), b"hello 42", body)
    return hold(expectation(Expect.model_validate(expect), variables), received, lambda assertion: assertion)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("$.id", 42),
        ("$.id", 42.0),
        ("$.price", 1),
        ("$.none", None),
        ("$.owner", {"city": "Bonn"}),
        ("$.tags", ["a", "b", "c"]),
        ("$.results[*].id", [1, 2]),
        ("$.results[?@.id==2].id", 2),
        ("$.id", {"gt": 41, "le": 42}),
        ("$.id", {"ge": 42}),
        ("$.name", {"matches": "^Ac"}),
        ("$.name", {"length": 4}),
        ("$.tags", {"length": 3}),
        ("$.results[*]", {"length": 2}),
        ("$.results[?@.id==2]", {"length": 1}),
        ("$.gone", {"exists": False}),
        ("$.none", {"exists": True}),
        ("$.id", {"type": "integer"}),
        ("$.id", {"type": "number"}),
        ("$.price", {"type": "number"}),
        ("$.yes", {"type": "boolean"}),
        ("$.none", {"type": "null"}),
        ("$.owner", {"type": "object"}),
        ("$.tags", {"type": "array"}),
        ("$.name", {"type": "string"}),
    ],
)
def test_holds(path: str, expected: Any) -> None:
    assert judged({"json": {path: expected}})[1] is None


@pytest.mark.parametrize(
    ("path", "expected", "message"),
    [
        ("$.id", "42", '$.id: expected "42", got 42'),
        ("$.id", 43, "$.id: expected 43, got 42"),
        ("$.name", "acme", '$.name: expected "acme", got "Acme"'),
        ("$.yes", 1, "$.yes: expected 1, got true"),
        ("$.none", False, "$.none: expected false, got null"),
        ("$.gone", 1, "$.gone: no such path"),
        ("$.gone", {"gt": 1}, "$.gone: no such path"),
        ("$.id", {"gt": 42}, "$.id: expected > 42, got 42"),
        ("$.name", {"ge": 1}, '$.name: expected ≥ 1, got "Acme"'),
        ("$.yes", {"lt": 5}, "$.yes: expected < 5, got true"),
        ("$.name", {"matches": "^B"}, '$.name: expected matches /^B/, got "Acme"'),
        ("$.tags", {"length": 2}, "$.tags: expected length 2, got 3"),
        ("$.id", {"length": 2}, "$.id: expected length 2, got integer without a length"),
        ("$.id", {"exists": False}, "$.id: expected absent, got present"),
        ("$.gone", {"exists": True}, "$.gone: expected present, got absent"),
        ("$.price", {"type": "string"}, '$.price: expected type "string", got number'),
        ("$.owner", {"city": "Köln"}, '$.owner: expected {"city": "Köln"}, got {"city": "Bonn"}'),
    ],
)
def test_does_not_hold_and_says_why(path: str, expected: Any, message: str) -> None:
    failure = judged({"json": {path: expected}})[1]
    assert failure == Failure(FailureKind.ASSERTION, message)


def test_a_value_that_is_wholly_a_template_matches_a_number_by_its_text() -> None:
    assert judged({"json": {"$.id": "{{n}}"}}, n="42")[1] is None
    assert judged({"json": {"$.id": "{{n}}"}}, n=42)[1] is None
    assert judged({"json": {"$.id": "{{n}}!"}}, n="42")[1] is not None


def test_one_path_that_breaks_does_not_hide_the_others() -> None:
    assertions, _ = judged({"json": {"$.a": 1, "$.id": 42, "$.b": 2}})
    assert [one.passed for one in assertions] == [True, False, True, False]


@pytest.mark.parametrize(
    ("status", "good"),
    [(None, True), (200, True), ("2xx", True), ("2XX", True), ((404, 200), True), (201, False), ("4xx", False)],
)
def test_status(status: Any, good: bool) -> None:
    assert (judged({"status": status})[1] is None) is good


def test_headers_match_with_or_without_their_parameters() -> None:
    assert judged({"headers": {"content-type": "application/json"}})[1] is None
    assert judged({"headers": {"Content-Type": "application/json; charset=utf-8"}})[1] is None
    missing = judged({"headers": {"X-A": "1"}})[1]
    assert missing is not None
    assert missing.message == "header X-A: expected 1, got no such header"


def test_the_text_of_the_body() -> None:
    assert judged({"body": {"contains": "hello {{n}}", "matches": r"\d+"}}, n=42)[1] is None
    assert judged({"body": {"contains": "bye"}})[1] is not None


def test_a_document_too_deep_to_search_is_a_broken_assertion() -> None:
    deep: Any = 1
    for _ in range(5000):
        deep = [deep]
    failure = judged({"json": {"$..x": 1}}, body=deep)[1]
    assert failure is not None
    assert "cannot be searched" in failure.message


def test_every_kind_of_assertion_is_silent_where_nothing_is_expected() -> None:
    received = Received(204, Headers(), b"")
    for name, kind in ASSERTIONS.items():
        found = list(kind.check(expectation(Expect(), {}), received))
        assert all(one.passed for one in found), name
