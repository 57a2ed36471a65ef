"""What the past hours of many series say of the hour that begins; and which of them to believe. Pure."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from metrics.baseline.judged import Flags
from metrics.baseline.rows import Floats, median, upper_spread
from metrics.baseline.rule import KINDS, Rule

_BLOCK: Final = 512
"""Series whose residuals are looked at together: 17 MB."""


def last_day(figures: Floats, fewest: int) -> Floats:
    """The median, where so many hours were measured."""
    known = np.count_nonzero(~np.isnan(figures), axis=1)
    return np.where(known >= fewest, median(figures), np.nan)


def of_days(figures: Floats, days: NDArray[np.int64], fewest: int) -> Floats:
    """The median of hours, where so many days of them were measured; `days` tells the day of each, ascending."""
    if not len(days):
        return np.full(len(figures), np.nan)
    firsts = np.flatnonzero(np.diff(days, prepend=days[0] - 1))
    known = np.count_nonzero(np.maximum.reduceat(~np.isnan(figures), firsts, axis=1), axis=1)
    return np.where(known >= fewest, median(figures), np.nan)


def least_wrong(candidates: Floats, errors: Floats, rule: Rule) -> NDArray[np.int64]:
    """By series, the place of the kind of level that was least wrong; both by kind and series."""
    scores = np.full(candidates.shape, np.inf)
    for place in range(len(KINDS)):
        wrong = errors[place]
        count = np.count_nonzero(~np.isnan(wrong), axis=1)
        capped = np.minimum(wrong, rule.error_cap * median(wrong)[:, None])
        mean = np.nansum(capped, axis=1) / np.maximum(1, count)
        eligible = ~np.isnan(candidates[place]) & (count >= (rule.fewest_errors if place else 1))
        scores[place] = np.where(eligible, mean * (1 + rule.complexity * place), np.inf)
    best: NDArray[np.int64] = np.argmin(scores, axis=0)
    return best


def spread(week: Floats, near: Floats, first_day: Flags, rule: Rule) -> Floats:
    """How far above what was expected buckets usually are: standard deviations, of the residuals of all hours and of
    those near this hour of day."""
    known = np.count_nonzero(~np.isnan(week), axis=1)
    overall, _ = upper_spread(week)
    young = (rule.first_spread * rule.first_weight + overall * known) / (rule.first_weight + known)
    overall = np.where(known < rule.young, young, overall)
    overall = np.where(np.isnan(overall), rule.first_spread, overall)
    own, n = upper_spread(near)
    found = np.where(n > 0, overall + (own - overall) * n / (n + rule.hour_weight), overall)
    return np.maximum(found, np.where(first_day, rule.first_spread, rule.least_spread))


def spreads(
    residuals: Floats, rows: NDArray[np.int64], places: tuple[NDArray[np.int64], ...], first_day: Flags, rule: Rule
) -> Floats:
    """`spread` of those rows of the residuals, at the places of a week and at those near the hour; a block of rows
    after another, for a copy of four weeks of every series is larger than all else that is kept of them."""
    week, near = places
    blocks = (slice(at, at + _BLOCK) for at in range(0, max(1, len(rows)), _BLOCK))
    found = [
        spread(residuals[np.ix_(rows[own], week)], residuals[np.ix_(rows[own], near)], first_day[own], rule)
        for own in blocks
    ]
    return np.concatenate(found)
