"""Rolls up much history at once, in pieces far larger than a store that is in use could afford."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Final

from duckdb import DuckDBPyConnection

from config.model import Config
from metrics.store.database import Store
from metrics.store.limits import limits_of
from metrics.store.rollup.roller import roll
from metrics.store.rollup.tiers import FIVE_MINUTES, HOUR, SLOT_MS, TIERS, Tier

_MOST_ROWS: Final = 1_500_000
"""Steps in one piece. What it needs is memory for the buckets that it makes: few steps in many buckets need more."""


def roll_up(store: Store, now: datetime, config: Config, *, most_rows: int = _MOST_ROWS) -> int:
    """Makes every roll-up that is due, with the thresholds of the objectives; how many pieces that were.

    Buckets of five minutes are made only for as long as they would be kept.
    """
    return _roll_up(store, now, config, config.settings.retention.rollup_5m, TIERS, most_rows)


def roll_up_hours(store: Store, now: datetime, config: Config) -> int:
    """Makes what pages cannot do without: the hours, and the five minutes of the last day. A hub makes the days."""
    return _roll_up(store, now, config, timedelta(days=1), (FIVE_MINUTES, HOUR), _MOST_ROWS)


def _roll_up(
    store: Store, now: datetime, config: Config, fine_for: timedelta, tiers: tuple[Tier, ...], most_rows: int
) -> int:
    store.write(partial(_leave_out_fine, before=HOUR.start(now - fine_for))).result()
    return roll(store, now, most_rows=most_rows, tiers=tiers, limits=limits_of(config.integrations))


def _leave_out_fine(con: DuckDBPyConnection, before: datetime) -> None:
    con.execute(_MARK_HOURS, {"before": before, "us": SLOT_MS * 1000 * HOUR.slots})
    con.execute("DELETE FROM dirty_buckets WHERE tier = $tier AND bucket_at < $before", _fine(before))


def _fine(before: datetime) -> dict[str, object]:
    return {"tier": FIVE_MINUTES.suffix, "before": before}


_MARK_HOURS: Final = """
INSERT INTO dirty_buckets
SELECT '1h', hour, nextval('dirty_marks') FROM (
    SELECT DISTINCT make_timestamptz(epoch_us(bucket_at) // $us * $us) AS hour
    FROM dirty_buckets WHERE tier = '5m' AND bucket_at < $before
)
"""
