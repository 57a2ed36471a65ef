"""Latencies and recorded values of many series against their learned limits."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from math import exp
from typing import Any

import numpy as np
from duckdb import DuckDBPyConnection
from numpy.typing import NDArray

from metrics.baseline.judged import Judged
from metrics.baseline.kept import AmendedLatencies, LatencyBuckets, LatencyHours
from metrics.baseline.latency import LatencyBaselines
from metrics.baseline.rows import logarithms
from metrics.baseline.rule import KINDS, Rule
from metrics.baseline.series import HOUR_S, Measure, Monitor, SeriesKey
from metrics.learning.band import Band, Standing, band_ahead
from metrics.learning.places import Places
from metrics.learning.words import Crossing, new_normal, usual_of
from metrics.model import LearnedState, LearnedVerdict
from metrics.operating import Usual
from metrics.store.learned import figures, state
from metrics.store.learned.firing import load_firing, save_firing
from metrics.store.learned.orders import Action, Order

Whole = NDArray[np.int64]


@dataclass(slots=True)
class _Chunk:
    """What was measured in a stretch of time, by bucket and series."""

    first: int
    p75: NDArray[np.float64]
    n: Whole
    excluded: NDArray[np.bool_]
    ordered: list[tuple[int, int, Order]]
    """Bucket, row and what a person said about it then."""


@dataclass(slots=True)
class _Kept:
    """What is still to be stored."""

    hours: list[LatencyHours] = field(default_factory=list)
    buckets: list[LatencyBuckets] = field(default_factory=list)
    amended: list[AmendedLatencies] = field(default_factory=list)


class LatencyJudge:
    """The series that are judged in buckets of one length. See `metrics.learning.course.Judge`."""

    def __init__(self, monitors: Sequence[Monitor], ids: Whole, bucket_s: int) -> None:
        self._monitors, self._ids, self._bucket_s = monitors, ids, bucket_s
        self._places = Places(ids)
        self._per_hour = HOUR_S // bucket_s
        self._rule = Rule()
        self._chunk: _Chunk | None = None
        self.forget()

    @property
    def series(self) -> int:
        """How many there are."""
        return len(self._monitors)

    def forget(self) -> None:
        """Nothing is known."""
        monitors = self._monitors
        self._baselines = LatencyBaselines(
            [monitor.zone for monitor in monitors],
            [monitor.spreads for monitor in monitors],
            self._rule,
            self._per_hour,
            [monitor.floor_ms for monitor in monitors],
        )
        self._was_firing = np.zeros(len(monitors), np.bool_)
        self._since: Whole = np.full(len(monitors), -1, np.int64)
        self._kept = _Kept()
        self.firing: dict[int, LearnedVerdict] = {}

    def restoring(self, before: int) -> Iterator[Callable[[DuckDBPyConnection], None]]:
        """What makes it as it was when the hour `before` began, one look at the store after the other."""
        self.forget()

        def some_hours(con: DuckDBPyConnection, of: tuple[int, int]) -> None:
            hours = state.load(con, LatencyHours, self._ids, of)
            self._baselines.restore_hours(hours, before)
            last = hours.hour == before - 1
            self._since[hours.row[last]] = hours.since[last]

        def some_buckets(con: DuckDBPyConnection, of: tuple[int, int]) -> None:
            self._baselines.restore_buckets(state.load(con, LatencyBuckets, self._ids, of, self._per_hour), before)

        def the_rest(con: DuckDBPyConnection) -> None:
            self._baselines.restored(before)
            self._was_firing = self._since >= 0
            self.firing = load_firing(con, self._monitors, self._ids, self._was_firing)

        for of in state.stretches(LatencyHours, before, self.series):
            yield partial(some_hours, of=of)
        for of in state.stretches(LatencyBuckets, before, self.series):
            yield partial(some_buckets, of=of)
        yield the_rest

    def read(self, con: DuckDBPyConnection, first: int, end: int, orders: Sequence[Order]) -> None:
        """What was measured from the bucket `first` to before `end`, to be judged next."""
        shape = (end - first, len(self._monitors))
        chunk = _Chunk(first, np.full(shape, np.nan), np.zeros(shape, np.int64), np.zeros(shape, np.bool_), [])
        seen = figures.bucket_figures(con, self._bucket_s, first, end)
        rows, known = self._places.of(seen.series)
        places = seen.bucket[known] - first
        chunk.p75[places, rows], chunk.n[places, rows] = seen.p75[known], seen.n[known]
        series, bucket = figures.failing_buckets(con, self._bucket_s, first, end)
        rows, known = self._places.of(series)
        chunk.excluded[bucket[known] - first, rows] = True
        chunk.ordered += self._places.spoken(orders, self._bucket_s, first, chunk.excluded)
        self._chunk = chunk

    def judge(self, first: int, end: int) -> list[LearnedVerdict]:
        """Buckets that were read before → what has changed."""
        chunk, whole = self._chunk, first % self._per_hour == end % self._per_hour == 0
        assert chunk is not None  # noqa: S101 - the caller read it
        if whole and self._baselines.is_quiet and not chunk.ordered and np.isnan(chunk.p75).all():
            self._baselines.pass_over(end)  # Hours without any measurement leave nothing behind.
            return []
        return [change for bucket in range(first, end) for change in self._judge(bucket)]

    def _judge(self, bucket: int) -> list[LearnedVerdict]:
        chunk = self._chunk
        assert chunk is not None  # noqa: S101 - the caller read it
        place = bucket - chunk.first
        judged = self._baselines.observe(bucket, chunk.p75[place], chunk.excluded[place])
        changes = self._changes(bucket, judged, chunk.n[place])
        for when, row, order in chunk.ordered:
            if when == bucket:
                changes += self._carry_out(bucket, row, order, judged)
        if (bucket + 1) % self._per_hour == 0:
            hours, buckets = self._baselines.hour_over()
            self._kept.hours.append(hours)
            self._kept.buckets.append(buckets)
            amended = self._baselines.take_amended()
            self._kept.amended += [amended] if amended is not None else []
        return changes

    def standings(self, integration: str) -> list[Standing]:
        """How the series of an integration stand."""
        standing = self._standing_of_rows()
        return [standing(row) for row, one in enumerate(self._monitors) if one.key.integration == integration]

    def furthest(self) -> dict[str, Standing]:
        """Of each integration the step that is furthest up against its limit, or beyond; of those whose normal is known
        only."""
        level, limit = self._baselines.normal.level, self._baselines.limits()
        value = self._baselines.seen(self._baselines.next_bucket - 1)
        with np.errstate(invalid="ignore", divide="ignore"):
            height = np.nan_to_num(np.asarray(value, np.float64) / limit, nan=-1.0) + 1000.0 * self._was_firing
        # The highest comes last, and stays.
        order = (int(row) for row in np.argsort(height) if np.isfinite(level[row]))
        rows = {one.key.integration: row for row in order if (one := self._monitors[row]).key.measure == Measure.TOTAL}
        standing = self._standing_of_rows()
        return {name: standing(row) for name, row in rows.items()}

    def _standing_of_rows(self) -> Callable[[int], Standing]:
        normal, value = self._baselines.normal, self._baselines.seen(self._baselines.next_bucket - 1)
        limits = self._baselines.limits()

        def standing(row: int) -> Standing:
            return Standing(
                monitor=self._monitors[row],
                value=_known(value[row]),
                usual=_known(normal.level[row]),
                limit=_known(limits[row]),
                hours=int(normal.samples[row]),
                kind=KINDS[int(normal.kind[row])].value,
                firing=bool(self._was_firing[row]),
            )

        return standing

    def usual(self, integrations: Collection[str]) -> list[Usual]:
        """What is normal for their series in this hour, as far as it is known."""
        found = (one for name in integrations for one in self.standings(name))
        return [usual_of(one.monitor.key, one.usual) for one in found if one.usual is not None]

    def ahead(self, keys: Collection[SeriesKey], hours: int) -> dict[SeriesKey, Band]:
        """What will be normal for those of them that are ours, from the hour that is going on."""
        rows = [row for row, monitor in enumerate(self._monitors) if monitor.key in keys]
        if not rows:
            return {}
        levels, limits = self._baselines.ahead(np.array(rows), hours)
        first = self._baselines.next_bucket // self._per_hour
        bands = (band_ahead(first, level, limit) for level, limit in zip(levels.T, limits.T, strict=True))
        return {self._monitors[row].key: band for row, band in zip(rows, bands, strict=True)}

    def _carry_out(self, bucket: int, row: int, order: Order, judged: Judged) -> list[LearnedVerdict]:
        if order.action is Action.EXCLUDE:
            self._baselines.exclude(row, *order.buckets(self._bucket_s))
            return []
        if not self._was_firing[row]:
            return []
        self._baselines.accept(row)
        return [self._accepted(bucket, row, judged, by_person=True)]

    def take_kept(self) -> Callable[[DuckDBPyConnection], None]:
        """What stores the hours that were over since this was asked last, inside its caller's transaction."""
        kept, self._kept, firing = self._kept, _Kept(), dict(self.firing)

        def save(con: DuckDBPyConnection) -> None:
            if kept.hours:
                state.save(con, LatencyHours.joined(kept.hours), self._ids)
                state.save(con, LatencyBuckets.joined(kept.buckets), self._ids)
            for amended in kept.amended:
                state.amend_latencies(con, amended, self._ids)
            save_firing(con, firing, self._ids)

        return save

    def first_change(self, con: DuckDBPyConnection, buckets: Sequence[int]) -> int | None:
        """The first of these judged buckets whose measurements are not those that were judged."""
        for bucket in sorted(buckets):
            now = np.full(len(self._monitors), np.nan)
            seen = figures.bucket_figures(con, self._bucket_s, bucket, bucket + 1)
            rows, known = self._places.of(seen.series)
            now[rows] = logarithms(seen.p75[known])
            if not np.array_equal(now.astype(np.float32), self._baselines.seen(bucket), equal_nan=True):
                return bucket
        return None

    def _changes(self, bucket: int, judged: Judged, n: Whole) -> list[LearnedVerdict]:
        begins, ends = judged.firing & ~self._was_firing, self._was_firing & ~judged.firing
        self._since[begins] = bucket
        self._was_firing = judged.firing
        for row in np.flatnonzero(ends):
            self.firing.pop(int(row), None)
        for row in np.flatnonzero(judged.firing & (n > 0)):
            self.firing[int(row)] = self._verdict(bucket, int(row), judged, int(n[row]), LearnedState.FIRING)
        if not (begins.any() or ends.any()):
            return []
        changes = [self.firing[int(row)] for row in np.flatnonzero(begins)]
        for row in np.flatnonzero(ends):
            if judged.accepted[row]:
                changes.append(self._accepted(bucket, int(row), judged, by_person=False))
            else:
                changes.append(self._verdict(bucket, int(row), judged, int(n[row]), LearnedState.GOOD))
        self._since[ends] = -1
        return changes

    def _verdict(self, bucket: int, row: int, judged: Judged, n: int, said: LearnedState) -> LearnedVerdict:
        normal = self._baselines.normal
        value, usual, limit = (exp(float(figure[row])) for figure in (judged.value, judged.expected, judged.limit))
        crossing = Crossing(
            at=_start(bucket, self._bucket_s),
            value=value,
            usual=usual,
            limit=limit,
            spread=float(normal.spread[row]),
            kind=int(normal.kind[row]),
            n=n,
            hours=int(normal.samples[row]),
            crossed=int(judged.of_three[row]),
            lower=exp(float(judged.lower[row])),
            raised=int(judged.of_four[row]),
        )
        return self._said(bucket, row, said, (value, usual, limit), n, crossing.words(self._monitors[row]))

    def _accepted(self, bucket: int, row: int, judged: Judged, *, by_person: bool) -> LearnedVerdict:
        self.firing.pop(row, None)
        self._was_firing[row] = False
        level = exp(float(self._baselines.normal.level[row]))
        words = new_normal(self._monitors[row], level, self._rule.accepted_after, by_person=by_person)
        return self._said(bucket, row, LearnedState.ACCEPTED, (level, level, exp(float(judged.limit[row]))), 0, words)

    def _said(
        self, bucket: int, row: int, said: LearnedState, known: tuple[float, float, float], n: int, words: str
    ) -> LearnedVerdict:
        key = self._monitors[row].key
        end = _start(bucket + 1, self._bucket_s)
        since = _start(int(self._since[row]) + 1, self._bucket_s) if self._since[row] >= 0 else end
        unit = "" if key.measure == Measure.RECORDED else "ms"
        return LearnedVerdict(key, said, end, since, *known, unit, n, words)


def _known(figure: Any) -> float | None:
    return None if np.isnan(figure) else exp(float(figure))


def _start(bucket: int, bucket_s: int) -> datetime:
    return datetime.fromtimestamp(bucket * bucket_s, UTC)
