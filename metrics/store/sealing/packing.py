"""How sealed rows are kept: what follows from other columns, nearly, is kept as the little that is left to say.

Times are whole microseconds (`rows.micro`), so the views tell them exactly as they were. A month that was made before
a packing was thought of has the columns themselves, and goes on with them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Packing:
    """Columns that a month's file does not have as they are."""

    stored: Mapping[str, str]
    """Column of the month's file → how it is made of a hot row."""
    shown: Mapping[str, str]
    """Column of the view → how it is made of a sealed row."""


def _micro(milliseconds: str) -> str:
    """Rounded to whole microseconds, as `rows.micro` does it: `round` takes three times as long."""
    return f"floor(({milliseconds}) * 1000 + 0.5::DOUBLE) / 1000::DOUBLE"


def _or_0(expression: str) -> str:
    return f"coalesce({expression}, 0)"


def _near(column: str, guess: str) -> Packing:
    """What is nearly the guess, milliseconds: how far it is off is kept."""
    rest = column.replace("_ms", "_rest_ms")
    return Packing({rest: _micro(f"{column} - {guess}")}, {column: _micro(f"{guess} + {rest}")})


# What only a new connection has is a list, mostly none: columns of their own would take their full width in every row.
_OPENED: Final = ("dns_ms", "connect_ms", "tls_ms")
_OPENS: Final = f"coalesce({', '.join(_OPENED)}) IS NOT NULL"
_SPENT: Final = _or_0(_micro("ttfb_ms - send_ms - wait_ms"))
_OPENING: Final = Packing(
    stored={
        "opening": f"CASE WHEN {_OPENS} THEN [struct_pack("
        f"{', '.join(f'{phase} := {phase}' for phase in _OPENED)}, spent_ms := {_SPENT})] END"
    },
    shown={phase: f"opening[1].{phase}" for phase in _OPENED},
)

# Phases add up but for what lies between them. The total is kept as it is, because it is asked for most.
_TTFB: Final = _near("ttfb_ms", _or_0("total_ms - download_ms"))
_ALMOST: Final = f"{_or_0('total_ms - download_ms')} + ttfb_rest_ms - send_ms - {_or_0('opening[1].spent_ms')}"
_WAIT: Final = Packing(
    stored={
        "wait_rest_ms": _micro(f"wait_ms - {_or_0(f'ttfb_ms - send_ms - CASE WHEN {_OPENS} THEN {_SPENT} ELSE 0 END')}")
    },
    shown={"wait_ms": _micro(f"{_or_0(_ALMOST)} + wait_rest_ms")},
)

# Instants that questions look for (slice_at, started_at) stay, so that what is too early or too late is not read.
_SCHEDULED: Final = Packing(
    stored={"scheduled_after_us": "epoch_us(scheduled_at) - epoch_us(slice_at)"},
    shown={"scheduled_at": "make_timestamptz(epoch_us(slice_at) + scheduled_after_us)"},
)
_RECEIVED: Final = Packing(
    stored={"received_after_us": "epoch_us(received_at) - epoch_us(started_at)"},
    shown={"received_at": "make_timestamptz(epoch_us(started_at) + received_after_us)"},
)
_SLOWEST: Final = _near("slowest_ttfb_ms", _or_0("slowest_total_ms"))

_PACKINGS: Final[Mapping[str, tuple[tuple[Packing, ...], ...]]] = {
    "runs": ((_SCHEDULED,), (_RECEIVED,), (_SLOWEST,)),
    "steps": ((_OPENING, _TTFB, _WAIT),),
}
"""By table; those in one group stand on each other."""


def packings(table: str, there: Collection[str] | None = None) -> tuple[Packing, ...]:
    """What is packed in a month's table that has these columns; in a new one where none are given."""
    groups = _PACKINGS.get(table, ())
    kept = (group for group in groups if there is None or all(name in there for one in group for name in one.stored))
    return tuple(packing for group in kept for packing in group)


def names(table: str, wanted: Collection[str], there: Collection[str] | None = None) -> list[str]:
    """The columns of the rows that `stored` makes."""
    packed = packings(table, there)
    left_out = {name for packing in packed for name in packing.shown}
    return [name for name in wanted if name not in left_out] + [name for packing in packed for name in packing.stored]


def stored(table: str, wanted: Collection[str], there: Collection[str] | None = None) -> str:
    """The select list that makes rows of a month's table of hot rows with the columns `wanted`."""
    packed = packings(table, there)
    left_out = {name for packing in packed for name in packing.shown}
    plain = [f'"{name}"' for name in wanted if name not in left_out]
    return ", ".join(plain + [f"{made} AS {name}" for packing in packed for name, made in packing.stored.items()])


def shown(table: str, wanted: Mapping[str, str], there: Collection[str]) -> str:
    """The select list that makes hot rows with the columns `wanted` (and their types) of a month's table's."""
    unpacked = {name: made for packing in packings(table, there) for name, made in packing.shown.items()}

    def one(name: str, kind: str) -> str:
        if name in there:
            return f'"{name}"'
        return f'{unpacked[name]} AS "{name}"' if name in unpacked else f'NULL::{kind} AS "{name}"'

    return ", ".join(one(name, kind) for name, kind in wanted.items())
