"""How often somebody may try: counted in memory, by name and by address, and bounded."""

from __future__ import annotations

import math
from collections import OrderedDict, deque
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

KEPT: Final = 10_000
"""Keys that are counted at the same time; the one not heard of for longest is forgotten first."""


class Attempts:
    """At most `most` within `per`, for each key."""

    def __init__(self, clock: Callable[[], datetime], most: int, per: timedelta) -> None:
        self._clock = clock
        self._most = most
        self._per = per
        self._tried: OrderedDict[str, deque[datetime]] = OrderedDict()

    def wait(self, key: str) -> int:
        """Whole seconds until there may be another; 0: now. What is asked for here is not counted."""
        tried = self._recent(key)
        if len(tried) < self._most:
            return 0
        return max(1, math.ceil((tried[0] + self._per - self._clock()).total_seconds()))

    def count(self, key: str) -> None:
        """There was one."""
        tried = self._recent(key)
        tried.append(self._clock())
        self._tried[key] = tried
        self._tried.move_to_end(key)
        while len(self._tried) > KEPT:
            self._tried.popitem(last=False)

    def forget(self, key: str) -> None:
        """It ended well."""
        self._tried.pop(key, None)

    def _recent(self, key: str) -> deque[datetime]:
        tried = self._tried.get(key, deque())
        while tried and tried[0] <= self._clock() - self._per:
            tried.popleft()
        return tried
