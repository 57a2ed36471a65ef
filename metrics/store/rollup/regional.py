"""Makes the roll-ups by region of buckets that were rolled up before there were any, a day at a time, newest first.

Only where raw rows are kept: of what is older, the roll-ups by step answer for a region.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise
from typing import Final

from duckdb import DuckDBPyConnection

from metrics.store.database import Store
from metrics.store.relations import STEPS
from metrics.store.rollup.building import Bounds, Counted, put, regions_counted
from metrics.store.rollup.plan import REGIONS, Known
from metrics.store.rollup.tiers import DAY, TIERS, Tier, slot_start

COUNTED_WITHIN: Final = timedelta(minutes=5)
"""For reading a piece's raw rows; nobody waits for it."""


@dataclass(frozen=True, slots=True)
class Behind:
    """Buckets of a tier, and the integrations from `first` to before `last`. `since`: from when on there are regions
    once it is made; None while more of its day is to come."""

    tier: Tier
    start: datetime
    end: datetime
    first: str
    last: str
    since: datetime | None

    @property
    def bounds(self) -> Bounds:
        """As statements are bound with it."""
        return {"start": self.start, "end": self.end, "first": self.first, "last": self.last}

    def counted(self, con: DuckDBPyConnection) -> Counted:
        """What its raw rows amount to."""
        return regions_counted(con, self.tier, self.bounds)


def without_regions(con: DuckDBPyConnection, most_rows: int) -> list[Behind]:
    """The newest day that lacks roll-ups by region though its raw rows are there, in pieces of about so many steps."""
    known = Known.read(con)
    oldest = min((first for first, _ in known.rolled.values()), default=0)
    floor, end = max(oldest, known.raw_from or 0), known.regions_from
    if end <= floor:
        return []
    day = max(floor, (end - 1) // DAY.slots * DAY.slots)
    edges = _edges(con, slot_start(day), slot_start(end), most_rows)
    parts = [(tier, *_made(known, tier, day, end)) for tier in TIERS]
    found = [
        Behind(tier, slot_start(low), slot_start(high), first, last, None)
        for tier, low, high in parts
        if low < high
        for first, last in pairwise(edges)
    ]
    return [*found, Behind(DAY, slot_start(day), slot_start(day), "", "", slot_start(day))]


def make_regions(store: Store, behind: Behind) -> None:
    """Counts them on this thread and has the writer put them in."""
    rows = store.read(behind.counted, timeout=COUNTED_WITHIN) if behind.since is None else {}
    store.write(partial(_put, behind=behind, rows=rows)).result()


def _put(con: DuckDBPyConnection, behind: Behind, rows: Counted) -> None:
    put(con, rows, behind.bounds)
    if behind.since is not None:
        con.execute("UPDATE rollup_watermarks SET kept_from = ? WHERE tier = ?", [behind.since, REGIONS])


def _made(known: Known, tier: Tier, first: int, end: int) -> tuple[int, int]:
    """The whole buckets of that tier within these slots which have been rolled up."""
    rolled_from, rolled_until = known.rolled.get(tier.suffix, (0, 0))
    low, high = -(-first // tier.slots) * tier.slots, end // tier.slots * tier.slots
    return max(low, rolled_from), min(high, rolled_until)


def _edges(con: DuckDBPyConnection, start: datetime, end: datetime, most_rows: int) -> list[str]:
    """Names that cut the integrations into parts of about so many steps."""
    rows = con.execute(_NAMES, {"start": start, "end": end}).fetchall()
    edges, held = [""], 0
    for name, steps in rows:
        if held and held + steps > most_rows:
            edges.append(name)
            held = 0
        held += steps
    return [*edges, "\U0010ffff"]


_NAMES: Final = f"""
SELECT integration, count(*) FROM {STEPS} WHERE started_at >= $start AND started_at < $end
GROUP BY integration ORDER BY integration
"""  # noqa: S608 - a name of ours
