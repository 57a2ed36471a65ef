"""Comparing one JSON value: equality, or an operator such as `{ge: 3}`."""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Mapping
from typing import Any, Final

from config.patterns import PatternFailure, found
from probes.assertions.model import ABSENT, NO_SUCH_PATH

_TYPES: Final[dict[str, tuple[type, ...]]] = {
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
    "null": (type(None),),
}
_SHOWN: Final = 64 * 1024
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, default=str)
_SIGNS: Final = {"gt": ">", "ge": "≥", "lt": "<", "le": "≤"}
_COMPARE: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}
COMPARISONS: Final = frozenset(_COMPARE)
OPERATORS: Final = frozenset({"exists", "matches", "type", "length", *_COMPARE})


def is_operator(expected: Any) -> bool:
    """Whether an expected value is operators rather than a literal object."""
    return isinstance(expected, Mapping) and bool(expected) and OPERATORS.issuperset(expected)


def same(expected: Any, actual: Any) -> bool:
    """JSON equality: numbers by value, booleans only with booleans, text only with text."""
    if isinstance(expected, bool) or isinstance(actual, bool):
        return expected is actual
    if isinstance(expected, (int, float)) and isinstance(actual, (int, float)):
        return expected == actual
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        return expected.keys() == actual.keys() and all(same(v, actual[k]) for k, v in expected.items())
    if isinstance(expected, (list, tuple)) and isinstance(actual, (list, tuple)):
        return len(expected) == len(actual) and all(map(same, expected, actual))
    if isinstance(expected, str) and isinstance(actual, str):
        # By value: text that a reference was resolved in is of a type of its own.
        return expected == actual
    return type(expected) is type(actual) and bool(expected == actual)


def same_as_text(expected: Any, actual: Any) -> bool:
    """Whether one is a number and the other that number as text: what a captured id may turn into."""
    pair = (expected, actual)
    if any(isinstance(one, bool) for one in pair):
        return False
    texts = [one for one in pair if isinstance(one, str)]
    numbers = [one for one in pair if isinstance(one, (int, float))]
    return len(texts) == len(numbers) == 1 and texts[0].strip() == json.dumps(numbers[0])


def holds(name: str, wanted: Any, actual: Any, *, count: int | None = None) -> bool:
    """Whether one operator holds. `count` is the number of nodes where the path can find several."""
    if name == "exists":
        return (actual is not ABSENT) is bool(wanted)
    if actual is ABSENT:
        return False
    if name in _COMPARE:
        return _is_number(actual) and _is_number(wanted) and _COMPARE[name](actual, wanted)
    if name == "matches":
        return matches(str(wanted), text_of(actual))
    if name == "type":
        return type_name(actual) == wanted or (wanted == "number" and _is_number(actual))
    length = count if count is not None else _length(actual)
    return length is not None and same(wanted, length)


def matches(pattern: str, text: str) -> bool:
    """Whether the pattern is found; never by one that is none once its templates are filled in."""
    try:
        return found(pattern, text)
    except PatternFailure:
        return False


def describe(name: str, wanted: Any) -> str:
    """What the operator wants, for people."""
    if name in _SIGNS:
        return f"{_SIGNS[name]} {show(wanted)}"
    if name == "exists":
        return "present" if wanted else "absent"
    return f"matches /{wanted}/" if name == "matches" else f"{name} {show(wanted)}"


def describe_actual(name: str, actual: Any, *, count: int | None = None) -> str:
    """What came, in the operator's own terms."""
    if actual is ABSENT:
        return "absent" if name == "exists" else NO_SUCH_PATH
    if name == "exists":
        return "present"
    if name == "type":
        return type_name(actual)
    if name == "length":
        length = count if count is not None else _length(actual)
        return f"{type_name(actual)} without a length" if length is None else str(length)
    return show(actual)


def show(value: Any) -> str:
    """A JSON value as JSON text; of a large one the beginning, which is more than is ever shown."""
    if value is ABSENT:
        return NO_SUCH_PATH
    if isinstance(value, str):
        return json.dumps(value[:_SHOWN], ensure_ascii=False)
    parts: list[str] = []
    size = 0
    for part in _ENCODER.iterencode(value):
        parts.append(part[:_SHOWN])
        size += len(part)
        if size > _SHOWN:
            break
    return "".join(parts)


def type_name(value: Any) -> str:
    """JSON's word for the type; a whole number is an integer."""
    if isinstance(value, bool):
        return "boolean"
    return next((name for name in reversed(_TYPES) if isinstance(value, _TYPES[name])), "unknown")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def text_of(value: Any) -> str:
    """Text as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _length(value: Any) -> int | None:
    return len(value) if isinstance(value, (str, list, dict)) else None
