"""What the one who takes runs in need not ask the store again: how far each prober's runs are stored, each series'
interval and its newest slice.

All of it is as the last commit left it. It only ever spares a question: where it does not settle one, the store is
asked. After a transaction that failed it is forgotten, and when the store was opened anew.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from duckdb import DuckDBPyConnection

from metrics.store.appending import Appender
from metrics.store.numbering import Numbering, load_numbering

Series = tuple[str, str, str]
"""Integration, workflow, region."""
_LOOK_BACK: Final = timedelta(hours=1)


@dataclass(slots=True)
class Remembered:
    """For one store, used by its one writer only. `append` is for that writer's rows."""

    append: Appender = field(default_factory=Appender)
    _numberings: dict[str, Numbering] = field(default_factory=dict)
    _intervals: dict[Series, tuple[datetime, float]] = field(default_factory=dict)
    _newest: dict[tuple[Series, float], datetime] = field(default_factory=dict)
    _from: datetime | None = None
    _con: DuckDBPyConnection | None = None

    def recall(self, con: DuckDBPyConnection) -> None:
        """Before anything is asked in a transaction: what another connection left may not be what lies there now."""
        if con is not self._con:
            self.forget()
            self._con = con

    def forget(self) -> None:
        """Nothing is known any more."""
        self.append.forget()
        self._numberings, self._intervals, self._newest, self._from = {}, {}, {}, None

    def numberings(self, con: DuckDBPyConnection, prober_ids: Collection[str]) -> dict[str, Numbering]:
        """Of these probers; the same ones each time, so that what is changed in them is remembered."""
        if missing := set(prober_ids) - self._numberings.keys():
            found = load_numbering(con, missing)
            self._numberings |= {prober: found.get(prober) or Numbering() for prober in missing}
        return {prober: self._numberings[prober] for prober in prober_ids}

    def goes_on(self, series: Series, at: datetime, every_s: float) -> bool:
        """Whether the series is known to have had that interval when the slice at `at` began."""
        known = self._intervals.get(series)
        return known is not None and known[1] == every_s and at >= known[0]

    def note_interval(self, series: Series, since: datetime, every_s: float) -> None:
        """The newest change of the series' interval."""
        self._intervals[series] = (since, every_s)

    def look_up(self, con: DuckDBPyConnection, slices: Collection[datetime]) -> None:
        """Before runs of these slices are inserted: makes sure that newest slices are known, from a while before."""
        if self._from is None and slices:
            since = min(slices) - _LOOK_BACK
            for integration, workflow, region, every_s, newest in con.execute(_NEWEST, [since]).fetchall():
                self._newest[(integration, workflow, region), every_s] = newest
            self._from = since

    def is_first(self, series: Series, every_s: float, at: datetime) -> bool:
        """Whether no verdict of that slice can be stored yet; after this there is one."""
        newest = self._newest.get((series, every_s), self._from)
        if newest is None or at <= newest:
            return False
        self._newest[series, every_s] = at
        return True


_NEWEST: Final = """
SELECT integration, workflow, region, every_s, max(slice_at) FROM runs WHERE final AND slice_at >= ? GROUP BY ALL
"""
