"""A small table of what clients created, bounded in age and number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any


@dataclass(frozen=True, slots=True)
class Record:
    """One created object."""

    key: str
    fields: dict[str, Any]
    created_at: datetime
    visible_at: datetime


@dataclass(slots=True)
class Records:
    """Records by key. Older than `life` or beyond `most`: forgotten, oldest first."""

    life: timedelta = timedelta(minutes=30)
    most: int = 2000
    _by_key: dict[str, Record] = field(default_factory=dict)
    _last: int = 0

    def next_number(self) -> int:
        """1, 2, 3…"""
        self._last += 1
        return self._last

    def put(self, key: str, fields: dict[str, Any], now: datetime, *, lag: timedelta = timedelta(0)) -> Record:
        """Keep it; `search` sees it only after the lag."""
        self._expire(now)
        record = Record(key, fields, now, now + lag)
        self._by_key[key] = record
        return record

    def get(self, key: str) -> Record | None:
        """The record of that key, or None."""
        return self._by_key.get(key)

    def remove(self, key: str) -> bool:
        """Whether there was one."""
        return self._by_key.pop(key, None) is not None

    def find(self, name: str, value: object) -> Record | None:
        """The first record with this value in that field, whatever its age."""
        return next((record for record in self._by_key.values() if record.fields.get(name) == value), None)

    def visible(self, now: datetime) -> Iterator[Record]:
        """The records that an index has caught up with."""
        return (record for record in self._by_key.values() if record.visible_at <= now)

    def _expire(self, now: datetime) -> None:
        for key, record in list(self._by_key.items()):
            if record.created_at > now - self.life and len(self._by_key) < self.most:
                break
            del self._by_key[key]
