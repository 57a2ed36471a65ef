"""Learned limits of many latencies at once: what is normal at this hour, and whether a bucket is above it.

A figure is the 75th percentile of a bucket's successful probes (it shows partial slowness and passes over one slow
probe), as ln(ms). Everything is learned from the past only, one bucket after the other, so that a replay gives the same
verdicts as the live system did.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from metrics.baseline.judged import Flags, Judged, Normal
from metrics.baseline.kept import AmendedLatencies, LatencyBuckets, LatencyHours
from metrics.baseline.levels import last_day, least_wrong, of_days, spreads
from metrics.baseline.rows import Floats, known, logarithms, median, quantile, reached_mostly, unknown
from metrics.baseline.rule import KINDS, Rule
from metrics.baseline.zones import Alike, Zone

_DAY: Final = 24
_WEEK: Final = 7 * _DAY
_HOURS: Final = 29 * _DAY
_RESIDUAL_DAYS: Final = 14

_BY_SERIES: Final = (
    "_spreads", "_floor", "_middle", "_high", "_deviations", "_residuals", "_values", "_refused", "_since",
)  # fmt: skip
_BITS: Final = np.array([16, 8, 4, 2, 1], np.int8)
"""By which the last buckets are kept: three that were above their lower limit or not, two above their limit or not."""


class LatencyBaselines:
    """The state of many series that are measured in buckets of the same length; see the module."""

    def __init__(
        self,
        zones: Sequence[str],
        spreads: Sequence[float],
        rule: Rule | None = None,
        per_hour: int = 12,
        floors_ms: Sequence[float] | None = None,
    ) -> None:
        """One time zone and one number of spreads per series, and one floor below which its limit never lies;
        `per_hour` buckets make up an hour."""
        self._rule = rule or Rule()
        self._per_hour = per_hour
        count = len(zones)
        self._spreads = np.asarray(spreads, np.float64)
        self._floor = logarithms(np.zeros(count) if floors_ms is None else np.asarray(floors_ms, np.float64))
        self._zones = [(Zone(name), np.flatnonzero(np.array(zones) == name)) for name in sorted(set(zones))]
        self._middle = unknown(count, _HOURS)
        self._high = unknown(count, _HOURS)
        self._uncorrected = np.full((len(KINDS), count, _DAY), np.nan, np.float32)
        self._errors = np.full((len(KINDS), count, _WEEK), np.nan, np.float32)
        self._deviations = unknown(count, 2 * per_hour)
        self._residuals = unknown(count, _RESIDUAL_DAYS * _DAY * per_hour)
        self._values = unknown(count, 2 * _DAY * per_hour)
        self._refused = np.zeros((count, 2 * _DAY * per_hour), np.bool_)
        self._above = np.zeros((count, 2), np.bool_)
        self._raised = np.zeros((count, 3), np.bool_)
        """Whether the last buckets were above their lower limit, oldest first."""
        self._firing = np.zeros(count, np.bool_)
        self._since = np.full(count, -1, np.int64)
        self._next: int | None = None
        self._normal = Normal.unknown(count)
        self._amended: dict[int, int] = {}
        """Row → the first hour that is known differently since it was over."""

    @property
    def normal(self) -> Normal:
        """What is normal in the hour that is going on."""
        return self._normal

    def observe(self, bucket: int, value: Floats, excluded: Flags | None = None) -> Judged:
        """Judge one bucket (its number since the epoch) and learn from it; `value` is in milliseconds.

        Buckets come in order; those that were left out had no measurement. What is `excluded` (an incident, a
        maintenance) is judged, and not learned.
        """
        if self._next is not None and bucket < self._next:
            raise ValueError("buckets come in order")
        self.pass_over(bucket)
        return self._step(bucket, logarithms(value), excluded)

    def exclude(self, series: int, first: int, end: int) -> None:
        """Forget what was learned from the buckets `first` ≤ number < `end` that are over."""
        end = min(end, self.next_bucket)
        first = max(first, self.next_bucket - self._residuals.shape[1])
        if first >= end:
            return
        buckets = np.arange(first, end)
        for ring in (self._residuals, self._deviations, self._refused):
            there = buckets[buckets >= self.next_bucket - ring.shape[1]]
            ring[series, there % ring.shape[1]] = True if ring is self._refused else np.nan
        hour = self.next_bucket // self._per_hour
        hours = np.arange(first // self._per_hour, min(hour, -(-end // self._per_hour)))
        self._middle[series, hours % _HOURS] = self._high[series, hours % _HOURS] = np.nan
        self._errors[:, series, hours[hours >= hour - _WEEK] % _WEEK] = np.nan
        self._amend(series, first // self._per_hour)

    def _amend(self, row: int, first_hour: int) -> None:
        self._amended[row] = min(first_hour, self._amended.get(row, first_hour))

    def pass_over(self, bucket: int) -> None:
        """Up to that bucket nothing was measured."""
        nothing = np.full(len(self._since), np.nan)
        while self._next is not None and self._next < bucket:
            whole = (bucket - self._next) // self._per_hour * self._per_hour
            if self._next % self._per_hour or not whole or not self.is_quiet:
                self._step(self._next, nothing, None)
            else:
                self._forget(self._next, self._next + whole)

    def _forget(self, first: int, end: int) -> None:
        """Hours without any measurement leave nothing behind where all was quiet."""
        hours = np.arange(first // self._per_hour, end // self._per_hour)
        self._middle[:, hours % _HOURS] = self._high[:, hours % _HOURS] = np.nan
        self._uncorrected[:, :, hours % _DAY] = np.nan
        self._errors[:, :, hours % _WEEK] = np.nan
        for ring in (self._values, self._deviations, self._residuals):
            ring[:, np.arange(first, end) % ring.shape[1]] = np.nan
        self._refused[:, np.arange(first, end) % self._refused.shape[1]] = False
        self._next = end

    @property
    def next_bucket(self) -> int:
        """The first that is still to come; 0 before any came."""
        return self._next or 0

    @property
    def is_quiet(self) -> bool:
        """Whether no series is under alert, nor was above a limit of late."""
        return not (self._firing.any() or self._above.any() or self._raised.any())

    def accept(self, series: int) -> None:
        """Take the level that it is at for normal from now on."""
        if self._next is None or self._since[series] < 0:
            return
        bucket = self._next - 1
        # After a day of alert the last day tells the new level. Nobody waited for that here.
        self._move(series, max(int(self._since[series]) - 1, bucket - self._per_hour + 1), bucket)
        self._take_for_normal(np.array([series]), bucket)

    def seen(self, bucket: int) -> Floats:
        """What was measured in a bucket of the last 47 hours, as logarithms of milliseconds."""
        seen: Floats = self._values[:, bucket % self._values.shape[1]]
        return seen

    def ahead(self, rows: NDArray[np.int64], hours: int) -> tuple[Floats, Floats]:
        """What is normal for them in this hour and those that follow, one row each, and their limits, as far as is
        known now."""
        alone, first, found = self._only(rows), self.next_bucket // self._per_hour, []
        for hour in range(first, first + hours):
            if hour > first or self.next_bucket % self._per_hour == 0:
                alone._enter(hour)
                found.append((alone._normal.level, alone.limits()))
            else:
                found.append((self._normal.level[rows], self.limits()[rows]))
            # Its place still holds figures of weeks ago, which the hours after it would take for its own.
            alone._forget(hour * self._per_hour, (hour + 1) * self._per_hour)
        level, limit = zip(*found, strict=True)
        return np.array(level), np.array(limit)

    def _only(self, rows: NDArray[np.int64]) -> LatencyBaselines:
        """A copy that knows those series."""
        alone = copy(self)
        for name in _BY_SERIES:
            setattr(alone, name, getattr(self, name)[rows])
        alone._uncorrected, alone._errors = self._uncorrected[:, rows], self._errors[:, rows]
        zones = [(zone, np.flatnonzero(np.isin(rows, members))) for zone, members in self._zones]
        alone._zones = [(zone, members) for zone, members in zones if len(members)]
        return alone

    def limits(self) -> Floats:
        """The limit of each series in the hour that is going on, as it lies without what the last two hours add."""
        normal = self._normal
        return self._limit(np.arange(len(self._since)), normal.level, normal.spread, normal.habit)

    def _limit(self, series: NDArray[np.int64], level: Floats, spread: Floats, habit: Floats) -> Floats:
        limit = np.fmax(np.fmax(level + self._spreads[series] * spread, habit), self._floor[series])
        return np.where(np.isnan(level), np.nan, limit)

    def hour_over(self) -> tuple[LatencyHours, LatencyBuckets]:
        """What the hour leaves behind whose last bucket was the latest one."""
        assert self._next is not None and self._next % self._per_hour == 0  # noqa: S101, PT018 - the caller saw it end
        hour, count, normal = self._next // self._per_hour - 1, len(self._since), self._normal
        which = {"row": np.arange(count), "hour": np.full(count, hour)}
        hours = LatencyHours(
            **which,
            level=normal.level.astype(np.float32),
            kind=normal.kind.astype(np.int8),
            spread=normal.spread.astype(np.float32),
            habit=normal.habit.astype(np.float32),
            samples=normal.samples.astype(np.int16),
            uncorrected=self._uncorrected[:, :, hour % _DAY].T,
            wrong=self._errors[:, :, hour % _WEEK].T,
            middle=self._middle[:, hour % _HOURS].copy(),
            high=self._high[:, hour % _HOURS].copy(),
            above=(np.hstack([self._raised, self._above]) @ _BITS).astype(np.int8),
            since=self._since.copy(),
        )
        rings = {name: ring[:, self._places(hour, ring)] for name, ring in self._rings.items()}
        return hours, LatencyBuckets(**which, **rings)

    def take_amended(self) -> AmendedLatencies | None:
        """As an hour is over: earlier ones that are known differently since this was asked last."""
        amended, self._amended, hour = self._amended, {}, self.next_bucket // self._per_hour
        if not amended:
            return None
        first = {row: max(since, hour - _HOURS + 1) for row, since in amended.items()}
        row = np.repeat(list(first), [hour - since for since in first.values()])
        hours = np.concatenate([np.arange(since, hour) for since in first.values()])
        return AmendedLatencies(
            row=row,
            hour=hours,
            next=np.full(len(row), hour),
            middle=self._middle[row, hours % _HOURS],
            high=self._high[row, hours % _HOURS],
            uncorrected=self._uncorrected[:, row, hours % _DAY].T,
            wrong=self._errors[:, row, hours % _WEEK].T,
            **{name: ring[row[:, None], self._places(hours[:, None], ring)] for name, ring in self._rings.items()
               if name != "figures"},
        )  # fmt: skip

    def restore_hours(self, hours: LatencyHours, next_hour: int) -> None:
        """Some of the hours that were kept, of which `next_hour` is the first that was not."""
        row, hour = hours.row, hours.hour
        self._middle[row, hour % _HOURS] = hours.middle
        self._high[row, hour % _HOURS] = hours.high
        late = hour >= next_hour - _DAY
        self._uncorrected[:, row[late], hour[late] % _DAY] = hours.uncorrected[late].T
        late = hour >= next_hour - _WEEK
        self._errors[:, row[late], hour[late] % _WEEK] = hours.wrong[late].T
        last = hour == next_hour - 1
        self._since[row[last]] = hours.since[last]
        self._firing[row[last]] = hours.since[last] >= 0
        recent = hours.above[last, None] & _BITS > 0
        self._raised[row[last]], self._above[row[last]] = recent[:, :3], recent[:, 3:]

    def restore_buckets(self, buckets: LatencyBuckets, next_hour: int) -> None:
        """Some of the same hours' buckets."""
        for name, ring in self._rings.items():
            late = buckets.hour >= next_hour - ring.shape[1] // self._per_hour
            ring[buckets.row[late, None], self._places(buckets.hour[late, None], ring)] = getattr(buckets, name)[late]

    def restored(self, next_hour: int) -> None:
        """Go on after all that was given."""
        self._next = next_hour * self._per_hour
        self._normal = self._of(next_hour)

    @property
    def _rings(self) -> dict[str, NDArray[Any]]:
        """Figures by bucket, each as far back as it is asked for."""
        return {
            "figures": self._values,
            "refused": self._refused,
            "deviations": self._deviations,
            "residuals": self._residuals,
        }

    def _places(self, hour: int | NDArray[np.int64], ring: NDArray[Any]) -> NDArray[np.int64]:
        """Of the hour's buckets in the ring."""
        places: NDArray[np.int64] = (np.asarray(hour) * self._per_hour + np.arange(self._per_hour)) % ring.shape[1]
        return places

    def _step(self, bucket: int, value: Floats, excluded: Flags | None) -> Judged:
        if self._next is None or bucket % self._per_hour == 0:
            self._enter(bucket // self._per_hour)
        self._next = bucket + 1
        expected, limit, lower = self._limits()
        measured = ~np.isnan(value) & ~np.isnan(limit)
        above, raised = measured & (value > limit), measured & (value > lower)
        of_three, of_four = above + self._above.sum(axis=1), raised + self._raised.sum(axis=1)
        firing = np.where(measured, (of_three >= 2) | (of_four >= 3), self._firing)
        self._since = np.where(firing, np.where(self._since < 0, bucket, self._since), -1)
        refused = firing | above | (excluded if excluded is not None else False)
        self._remember(bucket, value, expected, refused)
        self._above[measured] = np.column_stack([self._above, above])[measured, 1:]
        self._raised[measured] = np.column_stack([self._raised, raised])[measured, 1:]
        self._firing = firing
        accepted = firing & (bucket - self._since >= self._rule.accepted_after * self._per_hour)
        if accepted.any():
            self._take_for_normal(np.flatnonzero(accepted), bucket)
        if (bucket + 1) % self._per_hour == 0:
            self._close(bucket // self._per_hour)
        return Judged(value, expected, limit, above, of_three, lower, of_four, firing & ~accepted, accepted)

    def _limits(self) -> tuple[Floats, Floats, Floats]:
        """What is expected, the limit, and the lower one that longer trouble is held against."""
        rule, normal = self._rule, self._normal
        lately = np.nan_to_num(median(self._deviations), nan=0.0)
        expected = normal.level + rule.memory * lately
        least = np.maximum(normal.habit, self._floor)
        fewer = np.minimum(self._spreads, np.maximum(self._spreads - rule.lower, rule.lowest))
        limit, lower = (np.maximum(expected + spreads * normal.spread, least) for spreads in (self._spreads, fewer))
        return expected, limit, lower

    def _remember(self, bucket: int, value: Floats, expected: Floats, refused: Flags) -> None:
        place = bucket % self._values.shape[1]
        self._values[:, place], self._refused[:, place] = value, refused
        self._deviations[:, bucket % self._deviations.shape[1]] = np.where(refused, np.nan, value - self._normal.level)
        self._residuals[:, bucket % self._residuals.shape[1]] = np.where(refused, np.nan, value - expected)
        # The bucket before the first one that fires was part of it.
        self._refused[self._since == bucket, (bucket - 1) % self._values.shape[1]] = True

    def _of(self, hour: int) -> Normal:
        parts = [(rows, self._of_zone(zone, rows, hour)) for zone, rows in self._zones]
        return Normal.gathered(parts, len(self._since))

    def _enter(self, hour: int) -> None:
        """What is normal in the hour that begins; once for each, as it takes the place of what was a day ago."""
        self._normal = self._of(hour)
        self._uncorrected[:, :, hour % _DAY] = self._normal.uncorrected
        # What this hour will be is not known yet: figures of the same place in an earlier round would be taken for it.
        self._middle[:, hour % _HOURS] = self._high[:, hour % _HOURS] = np.nan
        self._errors[:, :, hour % _WEEK] = np.nan

    def _of_zone(self, zone: Zone, rows: NDArray[np.int64], hour: int) -> Normal:
        alike = Alike.to(zone, hour)
        middle = self._middle[rows]
        day = np.arange(hour - _DAY, hour)
        raw = np.stack(
            [
                last_day(middle[:, day % _HOURS], self._rule.fewest_hours),
                of_days(middle[:, alike.around % _HOURS], alike.around_days, self._rule.fewest_days),
                of_days(middle[:, alike.of_kind % _HOURS], alike.of_kind_days, self._rule.fewest_days),
            ]
        )
        candidates = raw.copy()
        for place in (1, 2):
            drift = median(middle[:, day % _HOURS] - self._uncorrected[place][rows][:, day % _DAY])
            candidates[place] += np.nan_to_num(drift, nan=0.0)
        kind = least_wrong(candidates, self._errors[:, rows], self._rule)
        level = candidates[kind, np.arange(len(rows))]
        made_of = (day, np.unique(alike.around), np.unique(alike.of_kind))
        samples = np.stack([known(middle[:, hours % _HOURS]) for hours in made_of])[kind, np.arange(len(rows))]
        return Normal(level, kind, self._spread(rows, hour, alike), self._habit(rows, alike), candidates, raw, samples)

    def _spread(self, rows: NDArray[np.int64], hour: int, alike: Alike) -> Floats:
        length = self._residuals.shape[1]
        week = np.arange((hour - _WEEK) * self._per_hour, hour * self._per_hour) % length
        near = (alike.near[:, None] * self._per_hour + np.arange(self._per_hour)).ravel() % length
        return spreads(self._residuals, rows, (week, near), known(self._high[rows]) < _DAY, self._rule)

    def _habit(self, rows: NDArray[np.int64], alike: Alike) -> Floats:
        high = self._high[rows]
        reached = np.fmax(reached_mostly(high[:, alike.days % _HOURS]), reached_mostly(high[:, alike.weeks % _HOURS]))
        return np.where(np.isnan(reached), -np.inf, reached + self._rule.habit)

    def _close(self, hour: int) -> None:
        """The hour is over: keep what it was like, and how wrong each candidate was about it."""
        self._high[:, hour % _HOURS], _ = quantile(self._of_hour(hour, refused=True), 0.9)
        self._middle[:, hour % _HOURS] = self._accepted_middle(hour)
        wrong = np.abs(self._normal.candidates - self._middle[:, hour % _HOURS])
        self._errors[:, :, hour % _WEEK] = wrong

    def _of_hour(self, hour: int, *, refused: bool) -> Floats:
        places = self._places(hour, self._values)
        values = self._values[:, places]
        return values if refused else np.where(self._refused[:, places], np.nan, values)

    def _accepted_middle(self, hour: int) -> Floats:
        """Of the hour, unless most of it was refused."""
        every, accepted = self._of_hour(hour, refused=True), self._of_hour(hour, refused=False)
        n, all_n = known(accepted), known(every)
        return np.where((n * 4 >= self._per_hour) | (n == all_n), median(accepted), np.nan)

    def _take_for_normal(self, rows: NDArray[np.int64], bucket: int) -> None:
        """What was refused since the alert began is learned after all, and the alert is over."""
        hour, length = bucket // self._per_hour, self._values.shape[1]
        for row in rows.tolist():
            since = max(int(self._since[row]) - 1, bucket - length + 1)
            self._refused[row, np.arange(since, bucket + 1) % length] = False
            lately = np.arange(max(since, bucket - 6 * self._per_hour + 1), bucket + 1) % length
            self._normal.level[row] = median(self._values[[row]][:, lately])[0]
            for past in range(since // self._per_hour, hour):
                self._middle[row, past % _HOURS] = self._accepted_middle(past)[row]
            self._amend(row, min(since // self._per_hour, hour - 2))
        self._deviations[rows] = np.nan
        self._above[rows] = self._raised[rows] = False
        self._firing[rows] = False
        self._since[rows] = -1

    def _move(self, row: int, since: int, bucket: int) -> None:
        """The past counts as if it had been at the new level: its hours differ from each other as before."""
        normal, lately = self._normal, np.arange(since, bucket + 1) % self._values.shape[1]
        by = float(median(self._values[[row]][:, lately])[0] - normal.level[row])
        if np.isnan(by):
            return
        normal.habit[row] += by
        for ring in (normal.candidates, self._uncorrected, self._middle[None], self._high[None]):
            ring[:, row] += by
        self._amend(row, 0)
