"""The shape of a document: paths and types, no values, nothing personal, bounded."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.change.keys import COLLAPSED, segment
from probes.change.shape import DEEPEST, MOST_PATHS, SAMPLED, shape_of

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=12), inner, max_size=6),
    max_leaves=40,
)


def test_every_path_has_its_types() -> None:
    document = {"id": 7, "name": None, "tags": ["a", 1], "owner": {"ok": True}, "results": [{"id": "x"}, {"n": 1.5}]}
    assert shape_of(document).paths == {
        "$": "object",
        "$.id": "number",
        "$.name": "null",
        "$.tags": "array",
        "$.tags[*]": "number|string",
        "$.owner": "object",
        "$.owner.ok": "boolean",
        "$.results": "array",
        "$.results[*]": "object",
        "$.results[*].id": "string",
        "$.results[*].n": "number",
    }


def test_an_empty_list_has_no_paths_below_it() -> None:
    assert set(shape_of({"results": []}).paths) == {"$", "$.results"}


@pytest.mark.parametrize(
    "key",
    ["123", "3f2504e0-4f89-11d3-9a0c-0305e82c3301", "9f86d081884c", "john.doe@example.com", "John Doe",
     "+4915112345678", "2026-11-22", "0015g00000XYZabAAB", "act_1234567890", "cus_NffrFeUfNV2Hib3k9", "", "x" * 65,
     "Müller", "a'b", "a]b"],
)  # fmt: skip
def test_what_may_be_an_id_or_a_person_is_collapsed(key: str) -> None:
    assert segment(key) == COLLAPSED
    assert shape_of({"by": {key: {"n": 1}}}).paths["$.by[<id>].n"] == "number"


@pytest.mark.parametrize(
    ("key", "part"),
    [("id", ".id"), ("createdAt", ".createdAt"), ("address1", ".address1"), ("customfield_10010", ".customfield_10010"),
     ("@odata.nextLink", "['@odata.nextLink']"), ("first-name", "['first-name']"), ("$ref", "['$ref']"),
     ("hs_object_id", ".hs_object_id"), ("sha256", ".sha256"), ("oauth2Token", ".oauth2Token")],
)  # fmt: skip
def test_names_of_fields_stay(key: str, part: str) -> None:
    assert segment(key) == part


def test_an_object_with_hundreds_of_keys_is_a_map() -> None:
    document = {f"slug-{chr(97 + n % 26)}{chr(97 + n // 26)}": {"n": n} for n in range(400)}
    assert set(shape_of(document).paths) == {"$", "$[<id>]", "$[<id>].n"}


def test_the_order_of_keys_does_not_matter() -> None:
    one, other = {"a": 1, "b": [{"c": 1}, {"d": 2}]}, {"b": [{"d": 2}, {"c": 1}], "a": 9}
    assert shape_of(one).shape_id == shape_of(other).shape_id


def test_another_request_makes_another_shape() -> None:
    assert shape_of({"a": 1}, "x").shape_id != shape_of({"a": 1}, "y").shape_id


@given(JSON)
def test_values_change_nothing_and_nothing_of_them_gets_out(document: Any) -> None:
    shape = shape_of(document)
    assert shape_of(json.loads(json.dumps(document))) == shape
    assert shape_of(_other_values(document)).paths == shape.paths


def _other_values(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _other_values(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_other_values(item) for item in value]
    return {str: "secret", bool: True, int: 77, float: 0.5, type(None): None}[type(value)]


def test_depth_is_bounded_and_says_so() -> None:
    document: Any = 1
    for _ in range(5_000):
        document = {"a": document}
    shape = shape_of(document)
    assert not shape.complete
    assert len(shape.paths) == DEEPEST + 2


def test_paths_are_bounded_and_say_so() -> None:
    document = {
        f"a{chr(97 + n)}": {f"f{chr(97 + m // 26)}{chr(97 + m % 26)}": 1 for m in range(150)} for n in range(20)
    }
    shape = shape_of(document)
    assert not shape.complete
    assert len(shape.paths) <= MOST_PATHS


def test_long_lists_are_sampled_over_their_whole_length() -> None:
    document = [{"early": 1}] * 5_000 + [{"late": 1}] * 5_000
    shape = shape_of(document)
    assert shape.complete
    assert set(shape.paths) == {"$", "$[*]", "$[*].early", "$[*].late"}
    assert len(document[:: -(-len(document) // SAMPLED)]) <= SAMPLED
