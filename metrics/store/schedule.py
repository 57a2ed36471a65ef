"""Keeps two facts true while runs arrive in any order: which run decides its slice, and which interval was in force."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Final

from duckdb import DuckDBPyConnection

from metrics.store.buckets import epoch_ms
from metrics.store.finished import NumberedRun, decides, interval, slice_start
from metrics.store.remembered import Remembered, Series
from probes.model import Run

__all__ = [
    "Change", "Promise", "Segment", "Series", "SeriesRow", "note", "promised", "read_changes", "read_series",
    "segments", "settle", "slices",
]  # fmt: skip

SeriesRow = tuple[str, str, str, int, float, int]
"""Of a series, one change: first slice in epoch milliseconds, interval in seconds, row in `schedule_changes`."""
Change = tuple[datetime, float]
"""First slice, and the interval in seconds from then on."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A span of one series over which its interval stayed the same; `end_ms` None means that it still does."""

    first_ms: int
    end_ms: int | None
    every_ms: int

    def expected(self, start_ms: int, end_ms: int) -> int:
        """Slices of this segment that begin inside the window."""
        low = max(start_ms, self.first_ms)
        high = end_ms if self.end_ms is None else min(end_ms, self.end_ms)
        return max(0, -(-high // self.every_ms) - -(-low // self.every_ms))


@dataclass(frozen=True, slots=True)
class Promise:
    """How many slices a schedule promised, and how long they are together."""

    slices: int
    ms: int


def promised(schedules: Iterable[Sequence[Segment]], start_ms: int, end_ms: int) -> Promise:
    """What these series promised of the slices that begin inside the window."""
    slices = ms = 0
    for schedule in schedules:
        for segment in schedule:
            count = segment.expected(start_ms, end_ms)
            slices += count
            ms += count * segment.every_ms
    return Promise(slices, ms)


def segments(changes: Sequence[Change]) -> list[Segment]:
    """The spans between the changes of one series, oldest first."""
    ended = [_segment(first, every, epoch_ms(end)) for (first, every), (end, _) in pairwise(changes)]
    return [*ended, *(_segment(first, every, None) for first, every in changes[-1:])]


def read_changes(con: DuckDBPyConnection, integrations: Iterable[str]) -> dict[Series, list[Change]]:
    """Every change of interval of those integrations, oldest first, by series."""
    found: dict[Series, list[Change]] = defaultdict(list)
    for integration, workflow, region, since, every_s in con.execute(_CHANGES, [list(integrations)]).fetchall():
        found[integration, workflow, region].append((since, every_s))
    return dict(found)


def read_series(con: DuckDBPyConnection, integration: str | None = None) -> list[SeriesRow]:
    """Every change of interval of the integration, or of all, by series, oldest first."""
    narrow = "" if integration is None else "WHERE integration = $1"
    return con.execute(_SERIES.format(narrow=narrow), [] if integration is None else [integration]).fetchall()


def settle(con: DuckDBPyConnection, runs: Sequence[NumberedRun], memory: Remembered | None = None) -> None:
    """After these runs were inserted, in the same transaction: one final run per slice, and known intervals."""
    memory = memory or Remembered()
    measured = [_Measured.of(item.run) for item in runs if decides(item.run)]
    _elect(con, [one.slice_at for one in measured if not memory.is_first(one.series, one.every_s, one.slice_at)])
    _note_intervals(con, measured, memory)


def slices(runs: Sequence[NumberedRun]) -> set[datetime]:
    """Those that these runs say something about."""
    return {_Measured.of(item.run).slice_at for item in runs if decides(item.run)}


@dataclass(frozen=True, slots=True)
class _Measured:
    series: Series
    slice_at: datetime
    every_s: float

    @classmethod
    def of(cls, run: Run) -> _Measured:
        every = interval(run)
        series = (run.integration, run.workflow, run.region)
        return cls(series, slice_start(run.scheduled_at, every), every.total_seconds())


def note(changes: list[Change], at: datetime, every_s: float) -> bool:
    """Adds what a run in the slice at `at` says of the interval; whether that was news."""
    index = bisect_right(changes, at, key=lambda change: change[0]) - 1
    if index >= 0 and changes[index][1] == every_s:
        return False
    if index < 0 and changes and changes[0][1] == every_s:
        changes[0] = (at, every_s)
    else:
        changes.insert(index + 1, (at, every_s))
    return True


def _elect(con: DuckDBPyConnection, contested: Sequence[datetime]) -> None:
    if not contested:
        return
    bounds = {"first": min(contested), "last": max(contested)}
    if con.execute(_CONTESTED, bounds).fetchone():
        con.execute(_ELECT, bounds)


def _note_intervals(con: DuckDBPyConnection, measured: Sequence[_Measured], memory: Remembered) -> None:
    unsure = {one.series for one in measured if not memory.goes_on(one.series, one.slice_at, one.every_s)}
    if not unsure:
        return
    known = read_changes(con, {integration for integration, _, _ in unsure})
    news: set[Series] = set()
    for one in measured:
        if one.series in unsure and note(known.setdefault(one.series, []), one.slice_at, one.every_s):
            news.add(one.series)
    if news:
        # All at once: the first batches of a new store bring news of every series.
        con.execute(_FORGET, [list(part) for part in zip(*news, strict=True)])
        rows = [[*series, since, every_s] for series in news for since, every_s in known[series]]
        con.execute(_NOTE, [list(column) for column in zip(*rows, strict=True)])
    for series in unsure:
        memory.note_interval(series, *known[series][-1])


def _segment(first: datetime, every_s: float, end_ms: int | None) -> Segment:
    return Segment(epoch_ms(first), end_ms, round(every_s * 1000))


_CHANGES: Final = """
SELECT integration, workflow, region, since, every_s FROM schedule_changes
WHERE integration IN (SELECT unnest(?)) ORDER BY integration, workflow, region, since
"""

_SERIES: Final = """
SELECT integration, workflow, region, epoch_ms(since), every_s, rowid FROM schedule_changes {narrow}
ORDER BY integration, workflow, region, since
"""

_FORGET: Final = """
DELETE FROM schedule_changes
USING (SELECT unnest(?) AS integration, unnest(?) AS workflow, unnest(?) AS region) AS news
WHERE schedule_changes.integration = news.integration AND schedule_changes.workflow = news.workflow
    AND schedule_changes.region = news.region
"""

_NOTE: Final = (
    "INSERT INTO schedule_changes SELECT unnest(?), unnest(?), unnest(?), unnest(?::TIMESTAMPTZ[]), unnest(?)"
)

_SLICE: Final = "integration, workflow, region, every_s, slice_at"

_FINAL: Final = "final AND slice_at >= $first AND slice_at <= $last"

_CONTESTED: Final = f"""
SELECT 1 FROM runs WHERE {_FINAL}
GROUP BY {_SLICE} HAVING count(*) > 1 LIMIT 1
"""  # noqa: S608 - columns of ours

# The latest schedule wins, then the latest attempt; the run's id makes a tie come out the same every time. A verdict
# that is sealed stands: its row cannot be changed any more.
_ELECT: Final = f"""
UPDATE hot_runs SET final = false
FROM (
    SELECT run_id FROM (
        SELECT {_SLICE}, scheduled_at, attempt, run_id, false AS sealed FROM hot_runs WHERE {_FINAL}
        UNION ALL
        SELECT {_SLICE}, scheduled_at, attempt, run_id, true FROM sealed_runs WHERE {_FINAL}
    )
    QUALIFY row_number() OVER (
        PARTITION BY {_SLICE} ORDER BY sealed DESC, scheduled_at DESC, attempt DESC, run_id DESC
    ) > 1
) AS beaten
WHERE hot_runs.run_id = beaten.run_id AND slice_at >= $first AND slice_at <= $last
"""  # noqa: S608 - columns of ours
