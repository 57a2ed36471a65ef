"""How often something may happen: `60/min`, `1/s`, `500/h`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Final

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

_UNITS: Final = {"s": timedelta(seconds=1), "min": timedelta(minutes=1), "h": timedelta(hours=1)}
_RATE: Final = re.compile(r"(\d{1,5}) */ *(s|min|h)")


@dataclass(frozen=True, slots=True)
class Rate:
    """Never more than `count` within any span of `per`."""

    count: int
    per: timedelta


def parse_rate(value: object) -> Rate:
    """`60/min` → Rate. Raises ValueError with the spelling that is meant."""
    if isinstance(value, Rate):
        return value
    found = _RATE.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise ValueError("not a rate; write how many and per what, such as 1/s, 60/min or 500/h")
    if int(found[1]) < 1:
        raise ValueError("at least one, because a channel that may send nothing tells nobody")
    return Rate(int(found[1]), _UNITS[found[2]])


def format_rate(value: Rate) -> str:
    """What `parse_rate` reads back as the same value."""
    unit = next(unit for unit, length in _UNITS.items() if length == value.per)
    return f"{value.count}/{unit}"


DeclaredRate = Annotated[
    Rate,
    BeforeValidator(parse_rate),
    PlainSerializer(format_rate, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^ *\d{1,5} */ *(s|min|h) *$", "examples": ["1/s", "60/min"]}),
]
