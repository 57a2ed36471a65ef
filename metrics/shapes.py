"""Whether the shape of a step's answers has changed for good. Pure.

A path is judged where it can be: a key only where the object that should have it is there, so that an empty list, a
null or a missing parent says nothing about what would be in it. Something is usual when it held in 99 % of at least 20
good answers to the same request; a change is lasting when the latest 3 answers from a region all show it (the latest 2
where they fail by it). After a week the new shape is the usual one.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from metrics.changing import ShapeChange

LEARNED_FOR: Final = timedelta(days=14)
"""Answers older than this count no more."""
NORMAL_AFTER: Final = timedelta(days=7)
MIN_LEARNED: Final = 20
MOST_STRAYS: Final = 0.01
LASTING: Final = 3
LASTING_IF_FAILED: Final = 2
_COMPARED: Final = 50
"""The most frequent shapes of a step that the latest one is held against."""
_ORDER: Final = tuple(ShapeChange)
_LAST: Final = re.compile(r"(?:\[\*\]|\[<id>\]|\['[^']*'\]|\.\w+)\Z")


@dataclass(frozen=True, slots=True, eq=False)
class KnownShape:
    """A shape as it is compared: path → its types. Each is equal to itself only, so that comparisons are remembered."""

    request: str
    paths: Mapping[str, frozenset[str]]
    complete: bool


@dataclass(frozen=True, slots=True)
class ShapeDay:
    """How often one shape was seen on one day."""

    shape_id: str
    good: int
    bad: int
    first_seen: datetime
    last_seen: datetime


@dataclass(frozen=True, slots=True)
class Sighting:
    """One attempt whose answer was looked at."""

    region: str
    shape_id: str
    at: datetime
    failed: bool


@dataclass(frozen=True, slots=True)
class Drift:
    """A lasting change at one path of one step."""

    path: str
    change: ShapeChange
    was: str
    now: str
    since: datetime
    learned: int
    seen: int
    failing: bool
    regions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Feature:
    """Something that a shape can show. `kind`: the type that is there now, for RETYPED and NULL."""

    change: ShapeChange
    path: str
    kind: str = ""

    def shown_by(self, shape: KnownShape) -> bool | None:
        """Whether the shape shows it; None where that cannot be told."""
        types = shape.paths.get(self.path)
        if self.change in (ShapeChange.REMOVED, ShapeChange.NEW):
            there = True if types is not None else _missing(shape, self.path)
            return there if there is None else there == (self.change is ShapeChange.NEW)
        return None if types is None else self.kind in types


def drift(
    shapes: Mapping[str, KnownShape], days: Sequence[ShapeDay], latest: Sequence[Sighting], now: datetime
) -> tuple[Drift, ...]:
    """What has changed in the answers to one step, worst first. Shapes that are not in `shapes` do not count.

    `days` reach back `LEARNED_FOR`; `latest` are the latest ten or so sightings of each region, in any order.
    """
    latest = sorted((one for one in latest if one.shape_id in shapes), key=lambda one: one.at, reverse=True)
    if not latest:
        return ()
    request = shapes[latest[0].shape_id].request
    asked = {name: shape for name, shape in shapes.items() if shape.request == request}
    days = [day for day in days if day.shape_id in asked]
    found: dict[str, Drift] = {}
    for feature, sightings in _lasting(asked, days, [one for one in latest if one.shape_id in asked]).items():
        one = _judged(feature, sightings, asked, days, now)
        if one is not None and (one.path not in found or _rank(one) < _rank(found[one.path])):
            found[one.path] = one
    return tuple(sorted(found.values(), key=lambda one: (_rank(one), one.path)))


def _rank(one: Drift) -> int:
    return _ORDER.index(one.change)


def _lasting(
    shapes: Mapping[str, KnownShape], days: Sequence[ShapeDay], latest: Iterable[Sighting]
) -> dict[_Feature, list[Sighting]]:
    """What the latest sightings of a region all show and other shapes do not, with the newest sighting of each."""
    common = _most_frequent(days)
    by_region: dict[str, list[Sighting]] = defaultdict(list)
    for sighting in latest:
        by_region[sighting.region].append(sighting)
    found: dict[_Feature, list[Sighting]] = defaultdict(list)
    for sightings in by_region.values():
        newest = shapes[sightings[0].shape_id]
        for feature in frozenset().union(*(_differences(newest, shapes[name]) for name in common)):
            if _is_lasting(feature, sightings, shapes):
                found[feature].append(sightings[0])
    return found


def _most_frequent(days: Iterable[ShapeDay]) -> list[str]:
    good: dict[str, int] = defaultdict(int)
    for day in days:
        good[day.shape_id] += day.good
    return sorted((name for name in good if good[name]), key=lambda name: -good[name])[:_COMPARED]


@lru_cache(maxsize=20_000)
def _differences(now: KnownShape, then: KnownShape) -> frozenset[_Feature]:
    return frozenset(_different(now, then))


def _different(now: KnownShape, then: KnownShape) -> Iterator[_Feature]:
    for path, types in now.paths.items():
        before = then.paths.get(path)
        if before is None:
            yield _Feature(ShapeChange.NEW, path)
            continue
        for kind in types - before:
            yield _Feature(ShapeChange.NULL if kind == "null" else ShapeChange.RETYPED, path, kind)
    for path in then.paths:
        if path not in now.paths:
            yield _Feature(ShapeChange.REMOVED, path)


def _is_lasting(feature: _Feature, sightings: Iterable[Sighting], shapes: Mapping[str, KnownShape]) -> bool:
    seen, all_failed = 0, True
    for sighting in sightings:
        shown = feature.shown_by(shapes[sighting.shape_id])
        if shown is False:
            return False
        if shown:
            seen, all_failed = seen + 1, all_failed and sighting.failed
        if seen >= (LASTING_IF_FAILED if all_failed else LASTING):
            return True
    return False


def _judged(
    feature: _Feature,
    sightings: Sequence[Sighting],
    shapes: Mapping[str, KnownShape],
    days: Sequence[ShapeDay],
    now: datetime,
) -> Drift | None:
    """The drift, if what the feature replaces was usual up to its start, and that is not too long ago."""
    told = [(day, shown) for day in days if (shown := feature.shown_by(shapes[day.shape_id])) is not None]
    starts = sorted(day.first_seen for day, shown in told if shown and day.first_seen > now - NORMAL_AFTER)
    since = next((at for at in starts if _was_usual(_before(told, at))), None)
    if since is None:
        return None
    before = {kind for day, shown in told if not shown for kind in shapes[day.shape_id].paths.get(feature.path, ())}
    after = shapes[sightings[0].shape_id].paths.get(feature.path, frozenset())
    if before == {"null"}:
        # A field that was always empty has got a value: that is what it is for.
        return None
    return Drift(
        path=feature.path,
        change=feature.change,
        was="|".join(sorted(before)),
        now="|".join(sorted(after)),
        since=since,
        learned=round(_before(told, since)[0]),
        seen=sum(day.good + day.bad for day, shown in told if shown and day.first_seen >= since),
        failing=any(one.failed for one in sightings),
        regions=tuple(sorted({one.region for one in sightings})),
    )


def _before(told: Iterable[tuple[ShapeDay, bool]], at: datetime) -> tuple[float, float]:
    """Good answers without and with the feature before that instant."""
    without = with_it = 0.0
    for day, shown in told:
        good = day.good * _share_before(day, at)
        without, with_it = without + good * (not shown), with_it + good * shown
    return without, with_it


def _share_before(day: ShapeDay, at: datetime) -> float:
    """Which part of a shape's answers of a day came before that instant; they are taken to be spread evenly."""
    if day.first_seen >= at:
        return 0.0
    return 1.0 if day.last_seen < at else (at - day.first_seen) / (day.last_seen - day.first_seen)


def _was_usual(before: tuple[float, float]) -> bool:
    without, strays = before
    return without >= MIN_LEARNED and strays <= MOST_STRAYS * (without + strays)


def _missing(shape: KnownShape, path: str) -> bool | None:
    """What a path that the shape does not have means: False for not there, None for nobody could see it."""
    last = _LAST.search(path)
    if not shape.complete or last is None or last[0] in ("[*]", "[<id>]"):
        return None
    return False if "object" in shape.paths.get(path[: last.start()], ()) else None
