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
from metrics.history.series import build as build_series
from metrics.history.tables import Chunk, chunk
from metrics.history.world import Level, business_hours
from metrics.history.world import build as build_world
from metrics.model import Window
from metrics.store.database import Store
from metrics.store.rows import append

DAYS: Final = 28
SEED: Final = 20261122
_ROWS_PER_WRITE: Final = 400_000

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
    """Stores generated history, a few series per transaction, and returns how many runs that were.

    A store that already holds simulated runs is left as it is (0). `progress` hears the share that is done.
    """
    if store.read(has_history):
        return 0
    total = sum(len(w.regions) for i in config.integrations for w in i.workflows)
    runs = done = 0
    writing: Future[None] | None = None
    for group in _grouped(generate(config, now=now, days=days, seed=seed, levels=levels)):
        # The writer stores one group while the next is made; waiting here keeps only two in memory.
        if writing is not None:
            writing.result()
            progress(done / total)
        writing = store.write(partial(_append, group=group))
        runs += sum(made.runs for made in group)
        done += len(group)
    if writing is not None:
        writing.result()
    progress(1.0)
    return runs


def has_history(con: DuckDBPyConnection) -> bool:
    """Whether any simulated run is stored."""
    return con.execute("SELECT 1 FROM runs WHERE simulated LIMIT 1").fetchone() is not None


def _with_quota(made: Chunk, quota: object) -> Chunk:
    return Chunk(made.integration, made.workflow, made.region, made.tables | {"quota_readings": quota})


def _grouped(chunks: Iterable[Chunk]) -> Iterator[list[Chunk]]:
    """Groups of series that are large enough to be written in whole row groups, four times as fast as one by one."""
    group: list[Chunk] = []
    for made in chunks:
        group.append(made)
        if sum(len(chunk.tables["steps"]) for chunk in group) >= _ROWS_PER_WRITE:
            yield group
            group = []
    if group:
        yield group


def _append(con: DuckDBPyConnection, group: Sequence[Chunk]) -> None:
    for table in ("runs", "steps", "recorded_values", "quota_readings"):
        parts = [made.tables[table] for made in group if table in made.tables]
        if parts:
            append(con, table, pa.concat_tables(parts))
