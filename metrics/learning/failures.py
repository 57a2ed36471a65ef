"""Failures of many workflows against what chance explains at this hour."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

import numpy as np
from duckdb import DuckDBPyConnection
from numpy.typing import NDArray

from metrics.baseline.errors import WINDOWS, ErrorBaselines, ErrorRule, ErrorsJudged
from metrics.baseline.kept import AmendedFailures, FailureHours
from metrics.baseline.series import HOUR_S, MINUTE_S, Monitor
from metrics.learning.places import Places
from metrics.learning.words import too_many, usual_of
from metrics.model import LearnedState, LearnedVerdict
from metrics.operating import Usual
from metrics.store.learned import figures, state
from metrics.store.learned.firing import load_firing, save_firing
from metrics.store.learned.orders import Action, Order

Whole = NDArray[np.int64]
_HOUR = HOUR_S // MINUTE_S


@dataclass(slots=True)
class _Chunk:
    first: int
    asked: Whole
    failed: Whole
    excluded: NDArray[np.bool_]
    ordered: list[tuple[int, int, Order]]
    """Minute, row and what a person said about it then."""


class FailureJudge:
    """Workflows by region, minute by minute. See `metrics.learning.course.Judge`."""

    def __init__(self, monitors: Sequence[Monitor], ids: Whole) -> None:
        self._monitors, self._ids = monitors, ids
        self._places = Places(ids)
        self._rule = ErrorRule()
        self._chunk: _Chunk | None = None
        self.forget()

    @property
    def series(self) -> int:
        """How many there are."""
        return len(self._monitors)

    def forget(self) -> None:
        """Nothing is known."""
        self._baselines = ErrorBaselines([monitor.zone for monitor in self._monitors], self._rule)
        self._was_firing = np.zeros(len(self._monitors), np.bool_)
        self._since: Whole = np.full(len(self._monitors), -1, np.int64)
        self._hours: list[FailureHours] = []
        self._amended: list[AmendedFailures] = []
        self.firing: dict[int, LearnedVerdict] = {}

    def restoring(self, before: int) -> Iterator[Callable[[DuckDBPyConnection], None]]:
        """What makes it as it was when the hour `before` began, one look at the store after the other."""
        self.forget()

        def some_hours(con: DuckDBPyConnection, of: tuple[int, int]) -> None:
            kept = state.load(con, FailureHours, self._ids, of)
            self._baselines.restore_hours(kept, before)
            last = kept.hour == before - 1
            self._since[kept.row[last]] = kept.since[last]

        def the_rest(con: DuckDBPyConnection) -> None:
            last_hour = self._counts(con, (before - 1) * _HOUR, before * _HOUR)
            # The ring of minutes begins with the full hour.
            self._baselines.restored(before, last_hour.transpose(0, 2, 1))
            self._was_firing = self._since >= 0
            self.firing = load_firing(con, self._monitors, self._ids, self._was_firing)

        for of in state.stretches(FailureHours, before, self.series):
            yield partial(some_hours, of=of)
        yield the_rest

    def read(self, con: DuckDBPyConnection, first: int, end: int, orders: Sequence[Order]) -> None:
        """The runs from the minute `first` to before `end`, to be judged next."""
        asked, failed = self._counts(con, first, end)
        excluded = np.zeros(asked.shape, np.bool_)
        ordered = self._places.spoken(orders, MINUTE_S, first, excluded)
        self._chunk = _Chunk(first, asked, failed, excluded, ordered)

    def judge(self, first: int, end: int) -> list[LearnedVerdict]:
        """Minutes that were read before → what has changed."""
        changes, at = list[LearnedVerdict](), first
        ordered = self._chunk.ordered if self._chunk is not None else []
        while at < end:
            hour = (at // _HOUR + 1) * _HOUR
            until = min(end, hour, *(said + 1 for said, _, _ in ordered if said >= at))
            changes += self._judge(at, until)
            changes += [one for said, row, order in ordered if said + 1 == until for one in self._carry_out(row, order)]
            if until == hour:
                self._hours.append(self._baselines.hour_over())
                amended = self._baselines.take_amended()
                self._amended += [amended] if amended is not None else []
            at = until
        return changes

    def _judge(self, first: int, end: int) -> list[LearnedVerdict]:
        chunk = self._chunk
        assert chunk is not None  # noqa: S101 - the caller read it
        read = slice(first - chunk.first, end - chunk.first)
        judged = self._baselines.observe(first, chunk.asked[read], chunk.failed[read], chunk.excluded[read])
        return self._changes(first, judged)

    def _carry_out(self, row: int, order: Order) -> list[LearnedVerdict]:
        """What was ordered in the minute that was judged last."""
        if order.action is Action.EXCLUDE:
            self._baselines.exclude(row, *order.buckets(MINUTE_S))
            return []
        verdict = self.firing.pop(row, None)
        self._baselines.accept(row)
        self._was_firing[row], self._since[row] = False, -1
        if verdict is None:
            return []
        at = _end_of(self._baselines.next - 1)
        return [verdict._replace(state=LearnedState.ACCEPTED, at=at, words=f"{verdict.words}; accepted by hand")]

    def usual(self, integrations: Collection[str]) -> list[Usual]:
        """Which share of the runs of their workflows fails usually in this hour, as far as it is known."""
        known, share = self._baselines.known, self._baselines.usual
        rows = [row for row, one in enumerate(self._monitors) if one.key.integration in integrations and known[row]]
        return [usual_of(self._monitors[row].key, float(share[row])) for row in rows]

    def take_kept(self) -> Callable[[DuckDBPyConnection], None]:
        """What stores the hours that were over since this was asked last, inside its caller's transaction."""
        hours, amended, firing = self._hours, self._amended, dict(self.firing)
        self._hours, self._amended = [], []

        def save(con: DuckDBPyConnection) -> None:
            if hours:
                state.save(con, FailureHours.joined(hours), self._ids)
            for one in amended:
                state.amend_failures(con, one, self._ids)
            save_firing(con, firing, self._ids)

        return save

    def first_change(self, con: DuckDBPyConnection, buckets: Sequence[int]) -> int | None:
        """The first minute of the first hour with one of these judged minutes whose runs are not those judged."""
        for hour in sorted({minute // _HOUR for minute in buckets}):
            now = self._counts(con, hour * _HOUR, min((hour + 1) * _HOUR, self._baselines.next)).sum(axis=1)
            if not np.array_equal(now, self._baselines.seen(hour)):
                return hour * _HOUR
        return None

    def _counts(self, con: DuckDBPyConnection, first: int, end: int) -> Whole:
        """Runs and failures, by minute and series."""
        counts = np.zeros((2, end - first, len(self._monitors)), np.int64)
        seen = figures.failure_counts(con, first, end)
        rows, known = self._places.of(seen.series)
        counts[:, seen.minute[known] - first, rows] = seen.asked[known], seen.failed[known]
        return counts

    def _changes(self, first: int, judged: ErrorsJudged) -> list[LearnedVerdict]:
        before = np.concatenate([self._was_firing[None], judged.firing[:-1]])
        self._was_firing = judged.firing[-1]
        changes = []
        for place, row in zip(*np.nonzero(before != judged.firing), strict=True):
            begins = bool(judged.firing[place, row])
            self._since[row] = first + place if begins else self._since[row]
            said = LearnedState.ACCEPTED if judged.accepted[place, row] else LearnedState.GOOD
            changes.append(self._verdict(first, place, row, judged, LearnedState.FIRING if begins else said))
            self._since[row] = self._since[row] if begins else -1
        last = len(judged.firing) - 1
        rows = np.flatnonzero(self._was_firing).tolist()
        self.firing = {row: self._verdict(first, last, row, judged, LearnedState.FIRING) for row in rows}
        return changes

    def _verdict(self, first: int, place: int, row: int, judged: ErrorsJudged, said: LearnedState) -> LearnedVerdict:
        chances = judged.chance[:, place, row]
        window = int(np.argmin(chances))
        # False sorts before true: the first that is rare enough, else the rarest.
        shortest = min(range(len(WINDOWS)), key=lambda one: (chances[one] > self._rule.chance_after, chances[one]))
        asked, failed = int(judged.probes[window, place, row]), int(judged.failures[window, place, row])
        usual, chance = float(judged.rate[row]), float(judged.chance[window, place, row])
        end = _end_of(first + int(place))
        return LearnedVerdict(
            key=self._monitors[row].key,
            state=said,
            at=end,
            since=_end_of(int(self._since[row])) if self._since[row] >= 0 else end,
            seen=failed / asked if asked else 0.0,
            usual=usual,
            limit=usual * self._rule.margin,
            unit="share",
            n=asked,
            words=too_many(failed, asked, WINDOWS[window], usual, chance, firing=said is LearnedState.FIRING),
            window=timedelta(minutes=WINDOWS[shortest]),
        )


def _end_of(minute: int) -> datetime:
    return datetime.fromtimestamp((minute + 1) * MINUTE_S, UTC)
