"""How late the event loop runs: the part of a measurement that is the prober's own fault.

A late loop adds its lateness to every timing taken meanwhile, so a run under a lag above `LAG_LIMIT_MS` is not held
against the vendor.
"""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_left
from collections import deque
from typing import Final

LAG_LIMIT_MS: Final = 50.0
"""A quarter of the 200 ms that the usual objective allows: more would move good samples across it."""

_TICK_S: Final = 0.01
_KEPT_S: Final = 900.0


class LoopLag:
    """Samples the loop it is started on every 10 ms. `worst_since(t)` answers for any run of the last 15 minutes."""

    def __init__(self) -> None:
        # Decreasing by lag: an older, smaller sample can never be the worst of a span that holds a newer, larger one.
        self._peaks: deque[tuple[float, float]] = deque()
        self._due: float | None = None
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin sampling on the running loop. Idempotent."""
        if self._timer is None:
            self._schedule(asyncio.get_running_loop())

    def stop(self) -> None:
        """End sampling; what was measured stays readable."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._due = None

    def worst_since(self, started: float) -> float:
        """The worst lag in ms since `started`, a reading of `time.perf_counter`; 0 if nothing was measured."""
        first = bisect_left(self._peaks, started, key=lambda peak: peak[0])
        return max(self._overdue_ms(), self._peaks[first][1] if first < len(self._peaks) else 0.0)

    def __call__(self) -> float:
        """The worst lag in ms of the last 10 seconds, for a heartbeat."""
        return self.worst_since(time.perf_counter() - 10.0)

    def _overdue_ms(self) -> float:
        return max(0.0, (time.perf_counter() - self._due) * 1000) if self._due is not None else 0.0

    def _schedule(self, loop: asyncio.AbstractEventLoop) -> None:
        self._due = time.perf_counter() + _TICK_S
        self._timer = loop.call_later(_TICK_S, self._tick, loop)

    def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        self._record(time.perf_counter(), self._overdue_ms())
        self._schedule(loop)

    def _record(self, now: float, lag_ms: float) -> None:
        while self._peaks and self._peaks[-1][1] <= lag_ms:
            self._peaks.pop()
        self._peaks.append((now, lag_ms))
        while self._peaks[0][0] < now - _KEPT_S:
            self._peaks.popleft()
