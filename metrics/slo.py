"""Objectives: SLI, coverage, error budget and burn, from counted slices. Pure arithmetic, no clock, no database.

A slice is one interval of a workflow's schedule in one region and weighs as much as it is long.
burn = bad ÷ expected ÷ (1 − target); budget left = 1 − bad ÷ ((1 − target) × expected), all of them times. Shares are
held as exact fractions until the last step, so that a burn of exactly the factor fires.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from functools import cache
from math import log
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML

from config.model import Integration, Objective
from config.scalars import parse_duration, parse_share
from metrics.model import Burn, BurnPair, ObjectiveStatus, SliceCount, Window

BURN_WINDOWS: Final = Path(__file__).with_name("burn_windows.yaml")
_MONTH: Final = timedelta(days=30)


@cache
def burn_pairs(window: timedelta = _MONTH) -> tuple[BurnPair, ...]:
    """The pairs for an objective of that window: those of the nearest table that fit inside it."""
    tables = _tables()
    period = min(tables, key=lambda known: abs(log(known / window)))
    return tuple(pair for pair in tables[period] if pair.long <= window)


def windows(objective: Objective, now: datetime, every: timedelta) -> tuple[Window, ...]:
    """Which windows `objective_status` wants counted: the objective's own, then long and short of each burn pair.

    `every` is the longest interval of the workflows concerned: a short window is widened to hold two slices of it.
    """
    spans = [objective.window]
    for pair in burn_pairs(objective.window):
        spans += [max(pair.long, 2 * every), max(pair.short, 2 * every)]
    return tuple(Window.last(span, now) for span in spans)


def objective_status(
    integration: str, objective: Objective, counted: Sequence[tuple[Window, SliceCount]], min_bad: int
) -> ObjectiveStatus:
    """How the objective stands, from the counts of `windows(objective, …)` in that order.

    A pair fires when both windows burn at its factor or more and at least `min_bad` slices of the long one are bad.
    """
    (window, whole), *rest = counted
    spent = burn_rate(objective.target, whole)
    burns = tuple(
        _burn(pair, objective.target, long, short, min_bad)
        for pair, (_, long), (_, short) in zip(burn_pairs(objective.window), rest[::2], rest[1::2], strict=True)
    )
    return ObjectiveStatus(
        integration=integration,
        objective=objective,
        window=window,
        sli=whole.share,
        good=whole.good,
        bad=whole.bad,
        expected=whole.expected,
        coverage=whole.coverage,
        budget_left=float(1 - spent) if spent is not None else None,
        burns=burns,
        simulated=whole.simulated,
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
    if not objective.page:
        return None
    most = 1 / error_share(objective.target)
    needed = max((_exact(pair) for pair in burn_pairs(objective.window) if pair.severity == "page"), default=None)
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


def _burn(pair: BurnPair, target: float, long: SliceCount, short: SliceCount, min_bad: int) -> Burn:
    long_burn, short_burn = burn_rate(target, long), burn_rate(target, short)
    firing = (
        long_burn is not None
        and short_burn is not None
        and min(long_burn, short_burn) >= _exact(pair)
        and long.bad >= min_bad
    )
    return Burn(
        pair=pair,
        long_burn=None if long_burn is None else float(long_burn),
        short_burn=None if short_burn is None else float(short_burn),
        bad_in_long=long.bad,
        firing=firing,
    )


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
