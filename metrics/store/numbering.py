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
    stored: tuple[int, str] | None = None
    """Cursor and region as the store has them, None where it does not know the prober; other ones are to be written."""
    stored_gaps: list[tuple[int, int]] = field(default_factory=list)

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
    found = {
        prober: Numbering(cursor=cursor, region=region, stored=(cursor, region))
        for prober, cursor, region in rows.fetchall()
    }
    gaps = con.execute("SELECT prober_id, first, last FROM number_gaps WHERE prober_id IN (SELECT unnest(?))", [wanted])
    for prober, first, last in gaps.fetchall():
        found[prober].gaps.append((first, last))
        found[prober].stored_gaps.append((first, last))
    return found


def save_numbering(con: DuckDBPyConnection, numberings: Mapping[str, Numbering]) -> None:
    """Writes back the cursors and gaps that are news, inside the caller's transaction."""
    news = {prober: one for prober, one in numberings.items() if one.stored != (one.cursor, one.region)}
    moved = {prober: one for prober, one in news.items() if one.stored and one.stored[1] == one.region}
    _save(con, _MOVE, moved)
    _save(con, _SAVE, {prober: one for prober, one in news.items() if prober not in moved})
    for prober, numbering in numberings.items():
        if numbering.gaps != numbering.stored_gaps:
            con.execute("DELETE FROM number_gaps WHERE prober_id = ?", [prober])
            for first, last in numbering.gaps:
                con.execute("INSERT INTO number_gaps VALUES (?, ?, ?)", [prober, first, last])
            numbering.stored_gaps = list(numbering.gaps)


def _save(con: DuckDBPyConnection, statement: str, numberings: Mapping[str, Numbering]) -> None:
    if not numberings:
        return
    known = numberings.values()
    con.execute(statement, [[*numberings], [one.region for one in known], [one.cursor for one in known]])
    for one in known:
        one.stored = (one.cursor, one.region)


# A third of the price of the other.
_MOVE: Final = """
UPDATE probers SET cursor = news.cursor
FROM (SELECT unnest($1) AS prober_id, unnest($2) AS region, unnest($3) AS cursor) AS news
WHERE probers.prober_id = news.prober_id
"""

_SAVE: Final = """
INSERT INTO probers (prober_id, region, cursor) SELECT unnest($1), unnest($2), unnest($3)
ON CONFLICT (prober_id) DO UPDATE SET cursor = excluded.cursor, region = excluded.region
"""
