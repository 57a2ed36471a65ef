"""Which stretch of time a page is about: `?range=24h`, which ends now, or `?from=…&to=…`, which stays where it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from metrics.model import Window

RELATIVE: Final = {
    "1h": timedelta(hours=1),
    "6h": timedelta(hours=6),
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "28d": timedelta(days=28),
    "90d": timedelta(days=90),
}
DEFAULT: Final = "24h"
SHORTEST: Final = timedelta(minutes=1)
LONGEST: Final = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Range:
    """A stretch of that length. `end` is None where it ends now and moves on."""

    length: timedelta
    end: datetime | None = None

    def window(self, now: datetime) -> Window:
        """What it means at that instant."""
        return Window.last(self.length, self.end or now)

    @property
    def query(self) -> dict[str, str]:
        """What an address says of it."""
        if self.end is None:
            return {"range": next(key for key, length in RELATIVE.items() if length == self.length)}
        return {"from": _written(self.end - self.length), "to": _written(self.end)}

    def address(self, path: str, **others: str) -> str:
        """`path` with this range, and with what else the address is to hold."""
        return f"{path}?{urlencode(self.query | others)}"


def chosen(query: Mapping[str, str], default: str = DEFAULT) -> Range:
    """The range that an address names; the default where it names none, or none that can be."""
    start, end = _read(query.get("from", "")), _read(query.get("to", ""))
    if start is not None and end is not None and SHORTEST <= end - start <= LONGEST:
        return Range(end - start, end)
    return Range(RELATIVE.get(query.get("range", ""), RELATIVE[default]))


def _read(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
        return at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _written(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
