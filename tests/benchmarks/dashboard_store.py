"""The store that the dashboard is measured on, made once and kept: 354 integrations x 3 regions x 5 steps x 90 days.

Eight days are generated with a run of every series in ten minutes and rolled up by the store's own roller; then their
roll-ups are repeated week by week, back to the ninetieth day: a bucket of the past holds what one of a measured week
holds. Raw rows are those of the generated days. A store of an earlier day is filled up to now when it is used again.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

from duckdb import DuckDBPyConnection

from app.clock import utc_now
from config.model import Retention
from metrics.history.crowd import Crowd
from metrics.history.rolling import roll_up
from metrics.model import Window
from metrics.store.database import Store
from metrics.store.rollup.layout import tables
from metrics.store.rollup.marks import note_forgotten
from metrics.store.rollup.tiers import DAY, FIVE_MINUTES, HOUR, TIERS
from metrics.store.sealing.layout import midnight
from metrics.store.sealing.rounds import seal_closed
from tests.benchmarks.crowd import CROWD, crowd
from tests.benchmarks.store_made import put_hot, put_schedule

EVERY: Final = "600s"
DAYS: Final = 90
RAW_DAYS: Final = 8
SEED: Final = 20261124
RETENTION: Final = Retention(raw=timedelta(days=35))
_WEEK: Final = timedelta(days=7)
_DAY: Final = timedelta(days=1)
_MANIFEST: Final = "made.json"
_FIVE_MINUTES_KEPT: Final = 14
_INCIDENTS: Final = 400
_PIECE_ROWS: Final = 300_000


def made(folder: Path, integrations: int = CROWD) -> tuple[str, ...]:
    """Makes the store, or fills it up to now; says what that took. `folder` is a hub's data folder."""
    folder.mkdir(parents=True, exist_ok=True)
    manifest, path = folder / _MANIFEST, folder / "leadline.duckdb"
    now = utc_now().replace(microsecond=0)
    known = json.loads(manifest.read_text()) if manifest.exists() else {}
    if known.get("integrations") == integrations and path.exists():
        return _filled_up(path, now, integrations)
    shutil.rmtree(folder)
    folder.mkdir(parents=True)
    took = _make(path, now, integrations)
    manifest.write_text(json.dumps({"integrations": integrations, "made": now.isoformat(), "took": took}))
    return took


def _filled_up(path: Path, now: datetime, integrations: int) -> tuple[str, ...]:
    """What is missing since anything was written last."""
    store = Store.open(path)
    try:
        row = store.read(lambda con: con.execute("SELECT max(started_at) FROM runs").fetchone())
        assert row is not None
        since = row[0].astimezone(UTC)
        started = time.perf_counter()
        if now - since > timedelta(minutes=15):
            _generate(store, Window(since, now), integrations)
            _roll(store, now, integrations)
            return (f"{_hours(now - since)} filled up in {time.perf_counter() - started:.0f} s",)
        return ()
    finally:
        store.close()


def _make(path: Path, now: datetime, integrations: int) -> tuple[str, ...]:
    store, took = Store.open(path), []
    try:
        window = Window(midnight((now - RAW_DAYS * _DAY).date()), now)
        first = midnight((now - DAYS * _DAY).date())
        for what, work in (
            ("generated and written", lambda: _generate(store, window, integrations)),
            ("rolled up", lambda: _roll(store, now, integrations)),
            ("repeated week by week", lambda: store.maintain(partial(_repeat, first=first, window=window)).result()),
            ("sealed", lambda: seal_closed(store, now, RETENTION.seal_after)),
        ):
            started = time.perf_counter()
            work()
            took.append(f"{what} in {time.perf_counter() - started:.0f} s")
            print(took[-1], file=sys.stderr, flush=True)
        store.write(partial(_incidents, now=now, integrations=integrations)).result()
        store.maintain(lambda con: con.execute("CHECKPOINT")).result()
        return tuple(took)
    finally:
        store.close()


def _generate(store: Store, window: Window, integrations: int) -> None:
    made = Crowd(crowd(EVERY, integrations), window, SEED, labelled=False)
    if store.read(lambda con: con.execute("SELECT 1 FROM schedule_changes LIMIT 1").fetchone()) is None:
        store.write(partial(put_schedule, rows=made.schedule())).result()
    day = midnight(window.start.date())
    while day < window.end:
        store.write(partial(put_hot, tables=made.day(day))).result()
        day += _DAY


def _roll(store: Store, now: datetime, integrations: int) -> None:
    roll_up(store, now, crowd(EVERY, integrations), retention=RETENTION, most_rows=_PIECE_ROWS)


def _repeat(con: DuckDBPyConnection, first: datetime, window: Window) -> None:
    """The roll-ups of the whole week before today, at every week before it; the raw rows say when they begin."""
    today = midnight(window.end.date())
    week = {"start": today - _WEEK, "end": today}
    kept = {FIVE_MINUTES: today - _FIVE_MINUTES_KEPT * _DAY, HOUR: first, DAY: first}
    # The day that was generated before that week is a part of the copies, too: none of its buckets is there twice.
    for tier in TIERS:
        for table in (*tables(tier), "rolled_buckets"):
            condition = f"AND tier = '{tier.suffix}'" if table == "rolled_buckets" else ""
            con.execute(
                f"DELETE FROM {table} WHERE bucket_at < $start {condition}",  # noqa: S608 - names of ours
                {"start": week["start"]},
            )
            for back in range(1, DAYS // 7 + 1):
                shift = timedelta(days=7 * back)
                con.execute(
                    f"INSERT INTO {table} BY NAME SELECT * REPLACE (bucket_at - $shift AS bucket_at) FROM {table} "  # noqa: S608
                    f"WHERE bucket_at >= $start AND bucket_at < $end AND bucket_at - $shift >= $kept {condition}",
                    week | {"shift": shift, "kept": kept[tier]},
                )
        con.execute(
            "UPDATE rollup_watermarks SET rolled_from = $kept WHERE tier = $tier",
            {"kept": kept[tier], "tier": tier.suffix},
        )
    con.execute("UPDATE rolled_buckets SET version = nextval('bucket_versions')")
    con.execute("UPDATE limits SET counted_from = NULL")
    con.execute("UPDATE schedule_changes SET since = $first", {"first": first})
    note_forgotten(con, {"raw": window.start, "5m": kept[FIVE_MINUTES]})


def _incidents(con: DuckDBPyConnection, now: datetime, integrations: int) -> None:
    """Resolved ones, spread over the time, each with a timeline."""
    con.execute(_RESOLVED, {"now": now, "all": integrations, "many": _INCIDENTS})
    con.execute(_TIMELINE)


def _hours(length: timedelta) -> str:
    return f"{length / timedelta(hours=1):.1f} h"


_RESOLVED: Final = """
INSERT INTO incidents BY NAME
SELECT format('bench-{:04}', i) AS incident_id, format('vendor-{:03}', i * 7 % $all) AS subject,
       CASE WHEN i % 3 = 0 THEN 'urgent' ELSE 'degraded' END AS tier, 'resolved' AS state,
       format('Vendor {:03} answers too slowly', i * 7 % $all) AS title,
       $now - to_hours(5 * i + 6) AS opened_at, $now - to_hours(5 * i + 5) AS resolved_at,
       'crm' AS owner, '[]' AS flows, '[]' AS conditions
FROM range($many) AS r(i)
"""

_TIMELINE: Final = """
INSERT INTO incident_events BY NAME
SELECT nextval('incident_event_ids') AS event_id, incident_id, opened_at + to_minutes(10 * n) AS happened_at,
       CASE n WHEN 0 THEN 'opened' WHEN 5 THEN 'resolved' ELSE 'comment' END AS kind, 'measured' AS note, '' AS who
FROM incidents, range(6) AS r(n) WHERE incident_id LIKE 'bench-%'
"""
