"""A week of simulated history of which is known what happened in it: what had to wake somebody, and what had not.

Every incident is drawn from a seed, with its kind, its subject and its time; the runs of two regions follow from them
and from a background of single failures. Nothing here knows how alerts are decided.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from config.model import Config
from metrics.model import Window
from metrics.sliced import Decided
from metrics.store.from_runs.reading import Runs
from metrics.store.hindsight import FAILED, PASSED, THROTTLED, UNSTABLE, RunRows, Told
from metrics.store.rollup.decided import Numbers
from metrics.store.rollup.layout import KINDS, RUN_MEASURES
from probes.model import FailureKind

CALM: Final = timedelta(days=3)
"""Before the week: background only, so that every burn window is full when it begins."""
WEEK: Final = timedelta(days=7)
USUAL_MS: Final = 120.0
_BACKGROUND: Final = 0.0005
"""Share of the runs that fail by themselves, one at a time."""
_RETRIED: Final = 0.001
_APART: Final = timedelta(hours=6)
"""Two incidents of one integration are at least so far apart."""
_MS: Final = timedelta(milliseconds=1)
_HOUR: Final = timedelta(hours=1)


class Kind(StrEnum):
    """What happened."""

    OUTAGE = "outage of a vendor"
    PARTIAL = "partial outage of a vendor"
    FLAPPING = "a vendor goes on and off"
    REGION = "network of a region"
    CREDENTIAL = "credential dead"
    CRAWL = "answers five times as slow"
    HICCUP = "hiccup of at most 45 s"
    THROTTLING = "throttling"
    SLOW = "slow hours (1.3 to 1.8 times)"
    ONE_REGION = "one vendor from one region"


NEEDED: Final = frozenset({Kind.OUTAGE, Kind.PARTIAL, Kind.FLAPPING, Kind.REGION, Kind.CREDENTIAL, Kind.CRAWL})
"""Somebody has to be woken."""
OPEN_TO_DEBATE: Final = frozenset({Kind.ONE_REGION})
"""Whoever is woken by it is not woken in vain, and whoever is not misses little: it counts for neither side."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How often a kind comes in a week, how long it lasts (minutes), and what share of the runs it hits."""

    kind: Kind
    times: int
    minutes: tuple[float, float]
    share: tuple[float, float]
    causes: tuple[FailureKind | None, ...]


_PLANS: Final = (
    Plan(Kind.OUTAGE, 8, (5, 90), (0.9, 1.0), (FailureKind.STATUS_5XX, FailureKind.TIMEOUT, FailureKind.CONNECT,
                                               FailureKind.BODY, FailureKind.SCHEMA)),
    Plan(Kind.PARTIAL, 4, (30, 120), (0.3, 0.6), (FailureKind.STATUS_5XX, FailureKind.TIMEOUT)),
    Plan(Kind.FLAPPING, 4, (60, 180), (1.0, 1.0), (FailureKind.STATUS_5XX, FailureKind.CONNECT)),
    Plan(Kind.REGION, 3, (5, 60), (1.0, 1.0), (FailureKind.CONNECT, FailureKind.TIMEOUT, FailureKind.DNS)),
    Plan(Kind.CREDENTIAL, 2, (60, 360), (1.0, 1.0), (FailureKind.AUTH,)),
    Plan(Kind.CRAWL, 3, (60, 150), (1.0, 1.0), (None,)),
    Plan(Kind.HICCUP, 8, (0.2, 0.75), (1.0, 1.0), (FailureKind.STATUS_5XX, FailureKind.CONNECT)),
    Plan(Kind.THROTTLING, 6, (10, 60), (0.5, 1.0), (FailureKind.THROTTLED,)),
    Plan(Kind.SLOW, 6, (120, 240), (1.0, 1.0), (None,)),
    Plan(Kind.ONE_REGION, 4, (5, 20), (0.9, 1.0), (FailureKind.STATUS_5XX, FailureKind.TIMEOUT)),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Labelled:
    """One thing that happened."""

    kind: Kind
    integration: str | None
    """None: all that the region watches."""
    region: str | None
    """None: from every region."""
    start: datetime
    end: datetime
    share: float
    cause: FailureKind | None
    slower: float
    period: timedelta | None
    """Of what goes on and off: half of it on, half of it off."""

    @property
    def is_needed(self) -> bool:
        """Whether it has to wake somebody."""
        return self.kind in NEEDED


@dataclass(frozen=True, slots=True)
class LabelledWeek:
    """What happened, and the runs that saw it."""

    window: Window
    labels: tuple[Labelled, ...]
    config: Config
    seed: int

    @classmethod
    def draw(cls, config: Config, start: datetime, seed: int) -> LabelledWeek:
        """The same for the same arguments."""
        window = Window(start, start + WEEK)
        return cls(window, tuple(_labels(config, window, np.random.default_rng([seed, 1]))), config, seed)

    def rows_of(self, name: str, _values: Sequence[str] = ()) -> RunRows:
        """The runs of one integration, from `CALM` before the week on."""
        number = [one.name for one in self.config.integrations].index(name)
        workflow = self.config.integrations[number].workflows[0]
        every_ms = workflow.every // _MS
        parts = [
            _series(self, name, region, every_ms, np.random.default_rng([self.seed, 2, number, place]))
            for place, region in enumerate(sorted(workflow.regions))
        ]
        series = [(name, workflow.name, region) for region in sorted(workflow.regions)]
        return _rows(series, parts, every_ms)


_Place = tuple[str | None, datetime, datetime]


@dataclass(frozen=True, slots=True)
class _Part:
    at_ms: Numbers
    seen_ms: Numbers
    outcome: Numbers
    kind: Numbers
    took_ms: NDArray[np.float64]


def _labels(config: Config, window: Window, random: np.random.Generator) -> Iterator[Labelled]:
    names = [one.name for one in config.integrations]
    regions = sorted(config.integrations[0].workflows[0].regions)
    taken: list[_Place] = []
    for plan in (one for one in _PLANS for _ in range(one.times)):
        place = _free(plan, names, window, taken, random)
        taken.append(place)
        yield _label(plan, place[0], regions, place[1:], random)


def _free(
    plan: Plan, names: Sequence[str], window: Window, taken: Sequence[_Place], random: np.random.Generator
) -> _Place:
    """Whom it befalls, and when: apart from all that is there already."""
    while True:
        name = None if plan.kind is Kind.REGION else names[int(random.integers(len(names)))]
        length = timedelta(minutes=float(random.uniform(*plan.minutes)))
        start = window.start + timedelta(hours=float(random.uniform(1, (WEEK - 2 * _APART) / _HOUR)))
        if all(_is_apart(name, start, start + length, *other) for other in taken):
            return name, start, start + length


def _is_apart(
    name: str | None, start: datetime, end: datetime, other: str | None, begun: datetime, over: datetime
) -> bool:
    # What hits a whole region must not be hidden behind anything else, nor hide it.
    if name is not None and other is not None and name != other:
        return True
    return start - over > _APART / 2 or begun - end > _APART / 2


def _label(
    plan: Plan, name: str | None, regions: Sequence[str], span: tuple[datetime, datetime], random: np.random.Generator
) -> Labelled:
    local = plan.kind in (Kind.REGION, Kind.ONE_REGION)
    slower = {Kind.CRAWL: 5.0, Kind.SLOW: float(random.uniform(1.3, 1.8))}.get(plan.kind, 1.0)
    period = timedelta(minutes=float(random.uniform(4, 20))) if plan.kind is Kind.FLAPPING else None
    return Labelled(
        kind=plan.kind,
        integration=name,
        region=regions[int(random.integers(len(regions)))] if local else None,
        start=span[0],
        end=span[1],
        share=float(random.uniform(*plan.share)),
        cause=plan.causes[int(random.integers(len(plan.causes)))],
        slower=slower,
        period=period,
    )


def _series(week: LabelledWeek, name: str, region: str, every_ms: int, random: np.random.Generator) -> _Part:
    first, end = (round(at.timestamp() * 1000) for at in (week.window.start - CALM, week.window.end))
    phase = int(random.integers(every_ms))
    at = np.arange(first // every_ms * every_ms + phase, end - 30_000, every_ms)
    count = len(at)
    outcome, kind = np.full(count, PASSED), np.full(count, -1)
    outcome[random.random(count) < _RETRIED] = UNSTABLE
    ill = random.random(count) < _BACKGROUND
    outcome[ill], kind[ill] = FAILED, KINDS.index(FailureKind.STATUS_5XX.value)
    level = USUAL_MS * np.exp(random.normal(0, 0.16, count))
    for label in week.labels:
        if label.integration in (None, name) and label.region in (None, region):
            hit = _hit(label, at)
            level[hit] *= label.slower
            struck = hit & (random.random(count) < label.share) & (label.cause is not None)
            outcome[struck] = THROTTLED if label.kind is Kind.THROTTLING else FAILED
            kind[struck] = KINDS.index(label.cause.value) if label.cause else -1
    hangs = np.isin(kind, [KINDS.index(FailureKind.TIMEOUT.value)])
    took = np.where(hangs, 10_000.0, level)
    return _Part(at, at + np.round(took).astype(np.int64) + random.integers(20, 2_020, count), outcome, kind, took)


def _hit(label: Labelled, at: Numbers) -> NDArray[np.bool_]:
    start, end = (round(edge.timestamp() * 1000) for edge in (label.start, label.end))
    hit: NDArray[np.bool_] = (at >= start) & (at < end)
    if label.period is not None:
        hit &= (at - start) % (label.period // _MS) < label.period // _MS // 2
    return hit


def _rows(series: Sequence[tuple[str, str, str]], parts: Sequence[_Part], every_ms: int) -> RunRows:
    code = np.repeat(np.arange(len(parts)), [len(part.at_ms) for part in parts])
    at, seen, outcome, kind, took = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("at_ms", "seen_ms", "outcome", "kind", "took_ms")
    )
    told = {
        place: Told(
            "answer", KINDS[kind[place]] if kind[place] >= 0 else None, "simulated", None, None, f"{place}", None
        )
        for place in np.flatnonzero(outcome != PASSED).tolist()
    }
    yes = np.ones(len(at), bool)
    runs = Runs(
        series=code,
        start_ms=at // every_ms * every_ms,
        every_ms=np.full(len(at), every_ms),
        simulated=np.ones(len(at), np.int64),
        outcome=outcome,
        way=(outcome << 6) + ((kind + 1) << 1),
        measures=dict.fromkeys(RUN_MEASURES.values(), took),
        values={},
        skipped=Decided.joined(()),
    )
    return RunRows(series, code, at * 1000, seen * 1000, tells=yes, measured=yes, held=~yes, runs=runs, told=told)
