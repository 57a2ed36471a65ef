"""Which thresholds the roller counts slices by, and since when.

A limit is in every bucket that is made after it was declared. The buckets before are counted by it bit by bit, newest
first, while their raw rows are there; until then, and where they are gone, questions do not ask for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from duckdb import DuckDBPyConnection

from metrics.store.limits import Limit
from metrics.store.rollup.building import limit_statements
from metrics.store.rollup.marks import note_made
from metrics.store.rollup.plan import Known
from metrics.store.rollup.tiers import DAY, TIERS, Tier, slot_start

MOST_LIMITS: Final = 8
"""More would hold up the writer for longer than a tenth of a second: a day of a limit is some 4,000 runs."""

LimitRow = tuple[int, int, str, str, float]
"""Identity, slot that it is counted from, integration, measure, milliseconds."""


@dataclass(frozen=True, slots=True)
class Declared:
    """A limit as the store knows it."""

    limit_id: int
    counted_from: int
    """The buckets that begin in this slot or later have been counted by it, if they have been rolled up."""


@dataclass(frozen=True, slots=True)
class Uncounted:
    """Limits, and the slots in which buckets are to be counted by them next."""

    limits: tuple[int, ...]
    first: int
    end: int

    def buckets(self, tier: Tier, known: Known) -> tuple[datetime, datetime]:
        """Those of that tier which begin in these slots and have been made."""
        first, end = known.rolled.get(tier.suffix, (0, 0))
        low, high = (-(-slot // tier.slots) * tier.slots for slot in (self.first, self.end))
        return slot_start(max(low, first)), slot_start(min(high, end))


def read_limits(con: DuckDBPyConnection) -> list[LimitRow]:
    """The limits that new buckets are counted by."""
    return con.execute(_DECLARED).fetchall()


def as_declared(rows: Iterable[LimitRow]) -> Mapping[Limit, Declared]:
    """These limits, and how far they have been counted."""
    return {Limit(name, measure, ms): Declared(number, since) for number, since, name, measure, ms in rows}


def declared(con: DuckDBPyConnection) -> Mapping[Limit, Declared]:
    """The limits that new buckets are counted by, and how far."""
    return as_declared(read_limits(con))


def declare(con: DuckDBPyConnection, limits: Iterable[Limit]) -> None:
    """From now on buckets are counted by these and no others, inside the caller's transaction."""
    wanted, known = frozenset(limits), declared(con)
    for limit in sorted(known.keys() - wanted):
        for statement in _WITHDRAW:
            con.execute(statement, [known[limit].limit_id])
    new = sorted(wanted - known.keys())
    if new:
        columns = [[getattr(limit, name) for limit in new] for name in ("integration", "measure", "limit_ms")]
        con.execute(_DECLARE, columns)


def next_uncounted(con: DuckDBPyConnection) -> Uncounted | None:
    """The newest day that some limits are not counted in though its raw rows are there."""
    known = Known.read(con)
    oldest = min((first for first, _ in known.rolled.values()), default=0)
    floor = max(oldest, known.raw_from or 0)
    behind = [one for one in declared(con).values() if one.counted_from > floor]
    if not behind:
        return None
    end = max(one.counted_from for one in behind)
    chosen = tuple(one.limit_id for one in behind if one.counted_from == end)[:MOST_LIMITS]
    return Uncounted(chosen, max(floor, (end - 1) // DAY.slots * DAY.slots), end)


def count_piece(con: DuckDBPyConnection, piece: Uncounted) -> None:
    """Counts those buckets by those limits, inside the caller's transaction."""
    known = Known.read(con)
    for tier in TIERS:
        start, end = piece.buckets(tier, known)
        if start < end:
            bounds = {"start": start, "end": end, "first": "", "last": "\U0010ffff", "limits": list(piece.limits)}
            for statement in limit_statements(tier):
                con.execute(statement, bounds)
            note_made(con, tier, start, end)
    con.execute(_COUNTED, {"since": slot_start(piece.first), "limits": list(piece.limits)})


_DECLARED: Final = """
SELECT limit_id, coalesce(epoch_us(counted_from) // 300000000, 0), integration, measure, limit_ms FROM limits
ORDER BY limit_id
"""

_DECLARE: Final = """
INSERT INTO limits
SELECT nextval('limit_ids'), *, (SELECT max(rolled_until) FROM rollup_watermarks)
FROM (SELECT unnest(?), unnest(?), unnest(?))
"""

_WITHDRAW: Final = (
    "DELETE FROM limits WHERE limit_id = ?",
    *(f"DELETE FROM limit_rollups_{tier.suffix} WHERE limit_id = ?" for tier in TIERS),  # noqa: S608 - names of ours
)

_COUNTED: Final = "UPDATE limits SET counted_from = $since WHERE limit_id IN (SELECT unnest($limits))"
