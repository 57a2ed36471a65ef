"""How people write an instant: `7d` ago, or a date, or a date and a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from config.scalars import parse_duration

_FIRST_YEAR: Final = 1970
_LAST_YEAR: Final = 2199


def moment(text: str, now: datetime) -> datetime:
    """The instant that is meant; a time without an offset is UTC. Raises ValueError with the remedy."""
    if text == "now":
        return now
    length = _length(text)
    if length is not None:
        return now - length
    try:
        at = datetime.fromisoformat(text)
    except ValueError as err:
        raise ValueError(
            f"{text!r}: write how long ago (7d, 90m), or an instant (2026-11-20, 2026-11-20T08:00Z)"
        ) from err
    if not _FIRST_YEAR <= at.year <= _LAST_YEAR:
        raise ValueError(f"{text!r}: write a year from {_FIRST_YEAR} to {_LAST_YEAR}")
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)


def _length(text: str) -> timedelta | None:
    try:
        return parse_duration(text)
    except ValueError:
        return None
