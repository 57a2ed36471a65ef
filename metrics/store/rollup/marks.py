"""Which buckets are dirty: their roll-up, if there is one, no longer says what the raw rows say.

A row that is written marks the buckets it falls into in the same transaction; the roller takes a mark away in the
transaction that makes the bucket anew. So a bucket without a mark is right, whatever was killed when, and a question
asks the raw rows for one that has a mark.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from duckdb import DuckDBPyConnection

from metrics.store.rollup.tiers import FIVE_MINUTES, Tier


def mark(con: DuckDBPyConnection, instants: Iterable[datetime]) -> None:
    """Marks the five-minute buckets of those instants, inside the caller's transaction."""
    buckets = sorted({FIVE_MINUTES.start(at) for at in instants})
    if buckets:
        con.execute(_MARK, [buckets])


def note_forgotten(con: DuckDBPyConnection, kept_from: Mapping[str, datetime]) -> None:
    """Says that nothing before those instants is kept any more, by tier (`raw`: raw rows), inside the transaction that
    deletes it. What is dirty and has lost raw rows stays as it was last rolled up."""
    for tier, before in kept_from.items():
        con.execute(_FORGOTTEN, {"tier": tier, "before": before})
        con.execute("DELETE FROM rolled_buckets WHERE tier = ? AND bucket_at < ?", [tier, before])
    if "raw" in kept_from:
        con.execute("DELETE FROM dirty_buckets WHERE bucket_at < ?", [kept_from["raw"]])


def note_made(con: DuckDBPyConnection, tier: Tier, start: datetime, end: datetime) -> None:
    """Says that the buckets of that time are made anew, inside the transaction that does it: what was read of them
    before is out of date."""
    bounds = {"tier": tier.suffix, "start": start, "end": end}
    con.execute(_UNMADE, bounds)
    con.execute(_MADE, bounds | {"length": tier.length})


_MARK: Final = "INSERT INTO dirty_buckets SELECT '5m', unnest($1), nextval('dirty_marks')"

_FORGOTTEN: Final = """
INSERT INTO rollup_watermarks (tier, kept_from) VALUES ($tier, $before)
ON CONFLICT (tier) DO UPDATE SET kept_from = greatest(kept_from, excluded.kept_from)
"""

_UNMADE: Final = "DELETE FROM rolled_buckets WHERE tier = $tier AND bucket_at >= $start AND bucket_at < $end"

_MADE: Final = """
INSERT INTO rolled_buckets
SELECT $tier, unnest(generate_series($start, $end - $length, $length)), version
FROM (SELECT nextval('bucket_versions') AS version)
"""
