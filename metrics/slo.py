"""Objectives: SLI, coverage, error budget and burn, from counted slices. Pure arithmetic, no clock, no database.

A slice is one interval of a workflow's schedule in one region and weighs as much as it is long.
burn = bad ÷ expected ÷ (1 − target); budget left = 1 − bad ÷ ((1 − target) × expected), all of them times. Shares are
held as exact fractions until the last step, so that a burn of exactly the factor fires.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from functools import cache, lru_cache
from itertools import repeat
from math import isnan, log
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from ruamel.yaml import YAML

from config.model import CalendarWindow, Integration, Objective, Settings
from config.scalars import parse_duration, parse_share
from metrics.calendars import budget_window
from metrics.model import Burn, BurnPair, ObjectiveStatus, SliceCount, Window

BURN_WINDOWS: Final = Path(__file__).with_name("burn_windows.yaml")
_MONTH: Final = timedelta(days=30)
_PACE: Final = timedelta(hours=6)
_MS: Final = timedelta(milliseconds=1)
_LATELY: Final = 2
"""So many bad slices at least a page has in its short window, unless an objective is content with fewer …"""
_MANY: Final = 5
"""… or the window holds fewer slices than this: then a single one says much."""
_BAD, _EXPECTED, _BAD_MS, _EXPECTED_MS = (
    SliceCount._fields.index(name) for name in ("bad", "expected", "bad_ms", "expected_ms")
)


@cache
def burn_pairs(window: timedelta = _MONTH) -> tuple[BurnPair, ...]:
    """The pairs for an objective of that window: those of the nearest table that fit inside it."""
    tables = _tables()
    period = min(tables, key=lambda known: abs(log(known / window)))
    return tuple(pair for pair in tables[period] if pair.long <= window)


def windows(objective: Objective, now: datetime, every: timedelta, min_bad: int = 1) -> tuple[Window, ...]:
    """Which windows `objective_status` wants counted: the objective's own, then long and short of each burn pair.

    Of a calendar window that is the part which is over. `every` is the longest interval of the workflows concerned: a
    short window is widened to hold two slices of it, and a long one to hold `min_bad`, without which it never fires.
    """
    spans, least = [], max(2, objective.min_bad or min_bad)
    for pair in burn_pairs(objective.length):
        spans += [max(pair.long, least * every), max(pair.short, 2 * every)]
    begun = Window(budget_window(objective, now).start, now)
    return (begun, *(Window.last(span, now) for span in spans))


def objective_status(
    integration: str, objective: Objective, counted: Sequence[tuple[Window, SliceCount]], min_bad: int
) -> ObjectiveStatus:
    """How the objective stands, from the counts of `windows(objective, …)` in that order.

    A pair fires when both windows burn at its factor or more and at least `min_bad` slices of the long one are bad; one
    that pages, when two of the short one are (or `min_bad`, if that is fewer), where that holds five or more.
    """
    counts = np.array([[count for _, count in counted]], np.int64)
    return objective_statuses([(integration, objective)], [window for window, _ in counted], counts, min_bad)[0]


def objective_statuses(
    asked: Sequence[tuple[str, Objective]],
    windows: Sequence[Window],
    counts: NDArray[np.int64],
    min_bad: int,
    ahead_ms: NDArray[np.int64] | None = None,
) -> list[ObjectiveStatus]:
    """`objective_status` of objectives with the same windows, from their counts by objective, window and field.

    `ahead_ms`: how much the schedules promise of each for the rest of a calendar window.
    """
    first = asked[0][1]
    shares = _Shares.of([objective.target for _, objective in asked])
    rest = np.zeros(len(counts), np.int64) if ahead_ms is None else ahead_ms
    kind = shares.kind(burn_pairs(first.length), max(_most(counts), int((counts[:, 0, _EXPECTED_MS] + rest).max())))
    whole = dict(zip(SliceCount._fields, counts[:, 0].T, strict=True))
    expected = whole["expected_ms"].astype(kind)
    measured = (whole["good_ms"] + whole["bad_ms"]).astype(kind)
    allowed = shares.numerators.astype(kind) * (expected + rest.astype(kind))
    spent = shares.denominators.astype(kind) * whole["bad_ms"].astype(kind)
    least = np.array([objective.min_bad or min_bad for _, objective in asked])
    until = budget_window(first, windows[0].end)
    pace = _pace(windows, first.length)
    columns: tuple[Iterable[Any], ...] = (
        _ratio(whole["good_ms"].astype(kind), measured),
        *(whole[name].tolist() for name in ("good", "bad", "expected")),
        _ratio(measured, expected),
        _ratio(allowed - spent, allowed),
        _burns_of(first.length, shares, counts[:, 1:], kind, least),
        whole["simulated"].tolist(),
        (whole["about"] == 0).tolist(),
        repeat(until.end if isinstance(first.window, CalendarWindow) else None),
        _exhausted_in((allowed - spent) / shares.denominators, counts[:, pace], windows[pace], until),
        [windows[pace].length if some else None for some in (counts[:, pace, _EXPECTED_MS] > 0).tolist()],
    )
    names, objectives = zip(*asked, strict=True)
    return list(map(ObjectiveStatus._make, zip(names, objectives, repeat(windows[0]), *columns, strict=False)))


def _pace(windows: Sequence[Window], period: timedelta) -> int:
    """The window whose pace a budget is extrapolated by: the long one of a pair, nearest to six hours."""
    longs = range(1, 2 * len(burn_pairs(period)), 2)
    return min(longs, key=lambda at: abs(windows[at].length - _PACE), default=0)


def _exhausted_in(
    left_ms: NDArray[Any], lately: NDArray[np.int64], over: Window, until: Window
) -> list[timedelta | None]:
    """How long that much bad time lasts if as much of it comes as did in the window; None where it lasts."""
    bad, left = lately[:, _BAD_MS].astype(np.float64), left_ms.astype(np.float64)
    most = (until.end - over.end if until.end > over.end else until.length) / _MS
    with np.errstate(divide="ignore", invalid="ignore"):
        lasts = np.where(left > 0, left * (over.length / _MS) / bad, 0.0)
    ends = (lasts < most) & ((lately[:, _EXPECTED_MS] > 0) | (left < 0))
    found: list[timedelta | None] = [None] * len(left)
    for place in np.flatnonzero(ends).tolist():
        found[place] = timedelta(milliseconds=float(lasts[place]))
    return found


def _most(counts: NDArray[np.int64]) -> int:
    return int(counts[:, :, _BAD_MS : _EXPECTED_MS + 1].max(initial=0))


@dataclass(frozen=True, slots=True)
class _Shares:
    """The shares of bad time that targets allow, as fractions."""

    numerators: NDArray[Any]
    denominators: NDArray[Any]

    @classmethod
    def of(cls, targets: Sequence[float]) -> _Shares:
        known = {target: error_share(target).as_integer_ratio() for target in set(targets)}
        parts = np.array([known[target] for target in targets], object)
        return cls(parts[:, 0], parts[:, 1])

    def kind(self, pairs: tuple[BurnPair, ...], most_ms: int) -> Any:
        """A type of numbers that everything is exact in: 64 bits, or Python's own where those would not hold it."""
        parts = [part for pair in pairs for part in _exact(pair).as_integer_ratio()]
        largest = max(self.numerators.max(), self.denominators.max(), *parts, 1)
        most = most_ms * largest
        return np.int64 if most * largest < 1 << 62 and most < 1 << 53 else object


def _ratio(part: NDArray[Any], whole: NDArray[Any]) -> list[float | None]:
    """None where there is no whole."""
    there = whole > 0
    found = (part / np.where(there, whole, 1)).tolist()
    return found if there.all() else [one if is_there else None for one, is_there in zip(found, there, strict=True)]


def _burns_of(
    period: timedelta, shares: _Shares, counts: NDArray[np.int64], kind: Any, least: NDArray[np.int64]
) -> list[tuple[Burn, ...]]:
    """Exactly: as fractions of whole numbers."""
    spent = counts[:, :, _BAD_MS].astype(kind) * shares.denominators.astype(kind)[:, None]
    meant = counts[:, :, _EXPECTED_MS].astype(kind) * shares.numerators.astype(kind)[:, None]
    firing = _firing(period, spent, meant, counts, least)
    rate = np.where(meant > 0, spent / np.where(meant > 0, meant, 1), np.nan).astype(np.float64)
    bad = counts[:, ::2, _BAD]
    rows = np.concatenate([rate[:, ::2], rate[:, 1::2], bad, firing], axis=1).astype(np.float64)
    told, length = rows.tobytes(), rows.shape[1] * rows.itemsize
    return [_burns(period, told[place * length : (place + 1) * length]) for place in range(len(rows))]


def _firing(
    period: timedelta, spent: NDArray[Any], meant: NDArray[Any], counts: NDArray[np.int64], least: NDArray[np.int64]
) -> NDArray[np.bool_]:
    pairs = burn_pairs(period)
    factors, kind = [_exact(pair) for pair in pairs], spent.dtype
    over = (spent * _each([f.denominator for f in factors], kind)) >= meant * _each(
        [f.numerator for f in factors], kind
    )
    over &= meant > 0
    # The long window may remember an outage for hours: then a single failed probe would be a page by itself.
    paging = np.array([pair.severity == "page" for pair in pairs]) & (counts[:, 1::2, _EXPECTED] >= _MANY)
    lately = np.where(paging, np.minimum(least, _LATELY)[:, None], 0)
    told = (counts[:, ::2, _BAD] >= least[:, None]) & (counts[:, 1::2, _BAD] >= lately)
    found: NDArray[np.bool_] = over[:, ::2] & over[:, 1::2] & told
    return found


def firing_pairs(objective: Objective, counts: NDArray[np.int64], min_bad: int) -> NDArray[np.bool_]:
    """Which pairs fire, by row of counts and pair; `counts` by row, window (long and short of each pair) and field of
    `SliceCount`. The same as `objective_statuses` says, for many instants of one objective."""
    shares = _Shares.of([objective.target])
    kind = shares.kind(burn_pairs(objective.length), _most(counts))
    spent = counts[:, :, _BAD_MS].astype(kind) * shares.denominators.astype(kind)[0]
    meant = counts[:, :, _EXPECTED_MS].astype(kind) * shares.numerators.astype(kind)[0]
    least = np.full(len(counts), objective.min_bad or min_bad)
    return _firing(objective.length, spent, meant, counts, least)


# Most objectives saw the same as others, or as they did at the look before.
@lru_cache(maxsize=4096)
def _burns(period: timedelta, told: bytes) -> tuple[Burn, ...]:
    """Out of the figures of every pair: long burns, short burns, bad slices, whether it fires."""
    pairs = burn_pairs(period)
    long, short, bad, firing = np.frombuffer(told).reshape(4, len(pairs)).tolist()
    return tuple(
        Burn(pair, None if isnan(a) else a, None if isnan(b) else b, int(n), bool(fires))
        for pair, a, b, n, fires in zip(pairs, long, short, bad, firing, strict=True)
    )


def burn_rate(target: float, count: SliceCount) -> Fraction | None:
    """bad ÷ expected ÷ (1 − target), exactly; over the objective's own window it is the share of the budget spent."""
    if not count.expected_ms:
        return None
    return Fraction(count.bad_ms, count.expected_ms) / error_share(target)


@cache
def error_share(target: float) -> Fraction:
    """1 − target as people wrote it: 1 − 99.9 % is exactly 1/1000."""
    return 1 - Fraction(repr(target))


def unreachable(objective: Objective) -> str | None:
    """Why a page of this objective could never fire, with the remedy; None when it can.

    A burn rate is at most 1 ÷ (1 − target), when every slice is bad.
    """
    if not objective.page or objective.target >= 1:
        return None  # Of a promise of 100 % something else is said.
    most = 1 / error_share(objective.target)
    needed = max((_exact(pair) for pair in burn_pairs(objective.length) if pair.severity == "page"), default=None)
    if needed is None or most >= needed:
        return None
    least = float(1 - 1 / needed) * 100
    return (
        f"a fast burn can never page: with a target of {objective.target * 100:.10g}% the burn rate is at most "
        f"{float(most):.3g} and a page needs {float(needed):.4g}; "
        f"raise the target to at least {_round_up(least):.10g}%, or set `page: false`"
    )


def unreachable_alerts(integration: Integration) -> Iterator[tuple[str, str]]:
    """For the check at load: (dotted path, message) of every objective whose page can never fire."""
    for index, objective in enumerate(integration.objectives):
        message = unreachable(objective)
        if message:
            yield f"objectives[{index}].target", message


def unreachable_flow_alerts(settings: Settings) -> Iterator[tuple[str, str]]:
    """The same of the flows in `leadline.yaml`."""
    for place, flow in enumerate(settings.flows):
        for index, objective in enumerate(flow.objectives):
            message = unreachable(objective)
            if message:
                yield f"flows[{place}].objectives[{index}].target", message


def _each(figures: list[int], kind: Any) -> NDArray[Any]:
    """For both windows of each pair."""
    return np.array(figures, kind).repeat(2)


@cache
def _exact(pair: BurnPair) -> Fraction:
    return Fraction(repr(pair.factor))


def _round_up(percent: float) -> float:
    return -(-percent * 10 // 1) / 10


@cache
def _tables() -> dict[timedelta, tuple[BurnPair, ...]]:
    read = YAML(typ="safe").load(BURN_WINDOWS.read_text(encoding="utf-8"))
    tables = {parse_duration(table["period"]): table["pairs"] for table in read}
    return {period: tuple(_pair(period, row) for row in rows) for period, rows in tables.items()}


def _pair(period: timedelta, row: dict[str, Any]) -> BurnPair:
    long = parse_duration(row["long"])
    # Twelve digits: the factor is the decimal that people read, not a binary neighbour of it.
    factor = float(f"{parse_share(row['budget']) * (period / long):.12g}")
    return BurnPair(severity=row["severity"], long=long, short=parse_duration(row["short"]), factor=factor)
