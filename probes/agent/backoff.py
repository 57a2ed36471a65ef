"""How long to wait before asking a hub again that did not answer well."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Final

FIRST_S: Final = 1.0
LONGEST_S: Final = 30.0
LONGEST_RETRY_AFTER_S: Final = 300.0


class Backoff:
    """1 s, 2 s, 4 s… 30 s, each scaled by a random half to whole, so that probers do not return in step."""

    def __init__(self, uniform: Callable[[float, float], float] = random.uniform) -> None:
        self._uniform = uniform
        self._failures = 0

    def failed(self, retry_after_s: float | None = None) -> float:
        """One more failure → seconds to wait. The hub's own Retry-After wins, up to five minutes."""
        delay = min(LONGEST_S, FIRST_S * 2.0 ** min(self._failures, 10))
        self._failures += 1
        if retry_after_s is not None:
            return min(max(retry_after_s, FIRST_S), LONGEST_RETRY_AFTER_S)
        return delay * self._uniform(0.5, 1.0)

    def succeeded(self) -> None:
        """The next failure starts at the beginning again."""
        self._failures = 0


def retry_after(header: str | None, now: datetime) -> float | None:
    """Seconds out of a Retry-After header (seconds or an HTTP date), or None when it says nothing usable."""
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        until = parsedate_to_datetime(text)
        return max(0.0, (until - now).total_seconds())
    except (TypeError, ValueError, OverflowError):  # not a date, one without a time zone, or one of no calendar
        return None
