"""Which tables are sealed, and how months, their files and their names go together."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Final


@dataclass(frozen=True, slots=True)
class RawTable:
    """Raw rows that are hot first and sealed later."""

    name: str
    """Of the view that shows every row."""
    at: str
    """The column whose day decides when a row is sealed, and whose instant decides its age."""
    order: str
    """How the rows of a sealed day are sorted: a question is mostly about one integration, and alike rows pack well."""

    identity: str = "run_id"
    """What tells whether the same rows are there, unchanged: no other column of a row that was stored ever changes."""

    @property
    def hot(self) -> str:
        """The table of rows that are not sealed; the only one that is written to."""
        return f"hot_{self.name}"


# Every other series runs backwards, so that no instant is far from the one before it; the engine keeps differences, all
# of a few thousand as wide as the largest.
_SERIES: Final = "integration, workflow, region"
_TO_AND_FRO: Final = f"{_SERIES}, epoch_us(started_at) * (dense_rank() OVER (ORDER BY {_SERIES}) % 2 * 2 - 1)"

RAW: Final = (
    RawTable("runs", "started_at", _TO_AND_FRO, "run_id, final"),
    RawTable("steps", "started_at", _TO_AND_FRO),
    RawTable("quota_readings", "observed_at", "integration, region, bucket, observed_at"),
    RawTable("recorded_values", "started_at", "integration, workflow, region, started_at"),
)
HOT: Final = {table.name: table.hot for table in RAW}
"""View → the table that its new rows are written to."""

_NAME: Final = re.compile(r"(\d{4})-(\d{2})\.duckdb")


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month in UTC."""

    year: int
    number: int

    @classmethod
    def of(cls, day: date) -> Month:
        """The month that the day lies in."""
        return cls(day.year, day.month)

    @classmethod
    def of_file(cls, path: Path) -> Month | None:
        """The month whose file that is; None for any other file."""
        found = _NAME.fullmatch(path.name)
        return cls(int(found[1]), int(found[2])) if found and 1 <= int(found[2]) <= 12 else None

    @property
    def file(self) -> str:
        """File name."""
        return f"{self.year:04}-{self.number:02}.duckdb"

    @property
    def alias(self) -> str:
        """The name it is attached under."""
        return f"sealed_{self.year:04}_{self.number:02}"

    @property
    def end(self) -> datetime:
        """The first instant after it."""
        return midnight(date(self.year + self.number // 12, self.number % 12 + 1, 1))


def midnight(day: date) -> datetime:
    """The start of a day in UTC."""
    return datetime.combine(day, time(), UTC)


def closed_before(now: datetime, delay: timedelta) -> datetime:
    """The midnight up to which days are closed: each ended at least `delay` ago."""
    return midnight((now - delay).astimezone(UTC).date())
