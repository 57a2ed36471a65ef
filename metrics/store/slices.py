"""How many slices of the schedule were good, bad, and expected, and how long are they?

A slice is [k·every, (k+1)·every) of one workflow in one region, k counted from the epoch. The last attempt of a run
scheduled in it decides it (column `final`). Skipped and tainted runs, and failures of our own, leave it unmeasured. A
run that was skipped because of an open circuit does not: the failure that is known stands for it, and goes on costing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from duckdb import DuckDBPyConnection

from config.model import Integration, Objective
from metrics.model import SliceCount, Window
from metrics.store.asked import Compiled, Question, series_of
from metrics.store.rollup.cells import MOST_ROWS, CellMemo
from metrics.store.rollup.declared import read_limits
from metrics.store.rollup.plan import Known
from metrics.store.schedule import read_series
from metrics.store.tallies import Table, tables

__all__ = ["Question", "SliceMemo", "all_slice_counts", "series_of", "slice_counts", "slice_tables"]


class SliceMemo:
    """What need not be found out anew when much the same questions are asked again and again; for one store.

    The counts are the same with it and without. It is bounded by what the latest questions needed.
    """

    def __init__(self, most_rows: int = MOST_ROWS) -> None:
        self.cells = CellMemo(most_rows)
        self._compiled: Compiled | None = None

    def compiled(self, con: DuckDBPyConnection, questions: Sequence[Question]) -> Compiled:
        """The questions in numbers, as the store stands."""
        only = {asked.integration.name for asked in questions}
        series = read_series(con, next(iter(only)) if len(only) == 1 else None)
        limits = read_limits(con)
        if self._compiled is None or not self._compiled.holds_for(questions, series, limits):
            self._compiled = Compiled.of(questions, series, limits)
        return self._compiled


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
    for table in slice_tables(con, questions, memo):
        for number, rows in zip(table.numbers, table.counts.tolist(), strict=True):
            found[number] = tuple(map(SliceCount._make, rows))
    return found


def slice_tables(
    con: DuckDBPyConnection, questions: Sequence[Question], memo: SliceMemo | None = None
) -> Iterator[Table]:
    """`all_slice_counts` as numbers: a table for each tuple of windows that some of the questions share."""
    if not questions:
        return
    memo = memo or SliceMemo()
    compiled = memo.compiled(con, questions)
    zones = compiled.zones(questions)
    totals = memo.cells.add_up(con, Known.read(con), compiled.targets, zones.windows, compiled.since)
    yield from tables(compiled, zones, questions, totals)
