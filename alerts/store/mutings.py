"""When nobody, or not everybody, was told of an incident: one row without an end per incident at most."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from duckdb import DuckDBPyConnection

from alerts.model import MutedBy, Muting
from alerts.store.rows import utc, utc_or_none


@dataclass(frozen=True, slots=True)
class MutingRow:
    """`withheld` counts the changes of the incident that were not told."""

    muting_id: int
    incident_id: str
    muting: Muting
    began_at: datetime
    withheld: int = 0
    ended_at: datetime | None = None


_COLUMNS: Final = "muting_id, incident_id, reason, words, until_at, began_at, withheld, ended_at"


def standing_mutings(con: DuckDBPyConnection) -> dict[str, MutingRow]:
    """Incident id → its muting that has not ended."""
    rows = con.execute(f"SELECT {_COLUMNS} FROM mutings WHERE ended_at IS NULL ORDER BY muting_id").fetchall()  # noqa: S608 - constant columns
    return {row[1]: _row(row) for row in rows}


def mutings_of(con: DuckDBPyConnection, incident_id: str) -> tuple[MutingRow, ...]:
    """Every muting of one incident, in order."""
    rows = con.execute(
        f"SELECT {_COLUMNS} FROM mutings WHERE incident_id = ? ORDER BY muting_id",  # noqa: S608 - constant columns
        [incident_id],
    ).fetchall()
    return tuple(_row(row) for row in rows)


def begin_muting(con: DuckDBPyConnection, incident_id: str, muting: Muting, at: datetime, withheld: int) -> MutingRow:
    """Writes that it began."""
    row = con.execute(
        "INSERT INTO mutings (muting_id, incident_id, reason, words, began_at, until_at, withheld)"
        " VALUES (nextval('muting_ids'), ?, ?, ?, ?, ?, ?) RETURNING muting_id",
        [incident_id, str(muting.reason), muting.words, at, muting.until, withheld],
    ).fetchone()
    return MutingRow(row[0] if row else 0, incident_id, muting, at, withheld)


def change_muting(con: DuckDBPyConnection, row: MutingRow) -> None:
    """Writes another reason, or one more change that was not told."""
    con.execute(
        "UPDATE mutings SET reason = ?, words = ?, until_at = ?, withheld = ? WHERE muting_id = ?",
        [str(row.muting.reason), row.muting.words, row.muting.until, row.withheld, row.muting_id],
    )


def end_muting(con: DuckDBPyConnection, row: MutingRow, at: datetime) -> None:
    """Writes that it is over."""
    con.execute("UPDATE mutings SET ended_at = ? WHERE muting_id = ?", [at, row.muting_id])


def channels_of_end(con: DuckDBPyConnection, incident_id: str, since: datetime) -> frozenset[str]:
    """Channels that were asked, at that instant or later, to tell of the incident's end."""
    rows = con.execute(
        "SELECT DISTINCT channel FROM outbox WHERE incident_id = ? AND action = 'resolve' AND tier <> 'report'"
        " AND created_at >= ?",
        [incident_id, since],
    ).fetchall()
    return frozenset(row[0] for row in rows)


def _row(row: tuple[Any, ...]) -> MutingRow:
    muting = Muting(MutedBy(row[2]), row[3], utc_or_none(row[4]))
    return MutingRow(row[0], row[1], muting, utc(row[5]), row[6], utc_or_none(row[7]))
