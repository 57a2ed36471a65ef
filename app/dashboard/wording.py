"""How figures and instants read on a page: units always, no data as a dash, never as zero."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from probes.model import REQUESTED

NONE: Final = "–"
"""What stands where there is no data."""


def milliseconds(value: float | None) -> str:
    """`212 ms`, `4.7 ms`, `12.4 s`; a dash without data."""
    if value is None:
        return NONE
    if value >= 10_000:
        return f"{value / 1000:,.1f} s"
    return f"{value:.1f} ms" if value < 10 else f"{value:,.0f} ms"


def share(value: float | None, digits: int = 2) -> str:
    """`99.95 %`; never rounds up to a full 100 % or down to 0 % what is not."""
    if value is None:
        return NONE
    percent = value * 100
    text = f"{percent:.{digits}f}"
    step = 10**-digits
    if percent < 100 and float(text) >= 100:
        text = f"{100 - step:.{digits}f}"
    if percent > 0 and float(text) == 0:
        return f"<{step:.{digits}f} %"
    if "." in text and float(text) in {0.0, 100.0}:
        text = f"{float(text):.0f}"
    return f"{text} %"


def count(value: float | None) -> str:
    """`12,431`; large ones shortened to `1.2 M`."""
    if value is None:
        return NONE
    if abs(value) >= 1_000_000:
        return f"{value / 1_000_000:,.1f} M"
    return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"


def samples(what: str, n: int, *, exact: bool = True) -> str:
    """`last 1 h · n 1,204`; says where percentiles over those come out of roll-ups: `… · within 1 %`."""
    return f"{what} · n {n:,}" if exact or not n else f"{what} · n {n:,} · within 1 %"


def span(length: timedelta) -> str:
    """The length of a window as people say it: `30 d`, `6 h`, `5 min`."""
    seconds = length.total_seconds()
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        # A day is 24 h to whoever looks at a window; only longer ones are told in days.
        if seconds >= size and seconds % size == 0 and (unit != "d" or seconds > size):
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s" if seconds >= 1 else f"{seconds * 1000:g} ms"


def lasting(length: timedelta) -> str:
    """How long something has lasted, to two units: `2 h 05 min`."""
    seconds = max(0, int(length.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if days:
        return f"{days} d {hours % 24} h"
    return f"{hours} h {minutes % 60:02d} min" if hours else f"{minutes} min"


def attempt(number: int) -> str:
    """Which attempt at its slice a run is; one that somebody asked for is none of the timetable's."""
    return "asked for" if number == REQUESTED else f"attempt {number}"


def moment(at: datetime | None) -> str:
    """`22 Nov 14:05:09 UTC`."""
    return NONE if at is None else at.astimezone(UTC).strftime("%d %b %H:%M:%S UTC").lstrip("0")


def clock_time(at: datetime, now: datetime) -> str:
    """`14:05 UTC` today, `22 Nov 14:05 UTC` otherwise."""
    at, now = at.astimezone(UTC), now.astimezone(UTC)
    pattern = "%H:%M UTC" if at.date() == now.date() else "%d %b %H:%M UTC"
    return at.strftime(pattern).lstrip("0") if at.date() != now.date() else at.strftime(pattern)


def epoch_ms(at: datetime) -> int:
    """What a browser and a chart call an instant."""
    return int(at.timestamp() * 1000)


def plural(n: int, noun: str) -> str:
    """`1 run`, `2 runs`."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def spoken(name: str) -> str:
    """`prober_silent` → `prober silent`."""
    return name.replace("_", " ")
