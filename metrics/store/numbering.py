"""Which of a prober's run numbers are stored: a cursor, and the gaps below it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from duckdb import DuckDBPyConnection


@dataclass(slots=True)
class Numbering:
    """Every number from 1 to `cursor` is stored, but for those inside a gap.

    A prober ships in order, so a gap means that it no longer has those runs (its outbox was trimmed for another store).
    The cursor moves past a gap, or such a prober would wait for ever; a number out of a gap is still taken if it comes.
    """

    cursor: int = 0
    gaps: list[tuple[int, int]] = field(default_factory=list)
    region: str = ""
    stored_gaps: list[tuple[int, int]] = field(default_factory=list)
    """The gaps as the store has them; what differs is to be written."""

    def take(self, first: int, last: int) -> list[int]:
        """The numbers of first…last that were not stored yet, in order; they count as stored from now on."""
        if last < first:
            return []
        late = self._fill(first, last)
        new = list(range(max(first, self.cursor + 1), last + 1))
        if first > self.cursor + 1:
            self.gaps.append((self.cursor + 1, first - 1))
        self.cursor = max(self.cursor, last)
        return late + new

    def _fill(self, first: int, last: int) -> list[int]:
        taken: list[int] = []
        left: list[tuple[int, int]] = []
        for start, end in self.gaps:
            low, high = max(start, first), min(end, last)
            if low > high:
                left.append((start, end))
                continue
            taken += range(low, high + 1)
            left += [gap for gap in ((start, low - 1), (high + 1, end)) if gap[0] <= gap[1]]
        self.gaps = left
        return sorted(taken)


def load_numbering(con: DuckDBPyConnection, prober_ids: Collection[str]) -> dict[str, Numbering]:
    """What is stored of those probers; one that never reported is left out."""
    wanted = list(prober_ids)
    rows = con.execute("SELECT prober_id, cursor, region FROM probers WHERE prober_id IN (SELECT unnest(?))", [wanted])
    found = {prober: Numbering(cursor=cursor, region=region) for prober, cursor, region in rows.fetchall()}
    gaps = con.execute("SELECT prober_id, first, last FROM number_gaps WHERE prober_id IN (SELECT unnest(?))", [wanted])
    for prober, first, last in gaps.fetchall():
        found[prober].gaps.append((first, last))
        found[prober].stored_gaps.append((first, last))
    return found


def save_numbering(con: DuckDBPyConnection, numberings: Mapping[str, Numbering]) -> None:
    """Writes cursors and gaps back, inside the caller's transaction."""
    if not numberings:
        return
    columns = [[*numberings], [one.region for one in numberings.values()], [one.cursor for one in numberings.values()]]
    con.execute(_SAVE, columns)
    for prober, numbering in numberings.items():
        if numbering.gaps != numbering.stored_gaps:
            con.execute("DELETE FROM number_gaps WHERE prober_id = ?", [prober])
            for first, last in numbering.gaps:
                con.execute("INSERT INTO number_gaps VALUES (?, ?, ?)", [prober, first, last])


_SAVE: Final = """
INSERT INTO probers (prober_id, region, cursor) SELECT unnest(?), unnest(?), unnest(?)
ON CONFLICT (prober_id) DO UPDATE SET cursor = excluded.cursor, region = excluded.region
"""
