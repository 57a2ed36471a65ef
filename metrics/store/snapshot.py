"""What one snapshot of the store says is asked of it once, however many questions are answered from it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final, TypeVar

from duckdb import DuckDBPyConnection

T = TypeVar("T")
_CURRENT: Final[ContextVar[tuple[DuckDBPyConnection, dict[Hashable, Any]] | None]] = ContextVar(
    "snapshot", default=None
)


@contextmanager
def snapshot(con: DuckDBPyConnection) -> Iterator[None]:
    """For the length of the block nothing that the connection reads can change: it is in a read-only transaction."""
    token = _CURRENT.set((con, {}))
    try:
        yield
    finally:
        _CURRENT.reset(token)


def once(con: DuckDBPyConnection, key: Hashable, work: Callable[[], T]) -> T:
    """What `work` finds out, for all questions to the snapshot that the connection is in; outside of one, anew each
    time. Nobody may change what they get."""
    current = _CURRENT.get()
    if current is None or current[0] is not con:
        return work()
    kept = current[1]
    if key not in kept:
        kept[key] = work()
    found: T = kept[key]
    return found
