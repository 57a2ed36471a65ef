"""YAML becomes JSON-like values, each with the line that it was written on."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.yaml_source import MAX_BYTES, parse, read


def value_of(text: str) -> object:
    document, problems = parse(text, "a.yaml")
    assert problems == []
    return document.value


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1", 1),
        ("-1", -1),
        ("1.5", 1.5),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("yes", "yes"),
        ("on", "on"),
        ("2026-10-01", "2026-10-01"),
        ("007", "007"),
        ("0x1F", "0x1F"),
        ("+4930123", "+4930123"),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("'1'", "1"),
        ("!!str 1", "1"),
        ("99.9%", "99.9%"),
        ("${env:NAME}", "${env:NAME}"),
    ],
)
def test_a_scalar_keeps_its_spelling_unless_json_has_it(written: str, value: object) -> None:
    assert value_of(f"key: {written}") == {"key": value}
    assert type(value_of(f"key: {written}")["key"]) is type(value)  # type: ignore[index]


def test_a_key_is_text_whatever_it_looks_like() -> None:
    assert value_of("200: a\ntrue: b\n$.total: c") == {"200": "a", "true": "b", "$.total": "c"}


def test_each_value_knows_its_line() -> None:
    document, _ = parse("a: 1\nb:\n  - c: 2\n    d:\n      - e\n", "a.yaml")
    assert document.place(("b", 0, "d", 0)).line == 5
    assert document.place(("b", 0, "c")).line == 3


def test_what_was_not_written_has_the_line_around_it() -> None:
    document, _ = parse("a: 1\nb:\n  - c: 2\n", "a.yaml")
    assert str(document.problem(("b", 0, "z"), "missing")) == "a.yaml:3: b[0].z: missing"
    assert str(document.problem(("z",), "missing")) == "a.yaml:1: z: missing"


def test_aliases_and_merge_keys_work_and_the_nearer_key_wins() -> None:
    text = "base: &base {a: 1, b: 1}\nmore: &more {<<: *base, c: 1}\nown: {<<: [*more], b: 2}\nlist: [*base, *base]\n"
    value = value_of(text)
    assert value == {
        "base": {"a": 1, "b": 1},
        "more": {"a": 1, "b": 1, "c": 1},
        "own": {"a": 1, "b": 2, "c": 1},
        "list": [{"a": 1, "b": 1}, {"a": 1, "b": 1}],
    }


def test_a_mapping_that_merges_itself_ends() -> None:
    _, problems = parse("a: &a {<<: *a, b: 1}\n", "a.yaml")
    assert problems == []


def test_a_file_of_comments_is_empty() -> None:
    assert value_of("# nothing yet\n") == {}


@pytest.mark.parametrize(
    "text", ["[" * 5000, "a: " * 3, "\x07", "a: &b", "? [a]\n: b", '"\\ud800": "\\ud800"', "%YAML 3"]
)
def test_whatever_a_file_holds_it_is_a_problem_and_not_a_crash(text: str) -> None:
    parse(text, "a.yaml")


def test_half_a_surrogate_pair_is_refused() -> None:
    _, problems = parse('a: "\\ud800"', "a.yaml")
    assert [problem.path for problem in problems] == ["a"]


def test_a_file_above_one_mebibyte_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "big.yaml"
    file.write_text("a: " + "x" * MAX_BYTES, encoding="utf-8")
    _, problems = read(file, "big.yaml")
    assert [str(problem) for problem in problems] == [
        "big.yaml:1: larger than 1 MiB (1,048,579 bytes); split it into several files"
    ]


def test_deep_nesting_is_refused() -> None:
    _, problems = parse("a: " + "{a: " * 60 + "1" + "}" * 60, "a.yaml")
    assert [problem.message for problem in problems] == ["nested too deeply (more than 50 levels)"]


def test_a_reading_is_not_changed_by_those_who_got_it_before(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("a: 1\n", encoding="utf-8")
    first, _ = read(file, "a.yaml")
    file.write_text("a: 2\n", encoding="utf-8")
    second, _ = read(file, "a.yaml")
    assert (first.value, second.value) == ({"a": 1}, {"a": 2})
