"""How figures, lengths and instants are written in reports."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from alerts.reports.document import Cell, Mark

NONE: Final = "–"
"""What stands where there is no data: never 0."""
LONGEST: Final = 400
"""Characters of a vendor's words that a cell shows."""
_TEN_MINUTES: Final = 600


def at_time(at: datetime | None, zone: ZoneInfo) -> str:
    """`2026-11-22 03:00:00 CET`."""
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S %Z}" if at else NONE


def on_minute(at: datetime | None, zone: ZoneInfo) -> str:
    """`2026-11-22 03:00`: where the zone stands elsewhere."""
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}" if at else NONE


def on_day(at: datetime | None, zone: ZoneInfo) -> str:
    """`2026-11-22`."""
    return f"{at.astimezone(zone):%Y-%m-%d}" if at else NONE


def lasting(length: timedelta | None) -> str:
    """`45 s`, `12 min`, `3 h 20 min`, `4 d 2 h`; the sign stays."""
    if length is None:
        return NONE
    if length < timedelta():
        return f"-{lasting(-length)}"
    seconds = round(length.total_seconds())
    units = (("d", seconds // 86400), ("h", seconds // 3600 % 24), ("min", seconds // 60 % 60), ("s", seconds % 60))
    first = next((place for place, (_, number) in enumerate(units) if number), len(units) - 1)
    # Of long times nobody reads the seconds, and of ten minutes neither.
    shown = units[first : first + (1 if units[first][0] == "min" and seconds >= _TEN_MINUTES else 2)]
    return " ".join(f"{number} {unit}" for place, (unit, number) in enumerate(shown) if number or not place)


def share(value: float | None, digits: int = 0) -> str:
    """`38 %`; never `100 %` nor `0 %` of what is not quite that."""
    if value is None:
        return NONE
    text = f"{value * 100:.{digits}f}"
    if value not in (0, 1) and float(text) in (0.0, 100.0) and digits < 4:
        return share(value, digits + 1)
    return f"{text} %"


def milliseconds(value: float | None) -> str:
    """`361 ms`, `1.24 s`."""
    if value is None or value != value:  # noqa: PLR0124 - NaN
        return NONE
    return f"{value:,.0f} ms" if value < 10_000 else f"{value / 1000:,.1f} s"


def count(value: float | None) -> str:
    """`12,345`."""
    return NONE if value is None else f"{value:,.0f}"


def plural(number: int, noun: str, many: str | None = None) -> str:
    """`1 incident`, `3 incidents`."""
    return f"{number:,} {noun if number == 1 else many or noun + 's'}"


def change(now: float | None, before: float | None) -> str:
    """`+12 %`, `−4 %`, `×3.1`; nothing to compare with is `–`."""
    if now is None or not before:
        return NONE
    ratio = now / before
    if ratio >= 3:
        return f"×{ratio:.1f}"
    percent = (ratio - 1) * 100
    sign = "+" if percent >= 0 else "−"
    return f"{sign}{abs(percent):.0f} %"


def change_cell(now: float | None, before: float | None, *, worse_up: bool = True, notable: float = 0.1) -> Cell:
    """The change, marked when it is for the worse by more than `notable`."""
    text = change(now, before)
    if now is None or not before:
        return Cell(text)
    ratio = now / before - 1
    worse = ratio if worse_up else -ratio
    mark = Mark.BAD if worse > 5 * notable else Mark.WARN if worse > notable else Mark.NONE
    return Cell(text, ratio, mark)


def number(value: float | None, text: str, mark: Mark = Mark.NONE) -> Cell:
    """A cell with the figure behind its text."""
    return Cell(text, value, mark)


def seconds(length: timedelta | None) -> float | None:
    """For programs."""
    return None if length is None else length.total_seconds()


def short(text: str, most: int = LONGEST) -> str:
    """On one line, without what a terminal or a printer obeys, and no longer than that."""
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return line if len(line) <= most else line[: most - 1] + "…"


def listed(names: tuple[str, ...] | list[str], most: int = 8) -> str:
    """`a, b and 3 more`."""
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown
