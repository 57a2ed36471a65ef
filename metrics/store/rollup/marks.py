"""Which buckets are dirty: their roll-up, if there is one, no longer says what the raw rows say.

A row that is written marks the buckets it falls into in the same transaction; the roller takes a mark away in the
transaction that makes the bucket anew. So a bucket without a mark is right, whatever was killed when, and a question
asks the raw rows for one that has a mark.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from duckdb import DuckDBPyConnection

from metrics.store.rollup.tiers import COARSER, FIVE_MINUTES, TIERS, Tier


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


def outlived(con: DuckDBPyConnection, now: datetime, kept: Mapping[Tier, timedelta]) -> bool:
    """Whether a bucket is marked that its tier no longer keeps."""
    return any(con.execute(_OUTLIVED, _beyond(tier, now - age)).fetchone() for tier, age in kept.items())


def pass_on(con: DuckDBPyConnection, now: datetime, kept: Mapping[Tier, timedelta]) -> None:
    """Moves the mark of every bucket that its tier no longer keeps to the coarser one that holds it, inside the
    caller's transaction: it is not made anew, and no longer asked."""
    for tier in TIERS:
        bounds = _beyond(tier, now - kept[tier])
        if con.execute(_OUTLIVED, bounds).fetchone():
            if tier in COARSER:
                mark_coarser(con, tier, _OLD, bounds)
            con.execute(f"DELETE FROM dirty_buckets WHERE {_OLD}", bounds)  # noqa: S608 - a condition of ours
            note_forgotten(con, {tier.suffix: now - kept[tier]})


def mark_coarser(con: DuckDBPyConnection, tier: Tier, chosen: str, bounds: Mapping[str, object]) -> None:
    """Marks the next coarser buckets that hold the dirty ones which a condition chooses."""
    coarser = COARSER[tier]
    more = {"next": coarser.suffix, "next_us": round(coarser.length.total_seconds() * 1_000_000)}
    con.execute(_MARK_COARSER.format(chosen=chosen), {**bounds, **more})


def _beyond(tier: Tier, before: datetime) -> dict[str, object]:
    return {"tier": tier.suffix, "before": before}


def note_made(con: DuckDBPyConnection, tier: Tier, start: datetime, end: datetime) -> None:
    """Says that the buckets of that time are made anew, inside the transaction that does it: what was read of them
    before is out of date."""
    bounds = {"tier": tier.suffix, "start": start, "end": end}
    con.execute(_UNMADE, bounds)
    con.execute(_MADE, bounds | {"length": tier.length})


_MARK: Final = "INSERT INTO dirty_buckets SELECT '5m', unnest($1), nextval('dirty_marks')"

# What had been forgotten when more was forgotten is not made again either.
_OLD: Final = """tier = $tier AND
bucket_at < greatest($before, (SELECT max(kept_from) FROM rollup_watermarks WHERE tier = $tier))"""

_OUTLIVED: Final = f"SELECT 1 FROM dirty_buckets WHERE {_OLD} LIMIT 1"  # noqa: S608 - a condition of ours

_MARK_COARSER: Final = """
INSERT INTO dirty_buckets
SELECT $next, bucket_at, nextval('dirty_marks') FROM (
    SELECT DISTINCT make_timestamptz(epoch_us(bucket_at) // $next_us * $next_us) AS bucket_at
    FROM dirty_buckets WHERE {chosen}
)
"""

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
