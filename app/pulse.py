"""Telling open pages that something changed, so that they ask at once and not at their next interval."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Final


class Why(StrEnum):
    """What made a page worth drawing anew. The later one outdoes the earlier."""

    STILL = "still"
    """Nothing changed; the line is up."""
    JUDGED = "judged"
    """An evaluation has finished."""
    ACTED = "acted"
    """Somebody did something, and wants to see what came of it."""


_WEIGHT: Final = {why: weight for weight, why in enumerate(Why)}


class Ear:
    """What one listener has not taken yet. Several beats before it looks are one, the heaviest."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._heard = asyncio.Event()
        self._why = Why.STILL

    async def heard(self, patience_s: float) -> Why:
        """What there was to hear; `STILL` when that long nothing was."""
        try:
            await asyncio.wait_for(self._heard.wait(), patience_s)
        except TimeoutError:
            return Why.STILL
        self._heard.clear()
        why, self._why = self._why, Why.STILL
        return why

    def tell(self, why: Why) -> None:
        """From any thread."""
        try:
            self._loop.call_soon_threadsafe(self._take, why)
        except RuntimeError:
            return  # its event loop has ended, and whoever listened with it

    def _take(self, why: Why) -> None:
        self._why = max(self._why, why, key=_WEIGHT.__getitem__)
        self._heard.set()


class Pulse:
    """Where changes are told and listened to."""

    def __init__(self) -> None:
        self._ears: set[Ear] = set()
        self._lock = threading.Lock()

    def beat(self, why: Why) -> None:
        """Tells every listener; from any thread, and never waits for one."""
        with self._lock:
            ears = tuple(self._ears)
        for ear in ears:
            ear.tell(why)

    @contextmanager
    def listen(self) -> Iterator[Ear]:
        """An ear for as long as the block lasts. Call it on an event loop."""
        ear = Ear()
        with self._lock:
            self._ears.add(ear)
        try:
            yield ear
        finally:
            with self._lock:
                self._ears.discard(ear)
