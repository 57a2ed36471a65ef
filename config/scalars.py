"""The scalar types of the configuration language: names, durations, shares, counts.

Each reads what people write (`60s`, `99.9%`) and writes it back the same way.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, WithJsonSchema

_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_PART: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|w)")


def parse_duration(value: object) -> timedelta:
    """`90s`, `1h30m`, `200ms`, `30d` → timedelta. A bare number is refused: it has no unit."""
    if isinstance(value, timedelta):
        return value
    text = value.replace(" ", "") if isinstance(value, str) else ""
    parts = _PART.findall(text)
    if not parts or "".join(n + u for n, u in parts) != text:
        raise ValueError("not a duration; write a number with a unit, such as 30s, 5m, 1h30m or 30d")
    total = sum(float(number) * _UNITS[unit] for number, unit in parts)
    if total <= 0:
        raise ValueError("a duration must be longer than zero")
    return timedelta(seconds=total)


def format_duration(value: timedelta) -> str:
    """The shortest single-unit spelling that `parse_duration` reads back as the same value."""
    seconds = value.total_seconds()
    for unit in ("w", "d", "h", "m", "s"):
        amount = seconds / _UNITS[unit]
        if amount >= 1 and amount == int(amount):
            return f"{int(amount)}{unit}"
    return f"{seconds * 1000:g}ms"


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
    if not 0 < share <= 1:
        raise ValueError("must be above 0 % and at most 100 %")
    return share


def _format_share(value: float) -> str:
    return f"{float(f'{value:.12g}e2'):.12g}%"


def _check_name(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", value):
        raise ValueError("a name is up to 64 letters, digits, '.', '_' or '-', and starts with a letter or digit")
    return value


Name = Annotated[str, AfterValidator(_check_name)]
Count = Annotated[int, Field(ge=1, le=1000)]
Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema({"type": "string", "examples": ["30s", "5m", "1h30m", "30d"]}),
]
Share = Annotated[
    float,
    BeforeValidator(parse_share),
    PlainSerializer(_format_share, return_type=str),
    WithJsonSchema({"type": ["string", "number"], "examples": ["99.9%", 0.999]}),
]
