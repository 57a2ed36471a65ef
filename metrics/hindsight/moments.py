"""When the runs of series may have told a rule something new."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from config.model import Config
from metrics.hindsight.course import Course
from metrics.kinds import NETWORK
from metrics.store.hindsight import PASSED, UNSTABLE
from metrics.store.rollup.decided import Numbers
from metrics.store.schedule import Series
from metrics.store.verdicts import horizon, quiet

_US: Final = timedelta(microseconds=1)
_STALE: Final = (3, timedelta(seconds=60))
"""After so many intervals and so long nobody counts on what a region said."""
_NETWORK: Final = frozenset(kind.value for kind in NETWORK)


def series_moments(config: Config, courses: Mapping[Series, Course], needed: int) -> Iterator[Numbers]:
    """Milliseconds: of each series the runs that were not good and the `needed` good ones after them, and where runs
    failed to come; and of regions that fail to connect, when the others of them answered."""
    there: dict[str, list[Course]] = defaultdict(list)
    for integration in config.integrations:
        for workflow in integration.workflows:
            for region in workflow.regions:
                course = courses.get((integration.name, workflow.name, region))
                if course is not None and len(course.seen_us):
                    there[region].append(course)
                    yield _own(course, workflow.every, needed)
    for some in there.values():
        yield _answers(some)


def _own(course: Course, every: timedelta, needed: int) -> Numbers:
    good = (course.outcome == PASSED) | (course.outcome == UNSTABLE)
    calm = _since_trouble(good) > needed
    started, seen = course.started_us, course.seen_us
    told = [seen[~calm], started[~good] + horizon(every) // _US, started[-1:]]
    for away in (_STALE[0] * every + _STALE[1], quiet(every)):
        gone = started + away // _US
        gap = np.append(seen[1:] > gone[:-1], True)
        told += [gone[gap] + 1, seen[1:][gap[:-1]]]
    # Whatever comes out of order is looked at by itself.
    told.append(seen[course.all_seen_us != seen])
    return _ms(np.concatenate(told))


def _since_trouble(good: NDArray[np.bool_]) -> Numbers:
    """How many good ones in a row end at each place; more than any where none was bad before."""
    places = np.arange(len(good))
    last = np.maximum.accumulate(np.where(good, -len(good) - 1, places))
    return np.where(good, places - last, 0)


def _answers(courses: Sequence[Course]) -> Numbers:
    """The first run of each series after each start of a failure to connect, where several fail so at once."""
    starts = np.array(list(_together(sorted(span for course in courses for span in _cut_off(course)))), np.int64)
    found = [np.zeros(0, np.int64)]
    for course in courses:
        after = np.searchsorted(course.started_us, starts, "right")
        found.append(course.seen_us[after[after < len(course.seen_us)]])
    return _ms(np.unique(np.concatenate(found)))


def _together(spans: Sequence[tuple[int, int]]) -> Iterator[int]:
    """The starts of those that overlap another one."""
    latest, waiting = 0, 0
    for start, end in spans:
        if start <= latest:
            if waiting:
                yield waiting
            yield start
            waiting = 0
        else:
            waiting = start
        latest = max(latest, end)


def _cut_off(course: Course) -> Iterator[tuple[int, int]]:
    """From the start of each run that could not connect to when the next one was known."""
    for place, told in course.told.items():
        if told.kind in _NETWORK:
            later = place + 1
            end = course.seen_us[later] if later < len(course.seen_us) else course.seen_us[place]
            yield int(course.started_us[place]), int(end)


def _ms(us: Numbers) -> Numbers:
    return -(-us // 1000)
