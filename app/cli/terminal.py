"""What a terminal may be shown."""

from __future__ import annotations

from datetime import datetime


def printable(text: str) -> str:
    """On one line, and without what a terminal obeys: a vendor's words may hold it."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def at_second(instant: str) -> str:
    """ISO 8601 → `2026-11-22 03:00:00Z`."""
    return f"{datetime.fromisoformat(instant):%Y-%m-%d %H:%M:%S}Z"
