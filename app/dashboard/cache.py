"""Answers shared by everybody who asks the same within a short while."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar, cast

T = TypeVar("T")
_KEPT: Final = 256


@dataclass(slots=True)
class _Slot:
    lock: threading.Lock = field(default_factory=threading.Lock)
    at: datetime | None = None
    answer: Any = None


class Shared:
    """Keeps each answer for `fresh_for`. While one caller works an answer out, the others with that key wait for it,
    so that any number of viewers costs one query. An exception is kept for nobody."""

    def __init__(self, clock: Callable[[], datetime], fresh_for: timedelta) -> None:
        self._clock = clock
        self._fresh_for = fresh_for
        self._slots: dict[Hashable, _Slot] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, work: Callable[[], T], fresh_for: timedelta | None = None) -> T:
        """The answer under `key`, at most `fresh_for` old."""
        with self._lock:
            self._forget_old()
            slot = self._slots.setdefault(key, _Slot())
        with slot.lock:
            age = None if slot.at is None else self._clock() - slot.at
            if age is None or age >= (fresh_for or self._fresh_for):
                slot.answer = work()
                slot.at = self._clock()
            return cast(T, slot.answer)

    def forget(self) -> None:
        """What was answered is asked anew: something has just changed by hand."""
        with self._lock:
            self._slots.clear()

    def _forget_old(self) -> None:
        while len(self._slots) >= _KEPT:
            self._slots.pop(next(iter(self._slots)))
