"""What people said about normal."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from duckdb import DuckDBPyConnection


class Action(StrEnum):
    """What is ordered."""

    ACCEPT = "accept"
    EXCLUDE = "exclude"


@dataclass(frozen=True, slots=True)
class Order:
    """A new level accepted at `at`, or a range (`start` ≤ t < `end`) that is not to be learned from."""

    at: datetime
    action: Action
    series_id: int
    start: datetime
    end: datetime
    author: str
    reason: str

    def buckets(self, bucket_s: int) -> tuple[int, int]:
        """The first bucket of the range, and the first after it."""
        return int(self.start.timestamp() // bucket_s), int(-(-self.end.timestamp() // bucket_s))

    def about(self, series_id: int) -> Order:
        """The same of another series."""
        return replace(self, series_id=series_id)


def note_order(con: DuckDBPyConnection, order: Order) -> None:
    """Keep it, inside the caller's transaction."""
    con.execute(_NOTE, [getattr(order, name) for name in Order.__slots__])


def orders(con: DuckDBPyConnection, start: datetime, end: datetime) -> list[Order]:
    """Those given in that time, or about any instant of it, in the order they were given."""
    rows = con.execute(_ORDERS, {"start": start, "end": end}).fetchall()
    return [Order(at, Action(action), *rest) for at, action, *rest in rows]


_NOTE: Final = """
INSERT INTO baseline_orders
SELECT 1 + coalesce(max(order_id), 0), ?, ?, ?, ?, ?, ?, ? FROM baseline_orders
"""

_ORDERS: Final = """
SELECT ordered_at, action, series_id, start_at, end_at, author, reason FROM baseline_orders
WHERE (start_at < $end AND end_at >= $start) OR (ordered_at >= $start AND ordered_at < $end) ORDER BY order_id
"""
