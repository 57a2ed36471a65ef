"""Verdicts with their reasons, as they were reached."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

import pyarrow as pa
from duckdb import DuckDBPyConnection

from metrics.store.appending import append


class Explained(NamedTuple):
    """One verdict, as a row of `evaluations`; units and meanings are those of its columns."""

    judged_at: datetime
    kind: str
    integration: str
    subject: str
    verdict: str
    seen: float | None
    against: float | None
    unit: str
    samples: int | None
    words: str


def note_evaluations(con: DuckDBPyConnection, verdicts: Sequence[Explained]) -> None:
    """Keep them, inside the caller's transaction; one that was reached again takes the place of the one before."""
    if not verdicts:
        return
    reached = {(one.judged_at, one.kind, one.integration, one.subject): one for one in verdicts}
    columns = zip(*reached.values(), strict=True)
    rows = pa.table(dict(zip(_SCHEMA.names, map(list, columns), strict=True)), schema=_SCHEMA)
    con.register("reached", rows)
    try:
        con.execute(_TAKE_PLACE)
    finally:
        con.unregister("reached")
    append(con, "evaluations", rows)


def latest_verdicts(con: DuckDBPyConnection) -> dict[tuple[str, str, str], tuple[str, datetime]]:
    """What was said last, and when, by kind, integration and subject."""
    return {(kind, integration, subject): (verdict, at) for kind, integration, subject, verdict, at in
            con.execute(_LATEST).fetchall()}  # fmt: skip


def evaluations(
    con: DuckDBPyConnection, integration: str, since: datetime, until: datetime, most: int = 500
) -> list[Explained]:
    """The verdicts on one integration in that time, the newest first."""
    parameters = {"integration": integration, "since": since, "until": until, "most": most}
    rows: list[tuple[Any, ...]] = con.execute(_EVALUATIONS, parameters).fetchall()
    return [Explained(*row) for row in rows]


_SCHEMA: Final = pa.schema(
    {
        "judged_at": pa.timestamp("us", tz="UTC"),
        "kind": pa.string(),
        "integration": pa.string(),
        "subject": pa.string(),
        "verdict": pa.string(),
        "seen": pa.float64(),
        "against": pa.float64(),
        "unit": pa.string(),
        "samples": pa.int32(),
        "words": pa.string(),
    }
)

_TAKE_PLACE: Final = """
DELETE FROM evaluations AS e USING reached AS r
WHERE e.judged_at = r.judged_at AND e.kind = r.kind AND e.integration = r.integration AND e.subject = r.subject
"""

_LATEST: Final = """
SELECT kind, integration, subject, arg_max(verdict, judged_at), max(judged_at) FROM evaluations GROUP BY ALL
"""

_EVALUATIONS: Final = """
SELECT judged_at, kind, integration, subject, verdict, seen, against, unit, samples, words FROM evaluations
WHERE integration = $integration AND judged_at >= $since AND judged_at < $until
ORDER BY judged_at DESC, kind, subject LIMIT $most
"""
