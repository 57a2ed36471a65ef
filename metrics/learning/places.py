"""Which row of the arrays belongs to which series of the store, and what people said about it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from metrics.store.learned.orders import Action, Order

Whole = NDArray[np.int64]


class Places:
    """Rows by the number that the store calls a series by."""

    def __init__(self, ids: Whole) -> None:
        """`ids` holds the number of each series, by its row; there is at least one."""
        self._ids, self._order = ids, np.argsort(ids)

    def of(self, series: Whole) -> tuple[Whole, NDArray[np.bool_]]:
        """The rows of those that are among ours, and which those are."""
        place = np.minimum(np.searchsorted(self._ids, series, sorter=self._order), len(self._order) - 1)
        rows: Whole = self._order[place]
        known = self._ids[rows] == series
        return rows[known], known

    def of_one(self, series: int) -> int | None:
        """Its row, or None where it is none of ours."""
        rows, _ = self.of(np.array([series]))
        return int(rows[0]) if len(rows) else None

    def spoken(
        self, orders: Iterable[Order], bucket_s: int, first: int, excluded: NDArray[np.bool_]
    ) -> list[tuple[int, int, Order]]:
        """Bucket, row and order of what was said in the buckets from `first` on that `excluded` has a row each for;
        there it marks what is not to be learned from."""
        said = []
        for order in orders:
            row, at = self.of_one(order.series_id), int(order.at.timestamp() // bucket_s) - first
            if row is None:
                continue
            if 0 <= at < len(excluded):
                said.append((first + at, row, order))
            if order.action is Action.EXCLUDE:
                start, stop = order.buckets(bucket_s)
                # Nobody knew of it before it was said; what was learned till then is forgotten as it is carried out.
                excluded[max(0, start - first, at) : max(0, stop - first), row] = True
        return said
