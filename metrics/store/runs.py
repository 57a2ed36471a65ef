"""What happened in a run?"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from duckdb import DuckDBPyConnection

from metrics.model import RunRow
from metrics.store.buckets import instant
from probes.model import (
    Assertion,
    Certificate,
    Evidence,
    Failure,
    FailureKind,
    Outcome,
    QuotaReading,
    Run,
    StepResult,
    Timings,
)


def latest_runs(
    con: DuckDBPyConnection,
    integration: str,
    limit: int = 50,
    outcome: Outcome | None = None,
    *,
    workflow: str | None = None,
    region: str | None = None,
) -> tuple[RunRow, ...]:
    """The newest runs of an integration, newest first."""
    given = {"outcome": outcome.value if outcome else None, "workflow": workflow, "region": region}
    narrow = {name: value for name, value in given.items() if value is not None}
    clauses = "".join(f" AND {name} = ${name}" for name in narrow)
    sql = f"{_ROW} WHERE integration = $integration{clauses} ORDER BY started_at DESC, attempt DESC LIMIT $limit"
    rows = con.execute(sql, narrow | {"integration": integration, "limit": limit}).fetchall()
    return tuple(map(run_row, rows))


def run(con: DuckDBPyConnection, run_id: str | UUID) -> Run | None:
    """The whole run with its steps, quota readings, values and evidence; None when there is no such run."""
    wanted = _uuid(run_id)
    tables = _tables(con, wanted) if wanted else ""
    found = _find(con, "*", wanted, tables) if wanted else []
    return _run(con, found[0], tables) if found else None


def evidence(con: DuckDBPyConnection, evidence_id: str) -> tuple[RunRow, Evidence] | None:
    """The evidence and the run it belongs to; None when there is none or it has expired."""
    found = _dicts(con, "SELECT * FROM evidence WHERE evidence_id = ? LIMIT 1", [evidence_id])
    if not found:
        return None
    wanted = found[0]["run_id"]
    rows = _find(con, ROW_COLUMNS, wanted, _tables(con, wanted))
    return (run_row(tuple(rows[0].values())), _evidence(found[0])) if rows else None


ROW_COLUMNS: Final = (
    "run_id, integration, workflow, region, started_at, duration_ms, outcome, attempt, failed_step, failure_kind, "
    "failure_message, evidence_id, simulated, skip_reason, failed_status"
)
"""What `run_row` is made of."""
_ROW: Final = f"SELECT {ROW_COLUMNS} FROM runs"  # noqa: S608 - columns of ours


# The bounds of time say nothing new, but let the database skip what cannot belong to the run.
_NEAR: Final = timedelta(minutes=1)
_CLEANED_UP: Final = timedelta(minutes=15)
"""Its clean-up ends long before this, counted from its end."""
_TIME_ORDERED: Final = 7
_LAST_US: Final = 253_402_214_400_000_000
"""The last day that there is a date for."""
_SAME_INSTANT: Final = timedelta(milliseconds=3)
# Told apart as texts, because comparing the ids would be pushed down into the scan of the table, and unpacking a day of
# ids costs 20 times as much as looking at its instants. Not for more than a few rows.
_SAME_TEXT: Final = "run_id::VARCHAR = $run_id::VARCHAR"
_OF_RUN: Final = "run_id = $run_id AND {at} >= $since AND {at} < $until"
_STEPS: Final = f"""
SELECT * FROM {{tables}}steps WHERE {_OF_RUN.format(at="started_at")} ORDER BY started_at, position, attempt
"""  # noqa: S608 - columns of ours
_QUOTA: Final = f"""
SELECT * FROM {{tables}}quota_readings
WHERE {_SAME_TEXT} AND observed_at >= $since AND observed_at < $until ORDER BY observed_at, bucket
"""  # noqa: S608 - columns of ours
_VALUES: Final = f"SELECT name, value FROM {{tables}}recorded_values WHERE {_OF_RUN.format(at='started_at')}"  # noqa: S608 - columns of ours
_LAST_SEALED: Final = "SELECT max(day) FROM sealed_days"


def run_row(row: tuple[Any, ...]) -> RunRow:
    """From the columns ROW_COLUMNS."""
    run_id, integration, workflow, region, started_at, duration, outcome, attempt, step, kind, *rest = row
    message, evidence_id, simulated, skip_reason, status = rest
    return RunRow(
        run_id=str(run_id),
        integration=integration,
        workflow=workflow,
        region=region,
        started_at=started_at,
        duration_ms=duration,
        outcome=Outcome(outcome),
        attempt=attempt,
        failed_step=step,
        failure_kind=FailureKind(kind) if kind else None,
        failure_message=message,
        evidence_id=evidence_id,
        simulated=simulated,
        skip_reason=skip_reason,
        failed_status=status,
    )


def _tables(con: DuckDBPyConnection, run_id: UUID) -> str:
    """How the tables of the run's rows are called: those of the hot rows alone when its day was never sealed, nor any
    after it. Planning a question about the views takes a millisecond for each month that there is."""
    last = con.execute(_LAST_SEALED).fetchone()
    sealed = last[0] if last else None
    at = _instant(run_id)
    return "hot_" if at and (sealed is None or (at - _NEAR).date() > sealed) else ""


def _instant(run_id: UUID) -> datetime | None:
    """When the run started, as the first 48 bits of its id tell (RFC 9562, version 7); None for another kind of id, and
    for an instant that there is not."""
    told = (run_id.int >> 80) * 1000
    return instant(told) if run_id.version == _TIME_ORDERED and told < _LAST_US else None


def _find(con: DuckDBPyConnection, columns: str, run_id: UUID, tables: str) -> list[dict[str, Any]]:
    """The run's row, or nothing. Only the rows of the time that the id tells have to be looked at; an id that tells
    none is looked for everywhere."""
    asked, at = f"SELECT {columns} FROM {tables}runs WHERE ", _instant(run_id)  # noqa: S608 - names of ours
    if at is None:
        return _dicts(con, f"{asked} run_id = $run_id LIMIT 1", {"run_id": run_id})
    for condition, around in ((_SAME_TEXT, _SAME_INSTANT), ("run_id = $run_id", _NEAR)):
        narrow = f"{asked} {condition} AND started_at >= $since AND started_at < $until LIMIT 1"
        found = _dicts(con, narrow, {"run_id": run_id, "since": at - around, "until": at + around})
        if found:
            return found
    return []


def _uuid(text: str | UUID) -> UUID | None:
    try:
        return UUID(str(text))
    except ValueError:
        return None


def _dicts(con: DuckDBPyConnection, sql: str, parameters: object) -> list[dict[str, Any]]:
    cursor = con.execute(sql, parameters)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _run(con: DuckDBPyConnection, row: dict[str, Any], tables: str) -> Run:
    run_id, since = row["run_id"], row["started_at"]
    ended = since + timedelta(milliseconds=row["duration_ms"])
    bounds = {"run_id": run_id, "since": since - _NEAR, "until": ended + _CLEANED_UP}
    kept = {
        (found["position"], found["attempt"]): _evidence(found)
        for found in _dicts(con, "SELECT * FROM evidence WHERE run_id = ?", [run_id])
    }
    steps = _dicts(con, _STEPS.format(tables=tables), bounds)
    last = max([ended, *(step["started_at"] + timedelta(milliseconds=step["total_ms"] or 0) for step in steps)])
    quota = _dicts(con, _QUOTA.format(tables=tables), bounds | {"until": last + _NEAR})
    values = _dicts(con, _VALUES.format(tables=tables), bounds)
    same = ("run_id", "region", "integration", "workflow", "scheduled_at", "started_at", "duration_ms", "every_s")
    more = ("config_version", "attempt", "failed_step", "failed_integration", "loop_lag_ms", "skip_reason", "simulated")
    return Run(
        **{name: row[name] for name in same + more},
        outcome=Outcome(row["outcome"]),
        failure=_failure(row),
        circuit_open=row["outcome"] == Outcome.SKIPPED and row["failure_kind"] is not None,
        steps=tuple(_step(step, kept.get((step["position"], step["attempt"])), row["integration"]) for step in steps),
        quota=tuple(_quota(reading, row["integration"]) for reading in quota),
        values={value["name"]: value["value"] for value in values},
    )


def _failure(row: dict[str, Any]) -> Failure | None:
    if row["failure_kind"] is None:
        return None
    return Failure(
        kind=FailureKind(row["failure_kind"]),
        message=row["failure_message"],
        retryable=row["failure_retryable"],
        retry_after_s=row["failure_retry_after_s"],
    )


def _step(row: dict[str, Any], kept: Evidence | None, home: str) -> StepResult:
    same = ("position", "attempt", "cleanup", "started_at", "method", "url", "status", "http_version")
    more = ("remote_address", "response_bytes", "tls_version", "certificate_expires_at", "shape_id")
    return StepResult(
        **{name: row[name] for name in same + more},
        name=row["step"],
        outcome=Outcome(row["outcome"]),
        timings=Timings(**{name: row[name] for name in Timings.__slots__}),
        failure=_failure(row),
        assertions=tuple(Assertion(**assertion) for assertion in json.loads(row["assertions"] or "[]")),
        captured=json.loads(row["captured"] or "{}"),
        vendor_request_ids=json.loads(row["vendor_request_ids"] or "{}"),
        evidence=kept,
        integration=_elsewhere(row, home),
        certificate_chain=tuple(_certificate(one) for one in json.loads(row["certificate_chain"] or "[]")),
        unreachable_addresses=tuple(json.loads(row["unreachable_addresses"] or "[]")),
    )


def _certificate(written: dict[str, str]) -> Certificate:
    return Certificate(written["subject"], written["issuer"], datetime.fromisoformat(written["expires_at"]))


def _elsewhere(row: dict[str, Any], home: str) -> str | None:
    return row["integration"] if row["integration"] != home else None


def _quota(row: dict[str, Any], home: str) -> QuotaReading:
    row |= {"limit": row["limit_value"], "integration": _elsewhere(row, home)}
    return QuotaReading(**{name: row[name] for name in QuotaReading.__slots__})


def _evidence(row: dict[str, Any]) -> Evidence:
    texts = {name: row[name] for name in ("evidence_id", "method", "url", "request_body", "status", "response_body")}
    maps = ("request_headers", "response_headers", "vendor_request_ids")
    return Evidence(**texts, **{name: json.loads(row[name]) for name in maps})
