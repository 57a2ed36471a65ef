"""Learned limits of many error rates at once: more failures in the last minutes than chance explains at this hour.

The failures of 5, 15 and 60 minutes are held against the usual rate of the hour: when so many or more of them would
come by chance less often than once in 100,000 windows, the series is in trouble. It is learned from the past only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import exp, fsum, lgamma, log, log1p
from typing import Final

import numpy as np
from numpy.typing import NDArray

from metrics.baseline.kept import AmendedFailures, FailureHours
from metrics.baseline.rows import Floats, reached_mostly
from metrics.baseline.zones import Alike, Zone

WINDOWS: Final = (5, 15, 60)
"""Minutes."""
_HOUR: Final = 60
_WEEK: Final = 7 * 24
_HOURS: Final = 22 * 24
_FIRST_DAY: Final = 24 * _HOUR

Counts = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class ErrorRule:
    """The figures that learned error rates go by; each with its reason in docs/judgement.md."""

    chance: float = 1e-5
    """How rarely a window may come by chance that opens an alert."""
    chance_after: float = 1e-3
    """How rarely one may, in 5 or 15 minutes, that keeps it open."""
    margin: float = 1.5
    """The usual rate is taken for so many times what it was."""
    weight: int = 120
    """Probes that the rate of all hours counts for beside that of this hour."""
    first_failures: float = 0.5
    first_probes: float = 500.0
    """Taken for granted of a series that nothing is known of."""
    fewest: int = 2
    habit: float = 2.0
    """So many standard deviations (a count's: its square root) beyond what this hour usually reaches."""
    first_rate: float = 0.05
    """The usual rate is taken for so much at least on a series' first day, which may hold a recurring maintenance."""
    in_a_row: int = 3
    """So many failures in a row are trouble on a series' first day, whatever chance says."""
    accepted_after: int = 24
    """Hours under alert after which the new rate is normal."""


@dataclass(frozen=True, slots=True)
class ErrorsJudged:
    """Minutes of every series."""

    rate: Floats
    """By series: the usual share of failures at this hour, 0 … 1."""
    failures: Counts
    """By window (in the order of `WINDOWS`), minute and series: how many there were."""
    probes: Counts
    chance: Floats
    """By window, minute and series: how rarely so many failures come by chance; 1 where there are too few to ask."""
    firing: Flags
    """By minute and series."""
    accepted: Flags


class ErrorBaselines:
    """The state of the error rates of many series, hour by hour; see the module."""

    def __init__(self, zones: Sequence[str], rule: ErrorRule | None = None) -> None:
        """One time zone per series."""
        self._rule = rule or ErrorRule()
        count = len(zones)
        self._zones = [(Zone(name), np.flatnonzero(np.array(zones) == name)) for name in sorted(set(zones))]
        self._minutes = np.zeros((2, count, _HOUR), np.int64)
        """Probes and failures of the last hour."""
        self._seen = np.zeros((2, count), np.int64)
        """Of the hour that is going on, like the next, which holds only what is learned of it."""
        self._hour = np.zeros((2, count), np.int64)
        self._learned = np.zeros((2, count, _HOURS), np.int64)
        self._all = np.zeros((2, count, _HOURS), np.int64)
        """As `_learned`, and what was not learned from."""
        self._most = np.full((len(WINDOWS), count, _HOURS), np.nan, np.float32)
        """The most failures of a window that ended in that hour, by window."""
        self._peak = np.zeros((len(WINDOWS), count), np.int64)
        self._row = np.zeros(count, np.int64)
        self._since = np.full(count, -1, np.int64)
        self._begun: Counts = np.full(count, -1, np.int64)
        self._usual = np.zeros(count)
        self._least = np.zeros(count)
        """Rates that chance is reckoned with at least."""
        self._habit = np.zeros((len(WINDOWS), count))
        self._next: int | None = None
        self._over: FailureHours | None = None
        self._renewed: dict[int, int] = {}
        """Series → the minute that its new rate began in, for those that took one for normal in this hour."""
        self._amended: dict[int, int] = {}
        """Series → the first hour that is known differently since it was over."""

    @property
    def usual(self) -> Floats:
        """The usual share of failures in the hour that is going on."""
        return self._usual

    @property
    def known(self) -> Flags:
        """By series: whether there is a day of it, so that what is usual says something."""
        known: Flags = (self._begun >= 0) & (self._least == 0.0)
        return known

    @property
    def next(self) -> int:
        """The first minute that is still to come; 0 before any came."""
        return self._next or 0

    def seen(self, hour: int) -> Counts:
        """Probes and failures of an hour of the last three weeks, learned from or not; of this one, so far."""
        going_on = self._next is not None and hour == self._next // _HOUR
        return self._seen if going_on else self._all[:, :, hour % _HOURS]

    def hour_over(self) -> FailureHours:
        """What the hour leaves behind whose last minute was the latest one."""
        assert self._over is not None  # noqa: S101 - the caller saw it end
        return self._over

    def restore_hours(self, kept: FailureHours, next_hour: int) -> None:
        """Some of the hours that were kept, of which `next_hour` is the first that was not."""
        self._learned[0, kept.row, kept.hour % _HOURS] = kept.learned_asked
        self._learned[1, kept.row, kept.hour % _HOURS] = kept.learned_failed
        self._all[0, kept.row, kept.hour % _HOURS] = kept.asked
        self._all[1, kept.row, kept.hour % _HOURS] = kept.failed
        known = (kept.asked > 0) & (kept.most.T >= 0)
        self._most[:, kept.row, kept.hour % _HOURS] = np.where(known, kept.most.T, np.nan)
        last = kept.hour == next_hour - 1
        rows = kept.row[last]
        self._row[rows], self._since[rows], self._begun[rows] = kept.in_a_row[last], kept.since[last], kept.begun[last]

    def restored(self, next_hour: int, last_hour: Counts) -> None:
        """Go on after all that was given.

        `last_hour` holds what the 60 minutes before it showed: probes and failures, by series and minute.
        """
        self._next = next_hour * _HOUR
        self._minutes[:] = last_hour

    def exclude(self, series: int, first: int, end: int) -> None:
        """Forget what was learned from the hours of those minutes, as far as they are over."""
        hour = self.next // _HOUR
        hours = np.arange(max(first // _HOUR, hour - _HOURS + 1), min(-(-end // _HOUR), hour + 1))
        if not len(hours):
            return
        if hours[-1] == hour:
            self._hour[:, series] = 0
        past = hours[hours < hour]
        self._learned[:, series, past % _HOURS] = 0
        self._most[:, series, past % _HOURS] = np.nan
        self._amend(series, int(hours[0]))

    def accept(self, series: int) -> None:
        """Take the rate that it is at for normal from now on."""
        if self._since[series] < 0:
            return
        self._renewed[series] = int(self._since[series])
        self._since[series] = -1
        if self.next % _HOUR == 0 and self._over is not None:
            self._renew(self.next // _HOUR - 1)
            self._over.since[series] = -1

    def take_amended(self) -> AmendedFailures | None:
        """As an hour is over: earlier ones that are known differently since this was asked last."""
        amended, self._amended, hour = self._amended, {}, self.next // _HOUR - 1
        first = {row: max(since, hour - _HOURS + 1) for row, since in amended.items()}
        if not first:
            return None
        row = np.repeat(list(first), [hour + 1 - since for since in first.values()])
        hours = np.concatenate([np.arange(since, hour + 1) for since in first.values()])
        most = np.nan_to_num(self._most[:, row, hours % _HOURS].T, nan=-1).astype(np.int64)
        asked, failed = self._learned[:, row, hours % _HOURS]
        return AmendedFailures(row, hours, asked, failed, most)

    def _amend(self, series: int, first_hour: int) -> None:
        self._amended[series] = min(first_hour, self._amended.get(series, first_hour))

    def _renew(self, hour: int) -> None:
        """What was before a new rate says nothing any more; what was refused since it began is learned after all."""
        week = np.arange(hour - _WEEK, hour + 1)
        for series, since in self._renewed.items():
            new = week >= since // _HOUR
            self._learned[:, series, week % _HOURS] = np.where(new, self._all[:, series, week % _HOURS], 0)
            self._amend(series, hour - _WEEK)
        self._renewed = {}

    def observe(self, first: int, probes: Counts, failures: Counts, excluded: Flags | None = None) -> ErrorsJudged:
        """Judge minutes from `first` (counted from the epoch) on, all of one hour, and learn from them.

        `probes`, `failures` and `excluded` hold one row per minute. Minutes come in order; those that were left out had
        no probe. What is `excluded` (an incident, a maintenance) is judged, and not learned.
        """
        if self._next is not None and first < self._next:
            raise ValueError("minutes come in order")
        at = first if self._next is None else max(self._next, first - _HOURS * _HOUR)
        while at < first:
            end = min(first, (at // _HOUR + 1) * _HOUR)
            nothing = np.zeros((end - at, len(self._row)), np.int64)
            self._judge(at, nothing, nothing, None)
            at = end
        if first // _HOUR != (first + len(probes) - 1) // _HOUR:
            raise ValueError("the minutes are those of one hour")
        return self._judge(first, probes, failures, excluded)

    def _judge(self, first: int, probes: Counts, failures: Counts, excluded: Flags | None) -> ErrorsJudged:
        if self._next is None or first % _HOUR == 0:
            self._enter(first // _HOUR)
        self._next = first + len(probes)
        minutes = np.arange(first, self._next)
        begins = np.where((probes > 0).any(axis=0), minutes[np.argmax(probes > 0, axis=0)], -1)
        self._begun = np.where(self._begun < 0, begins, self._begun)
        asked, failed = self._sums(first, np.stack([probes, failures]))
        chance = self._chance(asked, failed)
        opens: Flags = np.any((chance <= self._rule.chance) & (failed > self._habit[:, None]), axis=0)
        age = np.where(self._begun < 0, 0, minutes[:, None] - self._begun)
        opens |= (age < _FIRST_DAY) & np.asarray(self._in_a_row(probes, failures) >= self._rule.in_a_row)
        opens &= age >= _HOUR
        stays: Flags = np.any(chance[:2] <= self._rule.chance_after, axis=0)
        firing, accepted = self._alerts(first, opens, stays)
        self._learn(probes, failures, failed, firing | (excluded if excluded is not None else False))
        return ErrorsJudged(self._usual, failed, asked, chance, firing & ~accepted, accepted)

    def _sums(self, first: int, counts: Counts) -> tuple[Counts, Counts]:
        """Probes and failures of the windows that end with each minute."""
        last_hour = self._minutes[:, :, np.arange(first - _HOUR, first) % _HOUR].transpose(0, 2, 1)
        running = np.concatenate([np.zeros_like(counts[:, :1]), last_hour, counts], axis=1).cumsum(axis=1)
        minutes = np.arange(_HOUR + 1, _HOUR + 1 + counts.shape[1])
        self._minutes[:, :, (first + np.arange(counts.shape[1])) % _HOUR] = counts.transpose(0, 2, 1)
        asked, failed = np.stack([running[:, minutes] - running[:, minutes - length] for length in WINDOWS], axis=1)
        return asked, failed

    def _chance(self, asked: Counts, failed: Counts) -> Floats:
        found = np.ones(asked.shape)
        for window, minute, series in zip(*np.nonzero(failed >= self._rule.fewest), strict=True):
            rate = min(1.0, max(float(self._least[series]), float(self._usual[series]) * self._rule.margin))
            place = window, minute, series
            found[place] = tail(int(asked[place]), int(failed[place]), rate)
        return found

    def _in_a_row(self, probes: Counts, failures: Counts) -> Counts:
        """Failures in a row up to each minute."""
        rows = np.zeros_like(probes)
        if failures.any() or self._row.any():
            for minute, (asked, failed) in enumerate(zip(probes, failures, strict=True)):
                self._row = np.where(asked == 0, self._row, np.where(failed == asked, self._row + failed, 0))
                rows[minute] = self._row
        return rows

    def _alerts(self, first: int, opens: Flags, stays: Flags) -> tuple[Flags, Flags]:
        """Which series are under alert in which minute, and where what they show is normal from then on."""
        firing, accepted = np.zeros_like(opens), np.zeros_like(opens)
        for series in np.flatnonzero(opens.any(axis=0) | (self._since >= 0)).tolist():
            since = int(self._since[series])
            for place in range(len(opens)):
                # What is usual now is known from the next hour on.
                news = bool(opens[place, series]) and series not in self._renewed
                on = news or (since >= 0 and bool(stays[place, series]))
                since = -1 if not on else since if since >= 0 else first + place
                firing[place, series] = on
                if on and first + place - since >= self._rule.accepted_after * _HOUR:
                    accepted[place, series], self._renewed[series], since = True, since, -1
            self._since[series] = since
        return firing, accepted

    def _learn(self, probes: Counts, failures: Counts, failed: Counts, refused: Flags) -> None:
        counts = np.stack([probes, failures])
        self._seen += counts.sum(axis=1)
        self._hour += np.where(refused, 0, counts).sum(axis=1)
        self._peak = np.maximum(self._peak, failed.max(axis=1))
        if self._next is not None and self._next % _HOUR == 0:
            hour = self._next // _HOUR - 1
            self._learned[:, :, hour % _HOURS] = self._hour
            self._all[:, :, hour % _HOURS] = self._seen
            self._renew(hour)
            self._most[:, :, hour % _HOURS] = np.where(self._seen[0] > 0, self._peak, np.nan)
            self._over = self._kept(hour)
            self._hour[:] = self._seen[:] = 0
            self._peak[:] = 0

    def _kept(self, hour: int) -> FailureHours:
        count = len(self._row)
        return FailureHours(
            row=np.arange(count),
            hour=np.full(count, hour),
            asked=self._seen[0].copy(),
            failed=self._seen[1].copy(),
            learned_asked=self._learned[0, :, hour % _HOURS].copy(),
            learned_failed=self._learned[1, :, hour % _HOURS].copy(),
            most=self._peak.T.copy(),
            in_a_row=self._row.copy(),
            since=self._since.copy(),
            begun=self._begun.copy(),
        )

    def _enter(self, hour: int) -> None:
        """The usual rate of the hour that begins, and what it is in the habit of reaching."""
        rule, week = self._rule, np.arange(hour - _WEEK, hour) % _HOURS
        n, bad = self._learned[:, :, week].sum(axis=2)
        overall = (bad + rule.first_failures) / (n + rule.first_probes)
        first_day = (self._begun < 0) | (hour * _HOUR - self._begun < _FIRST_DAY)
        self._least = np.where(first_day, rule.first_rate, 0.0)
        for zone, rows in self._zones:
            alike = Alike.to(zone, hour)
            near = alike.near[alike.near >= hour - _WEEK] % _HOURS
            own_n, own_bad = self._learned[:, rows][:, :, near].sum(axis=2)
            self._usual[rows] = (own_bad + rule.weight * overall[rows]) / (own_n + rule.weight)
            for window in range(len(WINDOWS)):
                most = self._most[window][rows]
                days, weeks = (reached_mostly(most[:, hours % _HOURS]) for hours in (alike.days, alike.weeks))
                reached = np.nan_to_num(np.fmax(days, weeks), nan=0.0)
                self._habit[window, rows] = reached + rule.habit * np.sqrt(reached)
        self._learned[:, :, hour % _HOURS] = 0
        self._most[:, :, hour % _HOURS] = np.nan


@lru_cache(maxsize=65_536)
def tail(n: int, least: int, rate: float) -> float:
    """The chance of `least` failures or more among n, each with that chance: the upper tail of the binomial law.

    By logarithms: the ways to choose among a thousand probes are no floating-point number.
    """
    if least <= 0 or least > n or rate <= 0 or rate >= 1:
        return 1.0 if least <= 0 or (least <= n and rate >= 1) else 0.0
    log_rate, log_rest, ways = log(rate), log1p(-rate), lgamma(n + 1)
    logs = (ways - lgamma(k + 1) - lgamma(n - k + 1) + k * log_rate + (n - k) * log_rest for k in range(least, n + 1))
    return min(1.0, fsum(map(exp, logs)))
