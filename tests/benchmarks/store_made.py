"""A store of any size for benchmarks, made once and kept: `made(folder, rows)` goes on where it was stopped.

Days are generated, written to the hot tables, sealed into months and rolled up by the store's own functions. After a
change of the roll-ups' tables, and of nothing else, the months stay and everything else is made anew.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa
from duckdb import DuckDBPyConnection

from app.clock import utc_now
from config.model import Config, Retention
from metrics.history.crowd import Crowd
from metrics.history.rolling import roll_up
from metrics.model import Window
from metrics.store.database import Store
from metrics.store.failures import StoreUnavailable
from metrics.store.migrations import known
from metrics.store.retention import forget_old
from metrics.store.rollup.marks import mark
from metrics.store.rows import append
from metrics.store.sealing.layout import RAW, Month, midnight
from metrics.store.sealing.months import attached, ensure, insert, month_files, month_folder
from metrics.store.sealing.recovery import undo
from metrics.store.sealing.state import save_state, sealing_state
from metrics.store.sealing.views import show
from metrics.store.transactions import transaction
from tests.benchmarks.crowd import CROWD, crowd

EVERY: Final = "400s"
MOST_DAYS: Final = 90
ROWS_A_DAY: Final = 100_000_000 / MOST_DAYS
SEED: Final = 20261122
HOT_DAYS: Final = 2
_PIECE_ROWS: Final = 300_000
_ROLL_UPS: Final = frozenset({"0008_rollups.sql", "0009_views.sql", "0010_limits.sql", "0022_regions.sql"})
_RETENTION: Final = Retention(raw=timedelta(days=400))
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class Made:
    """A store that stands, of a window that ends at `now`, and what making it took this time."""

    store: Store
    config: Config
    now: datetime
    days: int
    took: tuple[str, ...]


@contextmanager
def made(folder: Path, rows: int, integrations: int = CROWD) -> Iterator[Made]:
    """About that many steps of 354 integrations in three regions, up to 90 days of them; more rows are more days."""
    folder.mkdir(parents=True, exist_ok=True)
    days = max(1, min(MOST_DAYS, round(rows / (ROWS_A_DAY * integrations / CROWD))))
    now = _pinned(folder / "made.json", days)
    config = crowd(EVERY, integrations)
    window = Window(midnight((now - days * _DAY).date()), now)
    making = _Making(config, Crowd(config, window, SEED, labelled=False), window, [])
    store = making.opened(folder / "bench.duckdb")
    try:
        making.fill(store)
        making.roll_up(store)
        yield Made(store, config, now, days, tuple(making.took))
    finally:
        store.close()


def _pinned(manifest: Path, days: int) -> datetime:
    """The end of the window of the store in this folder; noted when it is begun."""
    if manifest.exists():
        told = json.loads(manifest.read_text())
        if told["days"] != days:
            raise SystemExit(f"{manifest.parent} holds {told['days']} days, not {days}: name another folder")
        return datetime.fromisoformat(told["now"])
    now = utc_now().replace(second=0, microsecond=0)
    manifest.write_text(json.dumps({"days": days, "now": now.isoformat()}))
    return now


@dataclass
class _Making:
    config: Config
    crowd: Crowd
    window: Window
    took: list[str]

    def opened(self, path: Path) -> Store:
        try:
            return Store.open(path)
        except StoreUnavailable as err:
            if not _differs_in_roll_ups(path):
                raise
            _progress(f"{err}: the hot file is made anew")
            return _adopted(path)

    @property
    def days(self) -> Sequence[datetime]:
        count = -(-self.window.length // _DAY)
        return [self.window.start + place * _DAY for place in range(count)]

    def fill(self, store: Store) -> None:
        """Every day that is not there yet: generated while the one before is written, then sealed in its turn."""
        missing = [day for day in self.days if not store.read(partial(_has, day=day))]
        if not missing:
            return
        started, folder = time.perf_counter(), store.months
        assert folder is not None
        store.write(partial(put_schedule, rows=self.crowd.schedule())).result()
        with ThreadPoolExecutor(1) as pool:
            coming: Future[dict[str, pa.Table]] = pool.submit(self.crowd.day, missing[0])
            for place, day in enumerate(missing):
                tables = coming.result()
                if place + 1 < len(missing):
                    coming = pool.submit(self.crowd.day, missing[place + 1])
                if day < self.days[-1] - HOT_DAYS * _DAY:
                    store.maintain(partial(_put_sealed, folder=folder, day=day, tables=tables)).result()
                else:
                    store.write(partial(put_hot, tables=tables)).result()
                _progress(f"{day:%Y-%m-%d} written, {time.perf_counter() - started:.0f} s")
        store.maintain(_settle).result()
        self.took.append(f"{len(missing)} days generated and written in {time.perf_counter() - started:.0f} s")

    def roll_up(self, store: Store) -> None:
        """What is due; then retention, as a hub would apply it."""
        started, end = time.perf_counter(), self.window.end
        pieces = roll_up(store, end, self.config, retention=_RETENTION, most_rows=_PIECE_ROWS)
        store.write(partial(forget_old, now=end, retention=_RETENTION)).result()
        if pieces > 1:
            store.maintain(lambda con: con.execute("CHECKPOINT")).result()
            self.took.append(f"rolled up in {time.perf_counter() - started:.0f} s")


def _has(con: DuckDBPyConnection, day: datetime) -> bool:
    sql = "SELECT 1 FROM runs WHERE started_at >= $start AND started_at < $end AND prober_id = 'simulation' LIMIT 1"
    # Not from the first instant: the last runs of the day before may reach into it.
    return con.execute(sql, {"start": day + timedelta(minutes=10), "end": day + _DAY}).fetchone() is not None


def put_schedule(con: DuckDBPyConnection, rows: pa.Table) -> None:
    """The intervals of all series, in place of any."""
    con.execute("DELETE FROM schedule_changes")
    append(con, "schedule_changes", rows)


def put_hot(con: DuckDBPyConnection, tables: dict[str, pa.Table]) -> None:
    """Rows by table into the hot ones; their buckets are to be rolled up."""
    for name, rows in tables.items():
        append(con, name, rows)
    _mark_all(con, tables["steps"]["started_at"], tables["runs"]["slice_at"])


def _put_sealed(con: DuckDBPyConnection, folder: Path, day: datetime, tables: dict[str, pa.Table]) -> None:
    """What sealing leaves of that day, without the way through the hot tables: rows in order, then their seal shown."""
    state, month = sealing_state(con), Month.of(day.date())
    ensure(con, folder, month, state.store_id)
    undo(con, month, state)
    shown = replace(state, visible=state.visible + 1)
    raw = {table.name: table for table in RAW}
    with transaction(con):
        for name, rows in tables.items():
            con.register("incoming", rows)
            whole = f"(FROM {raw[name].hot} LIMIT 0) UNION ALL BY NAME FROM incoming"
            insert(con, month, raw[name], f"({whole})", shown.visible)
            con.unregister("incoming")
    with transaction(con):
        save_state(con, shown)
        show(con, shown)
        moved = sum(len(rows) for rows in tables.values())
        con.execute("INSERT INTO sealed_days VALUES (?, ?, ?, ?)", [day.date(), shown.visible, day, moved])
        _mark_all(con, tables["steps"]["started_at"], tables["runs"]["slice_at"])


def _mark_all(con: DuckDBPyConnection, *columns: Any) -> None:
    instants = (us for column in columns for us in column.cast(pa.int64()).unique().to_pylist())
    seconds = {us // 300_000_000 * 300 for us in instants}
    mark(con, (datetime.fromtimestamp(second, UTC) for second in seconds))


def _settle(con: DuckDBPyConnection) -> None:
    con.execute("CHECKPOINT")
    for month in attached(con):
        con.execute(f"CHECKPOINT {month.alias}")


def _differs_in_roll_ups(path: Path) -> bool:
    """Whether the file was made by other tables of roll-ups, and otherwise by those that this program knows."""
    try:
        with duckdb.connect(str(path), read_only=True) as con:
            applied = dict(con.execute("SELECT name, checksum FROM schema_migrations").fetchall())
    except duckdb.Error:
        return False
    mine = {migration.name: migration.checksum for migration in known()}
    differing = {name for name, checksum in applied.items() if mine.get(name) != checksum}
    return bool(differing) and differing <= _ROLL_UPS


def _adopted(path: Path) -> Store:
    """A new hot file that owns the months that are there; their buckets are all to be rolled up."""
    months = month_folder(path)
    aside = months.with_suffix(".aside")
    months.rename(aside)
    for old in (path, path.with_name(path.name + ".wal")):
        old.unlink(missing_ok=True)
    store = Store.open(path)
    store.write(partial(_own, files=list(month_files(aside).values()))).result()
    store.close()
    shutil.rmtree(months, ignore_errors=True)
    aside.rename(months)
    store = Store.open(path)
    store.write(_mark_sealed).result()
    return store


def _own(con: DuckDBPyConnection, files: Sequence[Path]) -> None:
    visible, owner = 0, None
    for file in files:
        with duckdb.connect(str(file), read_only=True) as month:
            (owner,) = month.execute("SELECT store_id FROM sealed_by").fetchone() or (None,)
            (last,) = month.execute("SELECT max(seal) FROM steps").fetchone() or (0,)
            visible = max(visible, last or 0)
    if owner is not None:
        state = sealing_state(con)
        save_state(con, state.__class__(owner, visible))
        con.execute("UPDATE sealing_state SET store_id = ?", [owner])


def _mark_sealed(con: DuckDBPyConnection) -> None:
    con.execute(
        "INSERT INTO dirty_buckets SELECT '5m', bucket_at, nextval('dirty_marks') FROM ("
        "SELECT DISTINCT make_timestamptz(epoch_us(started_at) // 300000000 * 300000000) AS bucket_at FROM steps)"
    )
    con.execute(
        "INSERT INTO sealed_days SELECT CAST(r.started_at AS DATE), any_value(s.visible), max(r.started_at), count(*) "
        "FROM runs r, sealing_state s GROUP BY 1"
    )


def _progress(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
