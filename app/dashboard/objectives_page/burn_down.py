"""How the budgets of a few objectives went down over their windows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate, pairwise
from typing import Final

from duckdb import DuckDBPyConnection

from app.dashboard.view import View
from config.model import Config
from metrics.model import ObjectiveStatus, SliceCount, Window
from metrics.store.slices import Question, all_slice_counts

MOST: Final = 60
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LENGTHS: Final = tuple(timedelta(hours=hours) for hours in (1, 6, 24, 168))
"""Of a step: they begin and end where roll-ups do, so that no raw row is read."""
_LAST: Final = timedelta(minutes=5)
_FRESH_FOR: Final = timedelta(minutes=2)

Course = tuple[float, ...]
"""Share of the budget that was left at the end of each step, the last one now."""


def burn_downs(view: View, statuses: Sequence[ObjectiveStatus]) -> dict[tuple[str, str], Course]:
    """By integration and key; without those that roll-ups cannot count, and those without a budget."""
    asked = [one for one in statuses if not one.objective.from_runs and one.budget_left is not None]
    key = tuple((one.integration, one.key) for one in asked)
    config = view.config
    return view.ask(("burn-downs", config.version, key), lambda con: _courses(con, config, asked), _FRESH_FOR)


def _courses(
    con: DuckDBPyConnection, config: Config, statuses: Sequence[ObjectiveStatus]
) -> dict[tuple[str, str], Course]:
    declared = [(one, config.integration(one.integration)) for one in statuses]
    known = [(one, integration) for one, integration in declared if integration is not None]
    questions = [Question(integration, one.objective, _steps(one.window)) for one, integration in known]
    counts = all_slice_counts(con, questions) if questions else []
    return {(one.integration, one.key): _course(one, found) for (one, _), found in zip(known, counts, strict=True)}


def _steps(window: Window) -> tuple[Window, ...]:
    """As fine as gives at most `MOST`; the first begins a little before the window, the last ends a little before."""
    each = next((length for length in _LENGTHS if window.length / length < MOST - 1), _LENGTHS[-1])
    edges, end = [_floor(window.start, each)], _floor(window.end, _LAST)
    while edges[-1] + each < end:
        edges.append(edges[-1] + each)
    return tuple(Window(start, after) for start, after in pairwise([*edges, end]) if start < after)


def _floor(at: datetime, length: timedelta) -> datetime:
    return at - (at - _EPOCH) % length


def _course(status: ObjectiveStatus, counts: Sequence[SliceCount]) -> Course:
    """Ends at what is left now; in between, by the bad time until then."""
    bad = list(accumulate(count.bad_ms for count in counts))
    spent = 1 - (status.budget_left if status.budget_left is not None else 1.0)
    if not bad or not bad[-1]:
        return (1 - spent,) * len(counts)
    return tuple(1 - spent * so_far / bad[-1] for so_far in bad)
