"""A replay: a few days at a time into the store, judged as a running hub does, by a clock that the recording sets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
from duckdb import DuckDBPyConnection

from config.model import Config, Integration
from metrics.learning import LearnedLimits
from metrics.learning.course import SETTLED_AFTER
from metrics.model import LearnedState, LearnedVerdict
from metrics.replay import rows
from metrics.replay.suite import Recording, Suite
from metrics.store.appending import append
from metrics.store.database import Store

_DAY_MS: Final = 86_400_000
_ROWS_PER_WRITE: Final = 250_000
"""Whole row groups are written several times as fast as parts of them."""
_ASKED: Final[dict[str, dict[str, Any]]] = {"latency": {"failures": False}, "errors": {"sensitivity": "off"}}
"""What is judged of each kind of series."""


@dataclass(frozen=True, slots=True)
class ReplayedAlert:
    """When it would have been sent, and when it was over (None: not before the end), in seconds since the epoch."""

    series: str
    fired_at: float
    resolved_at: float | None
    words: str


def replay(suite: Suite, store: Store, heard: Callable[[float], None] = lambda share: None) -> Iterator[ReplayedAlert]:
    """Every alert about what each series is the recording of, in order of series and time.

    Rows are stored before they are judged, days at a time; no verdict knows of a row that came after it.
    """
    named = [(f"series-{number}", recording) for number, recording in enumerate(suite.recordings, 1)]
    config = _config(named)
    limits, changes = LearnedLimits(store), list[LearnedVerdict]()
    for now, stored, share in _stored(store, named, suite):
        stored.result()
        changes += limits.catch_up(config, now)
        heard(share)
    by_name: dict[str, list[LearnedVerdict]] = {name: [] for name, _ in named}
    for change in changes:
        by_name[change.key.integration].append(change)
    for name, recording in named:
        yield from _alerts(recording, by_name[name])


def _stored(
    store: Store, named: Sequence[tuple[str, Recording]], suite: Suite
) -> Iterator[tuple[datetime, Future[None], float]]:
    """Each few days: until when, the storing of them, and the share done after them; the next are stored meanwhile."""
    first, end = suite.span_ms
    if first == end:
        return
    random = np.random.default_rng(0)
    days = max(1, round(_ROWS_PER_WRITE / suite.probes * (end - first) / _DAY_MS))
    edges = [first, *range((first // _DAY_MS + 1) * _DAY_MS, end, days * _DAY_MS), end]
    number, waiting = 1, None
    for start, stop in pairwise(edges):
        made = rows.tables(named, start, stop, number, random)
        number += made["runs"].num_rows
        future = store.write(partial(_append, made=made))
        if waiting is not None:
            yield waiting
        until = stop if stop != end else -(-end // _DAY_MS) * _DAY_MS
        waiting = (_instant(until), future, (stop - first) / (end - first))
    if waiting is not None:
        yield waiting


def _instant(ms: int) -> datetime:
    """When everything before that millisecond is settled."""
    return datetime.fromtimestamp(ms / 1000, UTC) + SETTLED_AFTER


def _append(con: DuckDBPyConnection, made: dict[str, pa.Table]) -> None:
    for table, some in made.items():
        append(con, table, some)


def _config(named: Iterable[tuple[str, Recording]]) -> Config:
    return Config(root=Path(), version="replay", integrations=tuple(_integration(*one) for one in named))


def _integration(name: str, recording: Recording) -> Integration:
    step = {"name": rows.STEP, "request": {"path": "/"}}
    every = timedelta(seconds=recording.meta.step)
    workflow = {"name": rows.WORKFLOW, "every": every, "timeout": every, "regions": [rows.REGION], "steps": [step]}
    return Integration.model_validate(
        {
            "integration": name,
            "title": recording.name,
            "base_url": "https://replay.invalid",
            "thresholds": {"time_zone": recording.meta.tz, **_ASKED[recording.meta.kind]},
            "workflows": [workflow],
        }
    )


def _alerts(recording: Recording, changes: Sequence[LearnedVerdict]) -> Iterator[ReplayedAlert]:
    """Those that began from t0 on, before t1."""
    fired: LearnedVerdict | None = None
    for change in changes:
        at = change.at.timestamp()
        if at >= recording.meta.t1:
            break
        if change.state is LearnedState.FIRING:
            fired = change if at >= recording.meta.t0 else None
        elif fired is not None:
            yield ReplayedAlert(recording.name, fired.at.timestamp(), at, fired.words)
            fired = None
    if fired is not None:
        yield ReplayedAlert(recording.name, fired.at.timestamp(), None, fired.words)
