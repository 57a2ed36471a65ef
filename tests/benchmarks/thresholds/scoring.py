"""How well alerts tell of incidents: which were found and how late, and how many alerts told of nothing.

An incident is a stretch of truth (stretches that are close are one); an episode is a stretch of alert (likewise: one
page, not many). An incident is found by an episode that begins in it, or up to `lead_s` before, and not later than
`most_delay_s` after its start: an alert that was on already is no news. An episode is false that touches no incident
(widened by `lead_s` and `slack_s`), and so is one that began in an incident and is still on `overhang_s` after its end.
Truth of the kind "ignore" counts neither way.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

_GRID_S: Final = 60
_HOUR: Final = 3_600
_WEEK: Final = 7 * 24 * _HOUR

Flags = NDArray[np.bool_]
Stretch = tuple[int, int]
"""In steps of the grid; the end is the first step after it."""


@dataclass(frozen=True, slots=True)
class Patience:
    """What counts as one, as found, as late; seconds."""

    merge_s: int = 1_800
    regroup_s: int = 1_800
    lead_s: int = 300
    most_delay_s: int = 1_800
    slack_s: int = 3_600
    overhang_s: int = 6 * _HOUR

    @classmethod
    def of(cls, bucket_s: int) -> Patience:
        """Of a detector that sees buckets of that length."""
        if bucket_s >= _HOUR:
            return cls(3 * _HOUR, 3 * _HOUR, 2 * _HOUR, 8 * _HOUR, 6 * _HOUR, 24 * _HOUR)
        return cls(lead_s=min(bucket_s, 300))


@dataclass
class Score:
    """Of one series, or of several together."""

    incidents: int = 0
    found: int = 0
    false: int = 0
    repeats: int = 0
    weeks: float = 0.0
    delays_min: list[float] = field(default_factory=list)

    def __add__(self, other: Score) -> Score:
        return Score(
            self.incidents + other.incidents,
            self.found + other.found,
            self.false + other.false,
            self.repeats + other.repeats,
            self.weeks + other.weeks,
            self.delays_min + other.delays_min,
        )

    @property
    def precision(self) -> float:
        """Share of alerts that told of something."""
        alerts = self.found + self.false
        return self.found / alerts if alerts else float("nan")

    @property
    def recall(self) -> float:
        """Share of incidents that were found."""
        return self.found / self.incidents if self.incidents else float("nan")

    @property
    def f1(self) -> float:
        """The harmonic mean of both; 0 when nothing was found."""
        return 2 * self.found / (self.found + self.false + self.incidents) if self.found else 0.0

    @property
    def false_per_week(self) -> float:
        """False alerts per week and series."""
        return self.false / self.weeks if self.weeks else float("nan")

    def delay(self, share: float) -> float:
        """Minutes from an incident's start to its alert, as a quantile."""
        return float(np.quantile(self.delays_min, share)) if self.delays_min else float("nan")


def score(
    alerts: Iterable[tuple[float, float | None]],
    truth: Iterable[tuple[int, int, str]],
    start: int,
    end: int,
    bucket_s: int,
    from_day: float = 1.0,
) -> Score:
    """Of one series of seconds `start` to `end`; alerts are (fired, resolved or None), and its first day is not judged.

    Raises ValueError for an alert that lies outside of the series.
    """
    steps = (end - start) // _GRID_S + 1
    told = list(truth)
    firing = _alerts(alerts, start, end, steps)
    known = _marked([one for one in told if one[2] != "ignore"], start, steps)
    ignored = _marked([one for one in told if one[2] == "ignore"], start, steps)
    first = int(from_day * 24 * _HOUR / _GRID_S)
    return _scored(firing, known, ignored, (min(first, steps), steps), Patience.of(bucket_s))


def _alerts(alerts: Iterable[tuple[float, float | None]], start: int, end: int, steps: int) -> Flags:
    firing = np.zeros(steps, np.bool_)
    for fired, resolved in alerts:
        if not start <= fired < end:
            raise ValueError(f"fired_at {fired} lies outside of the series ({start} to {end})")
        place = int((fired - start) // _GRID_S)
        firing[place : max(place + 1, int(((resolved or end) - start) // _GRID_S))] = True
    return firing


def _marked(told: Iterable[tuple[int, int, str]], start: int, steps: int) -> Flags:
    flags = np.zeros(steps, np.bool_)
    for begins, ends, _ in told:
        flags[max(0, (begins - start) // _GRID_S) : -((start - ends) // _GRID_S)] = True
    return flags


def _scored(firing: Flags, known: Flags, ignored: Flags, judged: Stretch, patience: Patience) -> Score:
    first, last = judged
    incidents = stretches(known, patience.merge_s // _GRID_S)
    episodes = stretches(firing, patience.regroup_s // _GRID_S)
    total = Score(weeks=(last - first) * _GRID_S / _WEEK)
    about_something: set[Stretch] = set()
    for incident in incidents:
        near = [one for one in episodes if _touches(one, incident, patience)]
        about_something.update(near)
        if first <= incident[0] < last:
            total += _told(incident, near, patience)
    for one in episodes:
        passed_over = ignored[max(0, one[0] - 1) : one[0] + 2].any()
        if one not in about_something and first <= one[0] < last and not passed_over:
            total.false += 1
    return total


def _touches(episode: Stretch, incident: Stretch, patience: Patience) -> bool:
    begins, ends = incident[0] - patience.lead_s // _GRID_S, incident[1] + patience.slack_s // _GRID_S
    return episode[0] < ends and episode[1] > begins


def _told(incident: Stretch, near: Sequence[Stretch], patience: Patience) -> Score:
    """What the episodes near an incident amount to."""
    begins, ends = incident
    earliest = begins - patience.lead_s // _GRID_S
    latest = min(ends - 1, begins + patience.most_delay_s // _GRID_S)
    one, first = Score(incidents=1), None
    for at, until in near:
        if earliest <= at <= latest and first is None:
            first = at
        elif earliest <= at < ends:
            one.repeats += 1
        if until - ends > patience.overhang_s // _GRID_S and at <= ends:
            one.false += 1
    if first is not None:
        one.found = 1
        one.delays_min.append(max(0, first - begins) * _GRID_S / 60)
    return one


def stretches(flags: Flags, gap: int) -> list[Stretch]:
    """Where flags are up; stretches that at most `gap` steps part are one."""
    edges = np.flatnonzero(np.diff(flags.astype(np.int8), prepend=0, append=0))
    found: list[Stretch] = []
    for begins, ends in edges.reshape(-1, 2).tolist():
        if found and begins - found[-1][1] <= gap:
            found[-1] = (found[-1][0], ends)
        else:
            found.append((begins, ends))
    return found
