"""Which verdicts are worth keeping: those that changed, and once an hour those that are not good."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from config.scalars import format_duration
from metrics.baseline.series import Measure
from metrics.budgets import budget_words
from metrics.model import Burn, LearnedVerdict, ObjectiveStatus
from metrics.quota.model import ForecastState, QuotaForecast
from metrics.store.database import Store
from metrics.store.evaluations import Explained, latest_verdicts, note_evaluations

AGAIN_AFTER: Final = timedelta(hours=1)
_LOUD: Final = frozenset({ForecastState.SPENT, ForecastState.RUNS_OUT})
_QUIET: Final = frozenset({"good", "accepted", "no_data", *ForecastState}) - _LOUD
"""Said when it is news, and not again every hour."""


class Explainer:
    """Keeps verdicts, and remembers what was said last of each. For one thread."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._said: dict[tuple[str, str, str], tuple[str, datetime]] | None = None

    def note(self, reached: Iterable[Explained]) -> None:
        """Keep what is news."""
        if self._said is None:
            self._said = self._store.read(latest_verdicts)
        news = []
        for one in reached:
            if self._is_news(one):
                news.append(one)
                self._said[one.kind, one.integration, one.subject] = one.verdict, one.judged_at
        if not news:
            return
        try:
            self._store.write(partial(note_evaluations, verdicts=news)).result()
        except BaseException:
            # It was not said.
            self._said = None
            raise

    def _is_news(self, one: Explained) -> bool:
        assert self._said is not None  # noqa: S101 - the caller read it
        before = self._said.get((one.kind, one.integration, one.subject))
        if before is None or before[0] != one.verdict:
            return before is not None or one.verdict not in _QUIET
        return one.verdict not in _QUIET and one.judged_at - before[1] >= AGAIN_AFTER


def _budget(left: float | None) -> str:
    if left is not None and left < 0:
        return budget_words(left)
    return f"{'unknown' if left is None else f'{left * 100:.0f} %'} of the error budget left"


def of_objective(status: ObjectiveStatus, at: datetime) -> Explained:
    """An objective: its worst burn if one is too fast, else its SLI against its target."""
    burning: list[Burn] = [burn for burn in status.burns if burn.firing]
    worst = max(burning, key=lambda burn: burn.long_burn or 0.0, default=None)
    known = status.good + status.bad
    words = f"{_budget(status.budget_left)}; {status.bad} of {known} slices bad"
    if worst is not None:
        span, pair = worst.pair.long, worst.pair
        words = f"burn {worst.long_burn:.3g} over {format_duration(span)}, {pair.factor:g} is too much; {words}"
    verdict = "no_data" if status.sli is None else "good"
    if status.budget_left is not None and status.budget_left <= 0:
        verdict = "spent"
    verdict = "burning" if worst else verdict
    seen = worst.long_burn if worst else status.sli
    against = worst.pair.factor if worst else status.objective.target
    unit = "burn rate" if worst else "share"
    return Explained(at, "objective", status.integration, status.key, verdict, seen, against, unit, known, words)


def of_quota(forecast: QuotaForecast, at: datetime) -> Iterator[Explained]:
    """A bucket, once for each integration that draws on it: its burn against what would last."""
    burn = forecast.burn
    for integration in forecast.integrations:
        yield Explained(
            judged_at=at,
            kind="quota",
            integration=integration,
            subject=forecast.key,
            verdict=forecast.state.value,
            seen=burn.per_h if burn else None,
            against=burn.lasting_per_h if burn else None,
            unit=f"{forecast.unit} an hour",
            samples=burn.readings if burn else None,
            words=forecast.sentence,
        )


def of_learned(verdict: LearnedVerdict) -> Explained:
    """A series against its learned limit."""
    key = verdict.key
    kind = "failures" if key.measure == Measure.FAILURES else "latency"
    subject = f"{key.workflow}/{key.region}/{key.subject}:{key.measure}"
    return Explained(
        judged_at=verdict.at,
        kind=kind,
        integration=key.integration,
        subject=subject,
        verdict=verdict.state.value,
        seen=verdict.seen,
        against=verdict.limit,
        unit=verdict.unit,
        samples=verdict.n,
        words=verdict.words,
    )
