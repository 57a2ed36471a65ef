"""How the latest runs of one series had ended, at any instant: what `workflow_verdicts` would have said then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from metrics.model import RegionVerdict
from metrics.store.buckets import instant
from metrics.store.hindsight import FAILED, THROTTLED, RunRows, Told
from metrics.store.rollup.decided import Numbers
from metrics.store.rollup.layout import OUTCOMES
from metrics.store.verdicts import MOST_RUNS, horizon, quiet
from probes.model import FailureKind

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_US: Final = timedelta(microseconds=1)
_NOTHING: Final = Told(None, None, None, None, None, "", None)


class Standing(NamedTuple):
    """Which runs of a series count: all before `known` have come, some before `some`, and `first` is the oldest."""

    known: int
    some: int
    first: int
    is_quiet: bool


@dataclass(frozen=True, slots=True)
class Course:
    """The runs of one workflow from one region, in the order of their schedule."""

    region: str
    started_us: Numbers
    seen_us: Numbers
    outcome: NDArray[np.int8]
    held: NDArray[np.bool_]
    told: Mapping[int, Told]
    failing: Numbers
    """At each run: how many up to it failed in a row."""
    throttled: Numbers
    good: Numbers
    all_seen_us: Numbers
    """From when on this run and all before it were known."""
    any_seen_us: Numbers
    """From when on this run or one after it was known."""

    @classmethod
    def of(cls, rows: RunRows, code: int) -> Course:
        """The series with that code."""
        chosen = np.flatnonzero((rows.code == code) & rows.tells)
        outcome = rows.runs.outcome[chosen].astype(np.int8)
        seen = rows.seen_us[chosen]
        told = {place: rows.told[row] for place, row in enumerate(chosen.tolist()) if row in rows.told}
        later = np.minimum.accumulate(seen[::-1])[::-1] if len(seen) else seen
        return cls(
            region=rows.series[code][2],
            started_us=rows.started_us[chosen],
            seen_us=seen,
            outcome=outcome,
            held=rows.held[chosen],
            told=told,
            failing=streaks(outcome == FAILED),
            throttled=streaks(outcome == THROTTLED),
            good=streaks(outcome != FAILED),
            all_seen_us=np.maximum.accumulate(seen) if len(seen) else seen,
            any_seen_us=later,
        )

    def standing(self, now_us: int, every: timedelta) -> Standing:
        """Which of its runs count at that instant: as long as this is the same, so is the verdict."""
        known = int(self.all_seen_us.searchsorted(now_us, "right"))
        some = int(self.any_seen_us.searchsorted(now_us, "right"))
        first = int(self.started_us[:known].searchsorted(now_us - _whole(horizon(every))))
        newest = self.started_us[some - 1] if some else 0
        return Standing(known, some, max(first, known - MOST_RUNS), bool(now_us - newest > _whole(quiet(every))))

    def verdict(self, at: datetime, every: timedelta) -> RegionVerdict | None:
        """As it was told at that instant; None where nothing was told of late."""
        now = instant_us(at)
        return self.verdict_of(self.standing(now, every), now, every)

    def verdict_of(self, standing: Standing, now_us: int, every: timedelta) -> RegionVerdict | None:
        """The verdict of that standing, which is the one at that instant."""
        if standing.known == standing.some:
            return None if standing.is_quiet else self._told(np.arange(standing.first, standing.known), now_us, every)
        # A later run has come, and an earlier one has not.
        places = np.arange(max(0, standing.known - MOST_RUNS), standing.some)
        there = (self.seen_us[places] <= now_us) & (self.started_us[places] >= now_us - _whole(horizon(every)))
        return self._told(places[there][-MOST_RUNS:], now_us, every)

    def _told(self, places: Numbers, now: int, every: timedelta) -> RegionVerdict | None:
        """Of these runs, oldest first."""
        if not len(places) or now - self.started_us[places[-1]] > _whole(quiet(every)):
            return None
        newest = int(places[-1])
        whole = int(places[0]) == newest - len(places) + 1
        failing, throttled, good = (
            min(int(streak[newest]), len(places)) if whole else _at_end(hits[places])
            for streak, hits in (
                (self.failing, self.outcome == FAILED),
                (self.throttled, self.outcome == THROTTLED),
                (self.good, self.outcome != FAILED),
            )
        )
        return RegionVerdict(
            region=self.region,
            last_run_at=instant(int(self.started_us[newest])),
            last_outcome=OUTCOMES[int(self.outcome[newest])],
            failing=failing,
            good=good,
            throttled=throttled,
            failing_since=instant(int(self.started_us[places[-failing]])) if failing else None,
            latest=tuple(OUTCOMES[place] for place in self.outcome[places[::-1]].tolist()),
            **self._reason(places),
        )

    def _reason(self, places: Numbers) -> dict[str, Any]:
        newest = self.told.get(int(places[-1]), _NOTHING)
        made = next((place for place in places[::-1].tolist() if not self.held[place]), int(places[-1]))
        shown = self.told.get(made, _NOTHING)
        return {
            "failed_step": newest.failed_step,
            "kind": FailureKind(newest.kind) if newest.kind else None,
            "message": newest.message,
            "status": shown.status,
            "failed_integration": shown.failed_integration,
            "run_id": shown.run_id or None,
            "evidence_id": shown.evidence_id,
        }


def instant_us(at: datetime) -> int:
    """Whole microseconds since the epoch."""
    return (at - _EPOCH) // _US


def streaks(hits: NDArray[np.bool_]) -> Numbers:
    """How many hits in a row end at each place."""
    places = np.arange(len(hits))
    last = np.maximum.accumulate(np.where(hits, -1, places)) if len(hits) else places
    return np.where(hits, places - last, 0)


def _at_end(hits: NDArray[np.bool_]) -> int:
    return int(streaks(hits)[-1])


def _whole(length: timedelta) -> int:
    return length // _US
