"""When the runs of series may have told a rule something new.

A run that fails alone and is not confirmed tells nobody anything, unless others fail with it: then it may be a region's
network, or a storm.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from config.model import Config
from metrics.hindsight.course import Course, streaks
from metrics.store.hindsight import FAILED, THROTTLED, UNSTABLE
from metrics.store.rollup.decided import Numbers
from metrics.store.schedule import Series
from metrics.store.verdicts import MOST_RUNS, horizon, quiet

_US: Final = timedelta(microseconds=1)
_STALE: Final = (3, timedelta(seconds=60))
"""After so many intervals and so long nobody counts on what a region said."""
_SHAKY: Final = 2
"""Fewer retried runs among the latest say nothing."""

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Needed:
    """How many runs in a row decide anything."""

    failures: int
    good: int

    @classmethod
    def of(cls, config: Config) -> Needed:
        """What any rule of that configuration asks for, and one more."""
        alerting = config.alerting
        recoveries = [alerting.confirm.recoveries, 2]
        for tuning in alerting.rules.values():
            said = [tuning.recoveries, *(one.recoveries for one in tuning.overrides)]
            recoveries += [count for count in said if count is not None]
        return cls(alerting.confirm.failures, max(recoveries) + 1)


def series_moments(config: Config, courses: Mapping[Series, Course]) -> Iterator[Numbers]:
    """Milliseconds: of each series the confirmed failures, the throttled runs, and the good ones after them; where runs
    failed to come, or came late; and whatever came while several integrations failed."""
    needed, failing = Needed.of(config), defaultdict[str, list[Span]](list)
    there = [(name, every, courses[key]) for name, every, key in _watched(config) if key in courses]
    there = [one for one in there if len(one[2].seen_us)]
    for name, every, course in there:
        failing[name] += _failing(course)
        yield _own(course, every, needed)
    spans = {name: _merged(found) for name, found in failing.items()}
    yield _among(list(_together(spans)), failing, [course for _, _, course in there])


def _watched(config: Config) -> Iterator[tuple[str, timedelta, Series]]:
    for integration in config.integrations:
        for workflow in integration.workflows:
            for region in workflow.regions:
                yield integration.name, workflow.every, (integration.name, workflow.name, region)


def _own(course: Course, every: timedelta, needed: Needed) -> Numbers:
    started, seen = course.started_us, course.seen_us
    # While one is missing, those around it are in a row; until it comes, and until good ones settled that.
    strays = (course.all_seen_us != seen) | (course.any_seen_us != seen)
    telling = (course.failing >= needed.failures) | (course.outcome == THROTTLED) | strays
    told = [seen[_unsettled(telling, course, needed.good)], seen[_near(_shaky(course), MOST_RUNS)]]
    told += [started[telling] + horizon(every) // _US, started[:1]]
    for away in (_STALE[0] * every + _STALE[1], quiet(every)):
        gone = started + away // _US
        gap = np.append(seen[1:] > gone[:-1], True)
        told += [gone[gap] + 1, seen[1:][gap[:-1]]]
    return _ms(np.concatenate(told))


def _unsettled(telling: NDArray[np.bool_], course: Course, good: int) -> NDArray[np.bool_]:
    """Those, and all after each up to the last of so many good ones in a row."""
    places = np.arange(len(telling))
    last = np.maximum.accumulate(np.where(telling, places, -1))
    fine = streaks((course.outcome != FAILED) & (course.outcome != THROTTLED)) >= good
    settled = np.append(-1, np.maximum.accumulate(np.where(fine, places, -1))[:-1]) if len(places) else places
    found: NDArray[np.bool_] = last > settled
    return found


def _near(telling: NDArray[np.bool_], after: int) -> NDArray[np.bool_]:
    """Those, and so many after each."""
    places = np.arange(len(telling))
    last = np.maximum.accumulate(np.where(telling, places, -after - 1))
    return places - last <= after


def _shaky(course: Course) -> NDArray[np.bool_]:
    """Runs that passed only at the second try, with others near them."""
    retried = np.cumsum(course.outcome == UNSTABLE)
    lately = retried - np.concatenate([np.zeros(MOST_RUNS, np.int64), retried])[: len(retried)]
    found: NDArray[np.bool_] = (course.outcome == UNSTABLE) & (lately >= _SHAKY)
    return found


def _failing(course: Course) -> list[Span]:
    """From the start of each failed run to when the next one was known."""
    places = np.flatnonzero(course.outcome == FAILED)
    later = np.append(course.seen_us, course.seen_us[-1:])[places + 1]
    return list(zip(course.started_us[places].tolist(), later.tolist(), strict=True))


def _merged(spans: Iterable[Span]) -> list[Span]:
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def _together(spans: Mapping[str, Sequence[Span]]) -> Iterator[Span]:
    """When more than one of them failed."""
    edges = sorted(
        (at, step) for found in spans.values() for span in found for at, step in zip(span, (1, -1), strict=True)
    )
    several, since = 0, 0
    for at, step in edges:
        several += step
        if several == 2 and step > 0:
            since = at
        elif several == 1 and step < 0:
            yield since, at


def _among(several: Sequence[Span], failing: Mapping[str, Sequence[Span]], courses: Sequence[Course]) -> Numbers:
    """While several failed: every failure, and the first run of each series after each of them began or was over."""
    if not several:
        return np.zeros(0, np.int64)
    starts, ends = np.array(several, np.int64).T
    edges = np.unique(np.array([at for spans in failing.values() for span in spans for at in span], np.int64))
    place = np.searchsorted(starts, edges, "right") - 1
    edges = edges[(place >= 0) & (edges <= ends[place])]
    found = [ends + 1]
    for course in courses:
        after = np.searchsorted(course.started_us, edges)
        found += [course.seen_us[(after + more)[after + more < len(course.seen_us)]] for more in (-1, 0)]
    return _ms(np.unique(np.concatenate(found)))


def _ms(us: Numbers) -> Numbers:
    return -(-us // 1000)
