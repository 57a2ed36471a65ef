"""How many slices of the schedule were good, bad, and expected, and how long are they?

A slice is [k·every, (k+1)·every) of one workflow in one region, k counted from the epoch. The last attempt of a run
scheduled in it decides it (column `final`). Skipped and tainted runs, and failures of our own, leave it unmeasured. A
run that was skipped because of an open circuit does not: the failure that is known stands for it, and goes on costing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import numpy as np
from duckdb import DuckDBPyConnection

from config.model import CalendarWindow, Config, Integration, Objective
from metrics.model import SliceCount, Window
from metrics.store.asked import Compiled, Pair, Question, Questions, Zones, longest_interval, series_of
from metrics.store.buckets import epoch_ms
from metrics.store.from_runs.counting import RunMemo
from metrics.store.rollup.cells import MOST_ROWS, CellMemo
from metrics.store.rollup.decided import Numbers
from metrics.store.rollup.declared import read_limits
from metrics.store.rollup.plan import Known
from metrics.store.schedule import read_series
from metrics.store.tallies import Table, Tallied, added, tables

__all__ = [
    "Question", "Questions", "SliceMemo", "all_slice_counts", "promised_ms", "series_of", "slice_counts",
    "slice_tables",
]  # fmt: skip


class SliceMemo:
    """What need not be found out anew when much the same questions are asked again and again; for one store.

    The counts are the same with it and without. It is bounded by what the latest questions needed.
    """

    def __init__(self, most_rows: int = MOST_ROWS) -> None:
        self.cells = CellMemo(most_rows)
        self.tallied = Tallied()
        self.runs = RunMemo()
        self._compiled: tuple[object, Compiled] | None = None
        self._promised: Promised | None = None

    def compiled(self, con: DuckDBPyConnection, asked: Sequence[Pair]) -> Compiled:
        """The questions in numbers, as the store stands."""
        known, stands = self._compiled, con.execute(_STANDS).fetchone()
        if known is None or known[0] != stands or not known[1].is_about(asked):
            only = {integration.name for integration, _ in asked}
            series = read_series(con, next(iter(only)) if len(only) == 1 else None)
            known = self._compiled = stands, Compiled.of(asked, series, read_limits(con))
        return known[1]

    def promised(self, config: Config) -> Promised:
        """Every objective of the configuration; worked out once for each that is loaded."""
        if self._promised is None or self._promised.config is not config:
            self._promised = Promised.of(config)
        return self._promised


@dataclass(frozen=True, slots=True)
class Promised:
    """The objectives of a configuration that roll-ups count, and what their windows depend on."""

    config: Config
    places: Sequence[int]
    """Of each, which of all objectives of the configuration it is, in its order."""
    pairs: Sequence[Pair]
    names: Sequence[tuple[str, Objective]]
    alike: Sequence[tuple[Objective, timedelta, Sequence[int]]]
    """One of those that have the same windows, the longest interval of its workflows, and which they are."""

    @classmethod
    def of(cls, config: Config) -> Promised:
        """Of that configuration."""
        every = (
            (integration, objective) for integration in config.integrations for objective in integration.objectives
        )
        chosen = [(place, pair) for place, pair in enumerate(every) if not pair[1].from_runs]
        pairs = [pair for _, pair in chosen]
        alike: dict[tuple[timedelta | CalendarWindow, timedelta, int | None], list[int]] = defaultdict(list)
        for number, (integration, objective) in enumerate(pairs):
            alike[objective.window, longest_interval(integration, objective), objective.min_bad].append(number)
        return cls(
            config,
            [place for place, _ in chosen],
            pairs,
            [(integration.name, objective) for integration, objective in pairs],
            [(pairs[numbers[0]][1], every, numbers) for (_, every, _), numbers in alike.items()],
        )


def slice_counts(
    con: DuckDBPyConnection, integration: Integration, objective: Objective, windows: Sequence[Window]
) -> tuple[SliceCount, ...]:
    """Counts for each window, by the slices that begin inside it.

    Only workflows and regions that the configuration still has count; nothing is expected before a series' first
    measured slice.
    """
    return all_slice_counts(con, [Question(integration, objective, tuple(windows))])[0]


def all_slice_counts(
    con: DuckDBPyConnection, questions: Sequence[Question], memo: SliceMemo | None = None
) -> list[tuple[SliceCount, ...]]:
    """`slice_counts` for many objectives of many integrations at once."""
    found: list[tuple[SliceCount, ...]] = [()] * len(questions)
    for table in slice_tables(con, Questions.of(questions), memo):
        for number, rows in zip(table.numbers, table.counts.tolist(), strict=True):
            found[number] = tuple(map(SliceCount._make, rows))
    return found


def slice_tables(con: DuckDBPyConnection, questions: Questions, memo: SliceMemo | None = None) -> Iterator[Table]:
    """`all_slice_counts` as numbers: a table for each tuple of windows that some of the questions share."""
    if not questions.pairs:
        return
    memo = memo or SliceMemo()
    compiled = memo.compiled(con, questions.pairs)
    zones = Zones.of(window for windows, _ in questions.groups for window in windows)
    totals = memo.cells.add_up(con, Known.read(con), compiled.targets, zones.windows, compiled.since)
    yield from tables(compiled, zones, questions.groups, totals, memo.tallied)


def promised_ms(con: DuckDBPyConnection, asked: Sequence[Pair], window: Window, memo: SliceMemo) -> Numbers:
    """How many milliseconds of slices the schedules promise of each objective in a window; it may lie ahead."""
    compiled = memo.compiled(con, asked)
    edges = np.array([epoch_ms(window.start), epoch_ms(window.end)], np.int64)
    promise = compiled.schedules.promised(edges, len(compiled.targets.rows))
    found = added(promise, compiled.series)[:, :, 1]
    return found[:, 1] - found[:, 0]


# What questions are compiled from: every row of both tables.
_STANDS: Final = """
SELECT (SELECT (count(*), sum(hash(integration, workflow, region, since, every_s, rowid))) FROM schedule_changes),
       (SELECT (count(*), sum(hash(limit_id, integration, measure, limit_ms, counted_from))) FROM limits)
"""
