"""What was worked out of closed buckets, kept from one question to the next."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock
from typing import Any, Final

MOST_BYTES: Final = 64_000_000


class Memo:
    """Keeps answers by their key until there are too many; what was not used for longest goes first. Safe for threads.

    A key has to hold all that the answer depends on: of what was read of a bucket, the version of that bucket in the
    same snapshot. Then an answer is the same with a memo and without one, whatever was written meanwhile.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._lock = Lock()
        self._kept: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._bytes = 0

    def get(self, key: Hashable) -> Any | None:
        """What was kept under the key; None when nothing was, or when it has gone."""
        with self._lock:
            found = self._kept.get(key)
            if found is None:
                return None
            self._kept.move_to_end(key)
            return found[0]

    def keep(self, key: Hashable, value: Any, size: int) -> None:
        """Keeps a value of so many bytes; whoever gets it must not change it."""
        with self._lock:
            self._bytes += size - self._kept.pop(key, (None, 0))[1]
            self._kept[key] = (value, size)
            while self._bytes > self._most_bytes:
                self._bytes -= self._kept.popitem(last=False)[1][1]
