"""How fast a bucket is used: a robust rate with its bounds, from readings that come as they come.

Readings are cut into blocks of a few minutes; between the last readings of two blocks lies one rate. The last quarter
of an hour is judged by the median of its rates, so that one bulk job is no trend; the last hour by the mean of its
sixths without the outer fifths. The hour counts while the quarter agrees with it; otherwise something has changed, and
the quarter counts. A reset lies between two readings, never within a rate.

Every figure scales with the unit: the same use counted in thousands gives the same instants.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

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


@dataclass(frozen=True, slots=True)
class _Rates:
    """Rates between blocks, oldest first, in units per second."""

    rate: Column
    weight: Column
    """Seconds that each was measured over, as far as they count."""
    begins: Column

    def since(self, start: float, at_least: int) -> _Rates:
        """Those that begin at `start` or later, but at least so many."""
        chosen = self.begins >= start
        chosen[-at_least:] = True
        cut = {name: getattr(self, name)[chosen] for name in ("rate", "weight", "begins")}
        return replace(self, **cut)

    def before(self, recent: _Rates) -> _Rates | None:
        """Those that are older than all of `recent`; None when there are none."""
        older = self.rate.size - recent.rate.size
        if older < 1:
            return None
        return _Rates(self.rate[:older], self.weight[:older], self.begins[:older])


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
    if rates is None:
        return None
    newest = float(known.t[-1])
    long = rates.since(newest - LONG_S - BLOCK_S / 2, LONG_RATES)
    recent = rates.since(newest - RECENT_S - BLOCK_S / 2, RECENT_RATES)
    if long.rate.size < MIN_POINTS - 1 or newest - long.begins[0] < MIN_SPAN_S:
        return None
    hour = _bounded(_trimmed(long), long)
    quarter = _bounded(_median(recent), recent)
    chosen, of = (quarter, recent) if _has_changed(hour, quarter, long.before(recent)) else (hour, long)
    begin = float(of.begins[0])
    return Burn(
        per_h=chosen[0] * _HOUR_S,
        low=chosen[1] * _HOUR_S,
        high=chosen[2] * _HOUR_S,
        readings=int(known.count[known.t >= begin].sum()),
        span=timedelta(seconds=newest - begin),
    )


def _has_changed(hour: tuple[float, ...], quarter: tuple[float, ...], older: _Rates | None) -> bool:
    """Whether the quarter of an hour shows something else than the hour.

    Faster: surely faster than the hour. Slower: surely less than half of any part of the time before, for who works in
    batches is quiet between them.
    """
    if older is None:
        return False
    if quarter[0] > hour[0]:
        return quarter[1] > hour[2]
    return quarter[2] < min(hour[1], float(_parts(older, SIXTHS - 1).min())) / 2


def _rates(known: Readings, refilled: Column) -> _Rates | None:
    """One rate from each block's last reading to the next block's; none across a reset."""
    t, use = known.t, known.used
    if t.size < MIN_POINTS:
        return None
    block = max(BLOCK_S, float(np.median(np.diff(t))) * 0.9)
    number = np.floor((t[-1] - t) / block)
    last = np.append(np.diff(number) != 0, True)
    last[0] = True
    at, amount, epoch = t[last], use[last], np.cumsum(refilled)[last]
    length = np.diff(at)
    whole = (np.diff(epoch) == 0) & (length > 0)
    if not whole.any():
        return None
    length = length[whole]
    return _Rates(
        rate=np.diff(amount)[whole] / length,
        # A gap of hours says little for its length.
        weight=np.minimum(length, 2 * block),
        begins=at[:-1][whole],
    )


def _median(rates: _Rates) -> float:
    """By time: half of the time it went slower."""
    order = np.argsort(rates.rate)
    value, weight = rates.rate[order], rates.weight[order]
    reached = np.cumsum(weight) - weight.sum() / 2
    first = int(np.argmax(reached > 1e-9 * weight.sum()))
    if first and abs(reached[first - 1]) <= 1e-9 * weight.sum():
        return float(value[first - 1] + value[first]) / 2
    return float(value[first])


def _trimmed(rates: _Rates) -> float:
    """Mean over time of its sixths without the slowest and the fastest fifth: what comes in bursts every ten minutes
    is in each of them, what comes once in one."""
    value = np.sort(_parts(rates, SIXTHS))
    edge = np.linspace(0.0, 1.0, value.size + 1)
    kept = np.clip(edge[1:], TRIM, 1 - TRIM) - np.clip(edge[:-1], TRIM, 1 - TRIM)
    return float((value * kept).sum() / kept.sum())


def _parts(rates: _Rates, number: int) -> Column:
    """The rate in each of so many equal parts of the time, oldest first; as many parts as there are rates at most."""
    number = min(number, rates.rate.size)
    passed = np.cumsum(rates.weight) - rates.weight / 2
    part = np.minimum(passed * number // rates.weight.sum(), number - 1).astype(np.int64)
    weight = np.bincount(part, rates.weight, number)
    used = np.bincount(part, rates.rate * rates.weight, number)
    return used[weight > 0] / weight[weight > 0]


def _bounded(rate: float, rates: _Rates) -> tuple[float, float, float]:
    """(rate, low, high): by the spread of the rates, and never closer than a tenth.

    The plain mean lies within, so that a bulk job widens the bounds without moving the rate; and no third of the time
    was slower than `low`, so that what has only just begun, or is over already, is nothing to be sure of.
    """
    mean = float((rates.rate * rates.weight).sum() / rates.weight.sum())
    variance = float((rates.weight * (rates.rate - mean) ** 2).sum() / rates.weight.sum()) / rates.rate.size
    half = max(QUANTILE * float(np.sqrt(variance)), LEAST_SPREAD * abs(rate))
    slowest = float(_parts(rates, 3).min())
    return rate, min(rate - half, mean, slowest), max(rate + half, mean)
