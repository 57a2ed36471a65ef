"""The scalar types of the configuration language: names, durations, shares, counts, statuses.

Each reads what people write (`60s`, `99.9%`) and writes it back the same way.
"""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, WithJsonSchema

_UNITS: Final = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
_MAX_DAYS: Final = 36_525
_PART: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|w)")


def parse_duration(value: object) -> timedelta:
    """`90s`, `1h30m`, `200ms`, `30d` → timedelta. A bare number is refused: it has no unit."""
    if isinstance(value, timedelta):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        raise ValueError(f"{value:g} has no unit; write {value:g}s, {value:g}m or {value:g}h")  # noqa: TRY004 — pydantic
    text = value.replace(" ", "") if isinstance(value, str) else ""
    parts = _PART.findall(text)
    if not parts or "".join(n + u for n, u in parts) != text:
        raise ValueError("not a duration; write a number with a unit, such as 30s, 5m, 1h30m or 30d")
    microseconds = sum(Decimal(number) * (_UNITS[unit] // timedelta(microseconds=1)) for number, unit in parts)
    if microseconds < 1:
        raise ValueError("a duration must be longer than zero")
    if microseconds > _MAX_DAYS * 86_400_000_000:
        raise ValueError("a duration must be at most a hundred years")
    return timedelta(microseconds=int(microseconds))


def format_duration(value: timedelta) -> str:
    """The shortest single-unit spelling that `parse_duration` reads back as the same value."""
    for unit in ("w", "d", "h", "m", "s", "ms"):
        if value % _UNITS[unit] == timedelta(0):
            return f"{value // _UNITS[unit]}{unit}"
    return f"{Decimal(value // timedelta(microseconds=1)) / 1000:f}ms"


def parse_share(value: object) -> float:
    """`99.9%` or 0.999 → 0.999. Always above 0 and at most 1."""
    if isinstance(value, str) and value.strip().endswith("%"):
        number = value.strip()[:-1].strip()
        if not re.fullmatch(r"\d+(\.\d+)?", number):
            raise ValueError("not a percentage; write it as 99.9%")
        # Decimal strings, not /100: 99.9 / 100 is 0.9990000000000001.
        share = float(f"{number}e-2")
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        share = float(value)
    else:
        raise ValueError("not a percentage; write it as 99.9%")
    if share > 1 and not isinstance(value, str):
        raise ValueError(f"{share:g} without a % sign is {share * 100:g} %; write {share:g}%")
    if not 0 < share <= 1:
        raise ValueError("must be above 0 % and at most 100 %")
    return share


def format_share(value: float) -> str:
    """The percentage that `parse_share` reads back as the same value."""
    # Decimal of the shortest repr, so that parse_share gives exactly this float back.
    return f"{Decimal(repr(value)).scaleb(2).normalize():f}%"


def parse_status(value: object) -> int | str | tuple[int | str, ...] | None:
    """`201`, `2xx`, `"404"` or a list of them → numbers, and classes in lower case."""
    if value is None:
        return None
    if isinstance(value, (list, tuple)) and value:
        return tuple(_status(item) for item in value)
    return _status(value)


def _status(value: object) -> int | str:
    text = str(value).lower() if isinstance(value, (int, str)) and not isinstance(value, bool) else ""
    if re.fullmatch(r"[1-5]xx", text):
        return text
    if re.fullmatch(r"[1-5]\d\d", text):
        return int(text)
    raise ValueError("not a status; write a number such as 201, a class such as 2xx, or a list of them")


def _wire_text(value: object) -> object:
    """A whole number as text. Not 1.10 or true: nobody could tell which spelling the vendor would get."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


_BUDGET: Final = re.compile(r"(\d+(?:\.\d+)?%) of ([A-Za-z0-9][A-Za-z0-9_.-]*)")


def parse_probe_budget(value: str) -> tuple[float, str]:
    """`1% of daily` → (0.01, "daily"): a share of the limit of that quota bucket."""
    found = _BUDGET.fullmatch(value.strip())
    if found is None:
        raise ValueError("not a probe budget; write a share of a quota bucket, such as 1% of daily")
    return parse_share(found[1]), found[2]


def _check_probe_budget(value: str) -> str:
    parse_probe_budget(value)
    return value


def _check_name(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", value):
        raise ValueError("a name is up to 64 letters, digits, '.', '_' or '-', and starts with a letter or digit")
    return value


ProbeBudget = Annotated[str, AfterValidator(_check_probe_budget)]
Name = Annotated[str, AfterValidator(_check_name)]
Count = Annotated[int, Field(ge=1, le=1000)]
Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^( *\d+(\.\d+)? *(ms|s|m|h|d|w))+ *$",
            "examples": ["30s", "5m", "1h30m", "30d"],
        }
    ),
]
Share = Annotated[
    float,
    BeforeValidator(parse_share),
    PlainSerializer(format_share, return_type=str),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": r"^ *\d+(\.\d+)? *% *$"},
                {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
            ],
            "examples": ["99.9%", 0.999],
        }
    ),
]
Status = Annotated[
    int | str | tuple[int | str, ...] | None,
    BeforeValidator(parse_status),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 100, "maximum": 599},
                {"type": "string", "pattern": "^[1-5]([xX][xX]|[0-9][0-9])$"},
                {"type": "array", "minItems": 1, "items": {"type": ["integer", "string"]}},
                {"type": "null"},
            ],
            "examples": [201, "2xx", [200, 404]],
        }
    ),
]


def _http_version(value: object) -> object:
    # YAML reads 1.1 and 2 as numbers.
    return f"{value:g}" if isinstance(value, (int, float)) and not isinstance(value, bool) else value


HttpVersion = Annotated[
    Literal["auto", "1.1", "2"],
    BeforeValidator(_http_version),
    WithJsonSchema({"enum": ["auto", "1.1", "2", 1.1, 2]}),
]
WireText = Annotated[str, BeforeValidator(_wire_text), WithJsonSchema({"type": ["string", "integer"]})]
