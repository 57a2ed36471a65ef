"""How much of which error budget went within a stretch of time, such as an outage or a week?"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from duckdb import DuckDBPyConnection

from config.model import Config, Objective
from metrics.calendars import budget_window
from metrics.model import SliceCount, Window, objective_key
from metrics.slo import error_share
from metrics.store.from_runs.counting import RunMemo, count_from_runs
from metrics.store.slices import Question, SliceMemo, all_slice_counts


@dataclass(frozen=True, slots=True)
class Spent:
    """One objective: what was counted in each of the stretches, and in its budget's window as it stood at the end.

    A budget is the bad time that the target allows of all that the schedules promise: 1 = all of it.
    """

    subject: str
    """Integration, or `flow:NAME`."""
    objective: Objective
    within: tuple[SliceCount, ...]
    """By stretch."""
    whole: SliceCount
    """In the budget's window, as far as it was over."""
    ahead_ms: int
    """What the schedules promise for the rest of a calendar window."""

    @property
    def key(self) -> str:
        """Stable within its subject: `availability@99.9%/30d`."""
        return objective_key(self.objective)

    def share(self, stretch: int = 0) -> float | None:
        """Share of the whole budget that went in that stretch; above 1 when it took more than there was."""
        return self._part(self.within[stretch].bad_ms)

    def minutes(self, stretch: int = 0) -> float | None:
        """The same as minutes in which nothing works: a budget of 99.9 % over 30 days has 43.2 of them."""
        share = self.share(stretch)
        return None if share is None else share * self.budget_minutes

    @property
    def budget_minutes(self) -> float:
        """How many minutes in which nothing works the target allows in its window."""
        return float(error_share(self.objective.target)) * (self.objective.length / timedelta(minutes=1))

    @property
    def left(self) -> float | None:
        """What was left of the budget at the end; negative when it was overspent."""
        spent = self._part(self.whole.bad_ms)
        return None if spent is None else 1 - spent

    def sli(self, stretch: int = 0) -> float | None:
        """good ÷ measured time in that stretch."""
        return self.within[stretch].share

    def kept(self, stretch: int = 0) -> bool | None:
        """Whether the target held in that stretch by itself; None when nothing was measured. Exactly, as a fraction."""
        count = self.within[stretch]
        measured = count.good_ms + count.bad_ms
        return Fraction(count.bad_ms, measured) <= error_share(self.objective.target) if measured else None

    def _part(self, bad_ms: int) -> float | None:
        allowed = error_share(self.objective.target) * (self.whole.expected_ms + self.ahead_ms)
        return float(Fraction(bad_ms) / allowed) if allowed else None


def spending(
    con: DuckDBPyConnection,
    config: Config,
    stretches: Sequence[Window],
    at: datetime,
    subjects: Collection[str] | None = None,
) -> tuple[Spent, ...]:
    """Of every objective of those subjects (None: all), in the order of the configuration; budgets as they stood `at`.

    Nothing is expected of a series before its first measured slice, so that a young store's budgets are small.
    """
    asked = [
        (integration, objective)
        for integration in config.integrations
        if subjects is None or integration.name in subjects
        for objective in integration.objectives
        if not objective.from_runs
    ]
    questions = [Question(one, objective, _windows(objective, stretches, at)) for one, objective in asked]
    found = [
        _spent(integration.name, objective, counts)
        for (integration, objective), counts in zip(asked, all_slice_counts(con, questions, SliceMemo()), strict=True)
    ]
    return (*found, *_from_runs(con, config, stretches, at, subjects))


def _from_runs(
    con: DuckDBPyConnection,
    config: Config,
    stretches: Sequence[Window],
    at: datetime,
    subjects: Collection[str] | None,
) -> Iterator[Spent]:
    memo = RunMemo()
    watched = memo.of(config)
    meant = [subjects is None or one.subject in subjects for one in watched]
    if not any(meant):
        return
    nothing = (Window(at, at),)
    windows = [
        _windows(one.objective, stretches, at) if mine else nothing for one, mine in zip(watched, meant, strict=True)
    ]
    for one, mine, counts in zip(watched, meant, count_from_runs(con, memo, windows, at), strict=True):
        if mine:
            yield _spent(one.subject, one.objective, tuple(map(SliceCount._make, counts.tolist())))


def _windows(objective: Objective, stretches: Sequence[Window], at: datetime) -> tuple[Window, ...]:
    budget = budget_window(objective, at)
    return (*stretches, Window(budget.start, at), Window(at, max(at, budget.end)))


def _spent(subject: str, objective: Objective, counts: tuple[SliceCount, ...]) -> Spent:
    *within, whole, ahead = counts
    return Spent(subject, objective, tuple(within), whole, ahead.expected_ms)
