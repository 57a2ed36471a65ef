"""How did the runs of some integrations end in a stretch of time, and which of them failed?"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from duckdb import DuckDBPyConnection

from metrics.model import RunRow, Window
from metrics.store.runs import ROW_COLUMNS, run_row

_OURS: Final = ("x-request-id", "traceparent")


@dataclass(frozen=True, slots=True)
class RunCounts:
    """Runs of one workflow from one region, confirmations included."""

    integration: str
    workflow: str
    region: str
    runs: int
    """Runs that were made, tainted ones left out."""
    failed: int
    throttled: int
    unstable: int
    held_back: int
    """Runs that an open circuit held back; not among the others."""


@dataclass(frozen=True, slots=True)
class EvidenceIds:
    """What a failed request can be found by, on our side and at the vendor's."""

    evidence_id: str
    method: str
    url: str
    """Redacted."""
    status: int | None
    vendor_ids: dict[str, str]
    our_ids: dict[str, str]


def run_counts(
    con: DuckDBPyConnection, integrations: Collection[str], window: Window, region: str | None = None
) -> tuple[RunCounts, ...]:
    """By integration, workflow and region, of the runs that started in the window."""
    rows = con.execute(_COUNTS, _bounds(integrations, window) | {"region": region}).fetchall()
    return tuple(RunCounts(*row) for row in rows)


def failed_runs(
    con: DuckDBPyConnection, integrations: Collection[str], window: Window, limit: int, region: str | None = None
) -> tuple[RunRow, ...]:
    """The first failed or throttled runs of the window, oldest first."""
    rows = con.execute(_FAILED, _bounds(integrations, window) | {"region": region, "limit": limit}).fetchall()
    return tuple(map(run_row, rows))


def evidence_ids(con: DuckDBPyConnection, ids: Sequence[str]) -> dict[str, EvidenceIds]:
    """By evidence id; what has expired is left out."""
    if not ids:
        return {}
    rows = con.execute(_EVIDENCE, [list(ids)]).fetchall()
    return {row[0]: _evidence(*row) for row in rows}


def first_measured(con: DuckDBPyConnection) -> datetime | None:
    """When the first slice of anything was measured; None of an empty store."""
    row = con.execute("SELECT min(since) FROM schedule_changes").fetchone()
    return row[0] if row else None


def _evidence(evidence_id: str, method: str, url: str, status: int | None, vendor: str, sent: str) -> EvidenceIds:
    ours = {name: str(value) for name, value in _mapping(sent).items() if name.lower() in _OURS}
    return EvidenceIds(evidence_id, method, url, status, {k: str(v) for k, v in _mapping(vendor).items()}, ours)


def _mapping(text: str | None) -> dict[str, Any]:
    found = json.loads(text or "{}")
    return found if isinstance(found, dict) else {}


def _bounds(integrations: Collection[str], window: Window) -> dict[str, Any]:
    return {"integrations": sorted(integrations), "start": window.start, "end": window.end}


_WHERE: Final = """
integration IN (SELECT unnest($integrations)) AND started_at >= $start AND started_at < $end
    AND ($region IS NULL OR region = $region)
"""

_COUNTS: Final = f"""
SELECT integration, workflow, region, count(*) FILTER (outcome NOT IN ('skipped', 'tainted')),
       count(*) FILTER (outcome = 'failed'), count(*) FILTER (outcome = 'throttled'),
       count(*) FILTER (outcome = 'unstable'), count(*) FILTER (outcome = 'skipped' AND failure_kind IS NOT NULL)
FROM runs WHERE {_WHERE} GROUP BY ALL ORDER BY integration, workflow, region
"""  # noqa: S608 - names of ours

_FAILED: Final = f"""
SELECT {ROW_COLUMNS} FROM runs WHERE {_WHERE} AND outcome IN ('failed', 'throttled')
ORDER BY started_at, integration, region, attempt LIMIT $limit
"""  # noqa: S608 - names of ours

_EVIDENCE: Final = """
SELECT evidence_id, method, url, status, vendor_request_ids, request_headers FROM evidence
WHERE evidence_id IN (SELECT unnest(?))
"""
