"""How fast a bucket is used: a robust rate with its bounds, from readings that come as they come.

Readings are cut into blocks of a few minutes; between the last readings of two blocks lies one rate. The last quarter
of an hour is judged by the median of its rates, so that one bulk job is no trend; the last hour by the mean of its
sixths without the outer fifths. The hour counts while the quarter agrees with it; otherwise something has changed, and
the quarter counts. A reset lies between two readings, never within a rate.

Every figure scales with the unit: the same use counted in thousands gives the same instants.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta
from typing import Final, NamedTuple

import numpy as np

from metrics.quota.model import Burn, Column, Readings

BLOCK_S: Final = 150.0
RECENT_S: Final = 900.0
LONG_S: Final = 3600.0
RECENT_RATES: Final = 3
LONG_RATES: Final = 6
"""So many rates at least, however far back they lie: a usage endpoint may be asked once an hour."""
MIN_POINTS: Final = 3
MIN_SPAN_S: Final = 590.0
"""Two readings are a line through two points. Ten minutes, less what a prober's clock may be off its beat."""
SIXTHS: Final = 6
TRIM: Final = 0.2
QUANTILE: Final = 1.645
"""Of the normal distribution: bounds of 90 %."""
LEAST_SPREAD: Final = 0.1
"""No rate goes on the same to the tenth."""
RESET_DROP: Final = 0.5
"""Less than half of what was used before: that is no correction any more."""
RESET_RISE: Final = 1.2
"""The same where only what is left is known: a fifth more of it."""
_HOUR_S: Final = 3600.0


class _Rate(NamedTuple):
    """What was used from one block to the next, in units per second."""

    rate: float
    weight: float
    """Seconds that it was measured over, as far as they count."""
    begins: float


def spent(readings: Readings) -> Readings:
    """The readings whose use is known, in the measure that most of them have: what is used, or else what is no longer
    left."""
    has_used, has_left = np.isfinite(readings.used), np.isfinite(readings.remaining)
    known = has_used if has_used.sum() >= has_left.sum() else has_left
    use = readings.used if known is has_used else -readings.remaining
    return Readings(
        readings.t[known], use[known], readings.remaining[known], readings.reset[known], readings.count[known]
    )


def resets(readings: Readings, *, refilled_at_once: bool) -> Column:
    """1.0 for each reading before which the bucket was refilled, after `spent`; a rolling or leaky bucket never is."""
    use, found = readings.used, np.zeros(readings.used.size)
    if not refilled_at_once or use.size < 2:
        return found
    before, after = use[:-1], use[1:]
    counts_up = use.min() >= 0
    fell = after < before * RESET_DROP if counts_up else -after > -before * RESET_RISE
    passed = (readings.t[1:] >= readings.reset[:-1]) & (after < before)
    found[1:] = fell | passed
    return found


def without_dips(readings: Readings) -> Readings:
    """Leaves out a lone reading far below both its neighbours: a cached or a wrong answer, no reset."""
    use = readings.used
    if use.size < 3 or use.min() < 0:
        return readings
    dip = np.zeros(use.size, bool)
    dip[1:-1] = (use[1:-1] < use[:-2] * RESET_DROP) & (use[1:-1] < use[2:] * RESET_DROP) & (use[2:] >= use[:-2])
    keep = ~dip
    return Readings(readings.t[keep], use[keep], readings.remaining[keep], readings.reset[keep], readings.count[keep])


def burn(readings: Readings, *, refilled_at_once: bool) -> Burn | None:
    """The rate that the readings show of late; None where they are too few (`MIN_POINTS`) or too close together
    (`MIN_SPAN_S`)."""
    known = without_dips(spent(readings))
    rates = _rates(known, resets(known, refilled_at_once=refilled_at_once))
    newest = float(known.t[-1]) if rates else 0.0
    long = _since(rates, newest - LONG_S - BLOCK_S / 2, LONG_RATES)
    recent = _since(rates, newest - RECENT_S - BLOCK_S / 2, RECENT_RATES)
    if len(long) < MIN_POINTS - 1 or newest - long[0].begins < MIN_SPAN_S:
        return None
    hour = _bounded(_trimmed(long), long)
    quarter = _bounded(_median(recent), recent)
    older = long[: len(long) - len(recent)]
    chosen, of = (quarter, recent) if _has_changed(hour, quarter, older) else (hour, long)
    begin = of[0].begins
    return Burn(
        per_h=chosen[0] * _HOUR_S,
        low=chosen[1] * _HOUR_S,
        high=chosen[2] * _HOUR_S,
        readings=int(known.count[known.t >= begin].sum()),
        span=timedelta(seconds=newest - begin),
    )


def _since(rates: Sequence[_Rate], start: float, at_least: int) -> Sequence[_Rate]:
    """Those that begin at `start` or later, but at least so many."""
    first = next((place for place, one in enumerate(rates) if one.begins >= start), len(rates))
    return rates[max(0, min(first, len(rates) - at_least)) :]


def _has_changed(hour: tuple[float, ...], quarter: tuple[float, ...], older: Sequence[_Rate]) -> bool:
    """Whether the quarter of an hour shows something else than the hour.

    Faster: surely faster than the hour. Slower: surely less than half of any part of the time before, for who works in
    batches is quiet between them.
    """
    if not older:
        return False
    if quarter[0] > hour[0]:
        return quarter[1] > hour[2]
    return quarter[2] < min(hour[1], *_parts(older, SIXTHS - 1)) / 2


def _rates(known: Readings, refilled: Column) -> Sequence[_Rate]:
    """One rate from each block's last reading to the next block's, oldest first; none across a reset."""
    t, use = known.t, known.used
    if t.size < MIN_POINTS:
        return ()
    gaps = np.sort(t[1:] - t[:-1])
    block = max(BLOCK_S, float(gaps[gaps.size // 2]) * 0.9)
    number = np.floor((t[-1] - t) / block)
    last = np.append(number[1:] != number[:-1], True)
    last[0] = True
    at, amount, epoch = (column[last].tolist() for column in (t, use, np.cumsum(refilled)))
    # A gap of hours says little for its length.
    return [
        _Rate((amount[i + 1] - amount[i]) / (at[i + 1] - at[i]), min(at[i + 1] - at[i], 2 * block), at[i])
        for i in range(len(at) - 1)
        if epoch[i + 1] == epoch[i] and at[i + 1] > at[i]
    ]


def _median(rates: Sequence[_Rate]) -> float:
    """By time: half of the time it went slower."""
    half = sum(one.weight for one in rates) / 2
    ordered, passed = sorted(rates), 0.0
    for place, one in enumerate(ordered):
        passed += one.weight
        if abs(passed - half) <= 1e-9 * half:
            return (one.rate + ordered[place + 1].rate) / 2
        if passed > half:
            return one.rate
    return ordered[-1].rate


def _trimmed(rates: Sequence[_Rate]) -> float:
    """Mean over time of its sixths without the slowest and the fastest fifth: what comes in bursts every ten minutes
    is in each of them, what comes once in one."""
    values = sorted(_parts(rates, SIXTHS))
    total, kept = 0.0, 0.0
    for place, value in enumerate(values):
        begins, ends = place / len(values), (place + 1) / len(values)
        share = max(0.0, min(ends, 1 - TRIM) - max(begins, TRIM))
        total, kept = total + value * share, kept + share
    return total / kept


def _parts(rates: Sequence[_Rate], number: int) -> list[float]:
    """The rate in each of so many equal parts of the time, oldest first; as many parts as there are rates at most."""
    number = min(number, len(rates))
    whole, passed = sum(one.weight for one in rates), 0.0
    used, weight = [0.0] * number, [0.0] * number
    for one in rates:
        part = min(int((passed + one.weight / 2) * number / whole), number - 1)
        used[part] += one.rate * one.weight
        weight[part] += one.weight
        passed += one.weight
    return [amount / length for amount, length in zip(used, weight, strict=True) if length]


def _bounded(rate: float, rates: Sequence[_Rate]) -> tuple[float, float, float]:
    """(rate, low, high): by the spread of the rates, and never closer than a tenth.

    The plain mean lies within, so that a bulk job widens the bounds without moving the rate; and no third of the time
    was slower than `low`, so that what has only just begun, or is over already, is nothing to be sure of.
    """
    whole = sum(one.weight for one in rates)
    mean = sum(one.rate * one.weight for one in rates) / whole
    variance = sum(one.weight * (one.rate - mean) ** 2 for one in rates) / whole / len(rates)
    half = max(QUANTILE * math.sqrt(variance), LEAST_SPREAD * abs(rate))
    return rate, min(rate - half, mean, *_parts(rates, 3)), max(rate + half, mean)
