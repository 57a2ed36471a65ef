"""Generates history for what is configured, and puts it into a store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from zlib import crc32

import numpy as np
import pyarrow as pa
from duckdb import DuckDBPyConnection

from config.model import Config
from metrics.history.levels import quota_table
from metrics.history.rolling import roll_up_hours
from metrics.history.series import build as build_series
from metrics.history.tables import Chunk, chunk
from metrics.history.world import Level, business_hours
from metrics.history.world import build as build_world
from metrics.model import Window
from metrics.store.appending import append
from metrics.store.database import Store
from metrics.store.rollup.marks import mark
from metrics.store.rollup.tiers import SLOT_MS, slot_start
from metrics.store.schedule import Series
from metrics.store.slices import series_of

DAYS: Final = 28
SEED: Final = 20261122
_ROWS_PER_WRITE: Final = 400_000

_PLACED: Final = (("steps", "started_at"), ("runs", "started_at"), ("runs", "slice_at"))

_BASES_MS: Final = (70.0, 90.0, 120.0, 150.0)


def generate(
    config: Config, *, now: datetime, days: int = DAYS, seed: int = SEED, levels: Mapping[str, Level] | None = None
) -> Iterator[Chunk]:
    """One chunk per workflow and region, the same for the same arguments; every row is marked simulated.

    The rows end right before `now`. `levels` gives a vendor's usual server time (milliseconds) at an instant; one
    that is not named gets a rhythm of its own. A workflow that runs more often than once a minute is simulated at
    once a minute, and its runs say so, so that the slices they are held against are those.
    """
    window = Window.last(timedelta(days=days), now)
    number = 1
    for integration in config.integrations:
        random = np.random.default_rng([seed, crc32(integration.name.encode())])
        base = _BASES_MS[crc32(integration.vendor.encode()) % len(_BASES_MS)]
        level = (levels or {}).get(integration.vendor, business_hours(base))
        world = build_world(window, level, random)
        quota = quota_table(integration, window, random)
        for workflow in integration.workflows:
            for region in workflow.regions:
                series = build_series(integration, workflow, window, world, random)
                made = chunk(integration, workflow, region, series, number, config.version, random)
                number += made.runs
                yield made if quota is None else _with_quota(made, quota)
                quota = None


def load(
    store: Store,
    config: Config,
    *,
    now: datetime,
    days: int = DAYS,
    seed: int = SEED,
    levels: Mapping[str, Level] | None = None,
    progress: Callable[[float], None] = lambda share: None,
) -> int:
    """Stores generated history, a few series per transaction, rolls it up, and returns how many runs that were.

    A series that already holds simulated runs is left as it is. `progress` hears the share that is done.
    """
    present = store.read(simulated_series)
    if present >= _configured(config):
        return 0
    total = len(_configured(config) - present)
    runs = done = 0
    writing: Future[None] | None = None
    made = generate(config, now=now, days=days, seed=seed, levels=levels)
    for group in _grouped(part for part in made if part.series not in present):
        # The writer stores one group while the next is made; waiting here keeps only two in memory.
        if writing is not None:
            writing.result()
            progress(done / total)
        writing = store.write(partial(_append, group=group))
        runs += sum(part.runs for part in group)
        done += len(group)
    if writing is not None:
        writing.result()
    roll_up_hours(store, now, config)
    progress(1.0)
    return runs


def simulated_series(con: DuckDBPyConnection) -> set[Series]:
    """The series that hold simulated runs."""
    found = con.execute("SELECT DISTINCT integration, workflow, region FROM runs WHERE simulated").fetchall()
    return {(integration, workflow, region) for integration, workflow, region in found}


def _configured(config: Config) -> set[Series]:
    return {series for integration in config.integrations for series in series_of(integration)}


def _with_quota(made: Chunk, quota: object) -> Chunk:
    return Chunk(made.integration, made.workflow, made.region, made.tables | {"quota_readings": quota})


def _grouped(chunks: Iterable[Chunk]) -> Iterator[list[Chunk]]:
    """Groups of series that are large enough to be written in whole row groups, four times as fast as one by one."""
    group: list[Chunk] = []
    for made in chunks:
        group.append(made)
        if sum(len(part.tables["steps"]) for part in group) >= _ROWS_PER_WRITE:
            yield group
            group = []
    if group:
        yield group


def _append(con: DuckDBPyConnection, group: Sequence[Chunk]) -> None:
    for table in ("schedule_changes", "runs", "steps", "recorded_values", "quota_readings"):
        parts = [made.tables[table] for made in group if table in made.tables]
        if parts:
            append(con, table, pa.concat_tables(parts))
    mark(con, _buckets(group))


def _buckets(group: Sequence[Chunk]) -> Iterator[datetime]:
    """The roll-up buckets that hold any of those rows."""
    columns = [part.tables[table][name] for part in group for table, name in _PLACED]
    slots = np.unique(np.concatenate([column.cast(pa.int64()).to_numpy() // (SLOT_MS * 1000) for column in columns]))
    return (slot_start(int(slot)) for slot in slots)
