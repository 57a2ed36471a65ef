"""The forecast in a sentence, by the clock of the bucket's own time zone."""

from __future__ import annotations

from datetime import datetime, timedelta

from metrics.quota.model import Burn, ForecastState, QuotaForecast, Reset, ResetSource
from metrics.quota.resets import zone_of


def sentence(told: QuotaForecast, now: datetime) -> str:
    """What is to be expected, against what, and from how many readings."""
    return "; ".join(part for part in _PARTS[told.state](told, now) if part)


def amount(value: float) -> str:
    """`4,100`, `12.5`, `0.08`: three digits where there are no more before the point."""
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def length(span: timedelta) -> str:
    """`3 h`, `2 h 05 min`, `55 min`, `40 s`, `3 d 4 h`."""
    seconds = max(0, round(span.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    days, hours, minutes = seconds // 86400, seconds // 3600 % 24, seconds // 60 % 60
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    if hours:
        return f"{hours} h {minutes:02d} min" if minutes else f"{hours} h"
    return f"{minutes} min"


def clock(at: datetime, zone: str, now: datetime) -> str:
    """`14:20 CST` today, `Tue 24 Nov 00:00 CST` on another day of that zone."""
    local, today = at.astimezone(zone_of(zone)), now.astimezone(zone_of(zone))
    return f"{local:%H:%M %Z}" if local.date() == today.date() else f"{local:%a %d %b %H:%M %Z}"


def reset_words(reset: Reset, now: datetime) -> str:
    """`resets at 00:00 America/Chicago, in 4 h 10 min`; empty where nobody knows."""
    if reset.at is None:
        return ""
    seen = ", as it did the day before" if reset.source is ResetSource.SEEN else ""
    return f"resets at {reset.at.astimezone(zone_of(reset.time_zone)):%H:%M} {reset.time_zone}{seen}, " + (
        f"in {length(reset.at - now)}"
    )


def _runs_out(told: QuotaForecast, now: datetime) -> tuple[str, ...]:
    zone = told.reset.time_zone
    at = f"runs out at {clock(told.at or now, zone, now)}"
    if told.reset.at is not None:
        before = length(told.reset.at - (told.at or now))
        local = told.reset.at.astimezone(zone_of(zone))
        at += f", {before} before the reset (at {local:%H:%M} {zone})"
    elif told.window_kind not in {"rolling", "leaky"}:
        at += ", unless it is reset before: when, nobody said (declare it in quota.resets)"
    return (at, _bounds(told, now), _burning(told), told.as_usual, _evidence(told.burn))


def _bounds(told: QuotaForecast, now: datetime) -> str:
    zone = told.reset.time_zone
    if told.earliest is None:
        return ""
    first = clock(told.earliest, zone, now)
    return f"between {first} and {clock(told.latest, zone, now)}" if told.latest else f"from {first} on, or not at all"


def _burning(told: QuotaForecast) -> str:
    rate = told.burn
    if rate is None:
        return ""
    times = rate.times_lasting
    against = f", {times:.1f} × what would last" if times is not None and times >= 0.05 else ""
    if rate.per_h < 0:
        return f"falling by {amount(-rate.per_h)} {told.unit}/h"
    return f"burning {amount(rate.per_h)} {told.unit}/h{against}"


def _evidence(rate: Burn | None) -> str:
    return f"from {rate.readings:,} readings over {length(rate.span)}" if rate else ""


def _lasts(told: QuotaForecast, now: datetime) -> tuple[str, ...]:
    left = f"{amount(told.remaining)} {told.unit} left" if told.remaining is not None else ""
    words = "lasts past the reset" if told.reset.at is not None else "lasts"
    return (words, left, _burning(told), told.as_usual, reset_words(told.reset, now), _evidence(told.burn))


def _lasts_window(told: QuotaForecast, now: datetime) -> tuple[str, ...]:
    window = f" the next {length(timedelta(seconds=told.window_s))}" if told.window_s else ""
    return (f"lasts{window}", _burning(told), _evidence(told.burn))


def _spent(told: QuotaForecast, now: datetime) -> tuple[str, ...]:
    back = reset_words(told.reset, now) or "when it is given back, the vendor does not say"
    return (f"spent: 0 of {amount(told.limit)} {told.unit} left" if told.limit else "spent", back)


def _refills(told: QuotaForecast, now: datetime) -> tuple[str, ...]:
    return ("full again within minutes; the vendor's own throttling paces it",)


def _gauge(told: QuotaForecast, now: datetime) -> tuple[str, ...]:
    of = f" of {amount(told.limit)}" if told.limit else ""
    at_once = f"{amount(told.used)}{of} at a time" if told.used is not None else "at a time"
    return (f"{at_once}; a gauge, which nothing adds up in",)


def _too_little(told: QuotaForecast, now: datetime) -> tuple[str, ...]:
    if told.observed_at is None:
        return ("no reading yet",)
    age = now - told.observed_at
    old = f"newest reading {length(age)} ago" if told.burn or age > timedelta(minutes=20) else ""
    return ("too little evidence for a forecast", old or "fewer than 3 readings over 10 min", _evidence(told.burn))


def _not_reported(told: QuotaForecast, now: datetime) -> tuple[str, ...]:
    if told.used is not None:
        remedy = f"declare it in quota.limits: {{{told.bucket}: …}}"
        return (f"{amount(told.used)} {told.unit} used, of a limit that is not reported; {remedy}", _burning(told))
    return ("not reported: how much is left is unknown, not unlimited",)


_PARTS = {
    ForecastState.RUNS_OUT: _runs_out,
    ForecastState.SPENT: _spent,
    ForecastState.LASTS_PAST_RESET: _lasts,
    ForecastState.LASTS_WINDOW: _lasts_window,
    ForecastState.REFILLS: _refills,
    ForecastState.GAUGE: _gauge,
    ForecastState.TOO_LITTLE_EVIDENCE: _too_little,
    ForecastState.NOT_REPORTED: _not_reported,
}
