"""Runs as the rows of the measurement tables, in Arrow."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pyarrow as pa
from duckdb import DuckDBPyConnection

from metrics.kinds import GOOD, OURS, UNMEASURED
from metrics.store.attempts import PHASES, attempts_table, is_timed
from metrics.store.rollup.marks import mark
from metrics.store.sealing.layout import HOT
from probes.model import Outcome, Run, StepResult

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SLOT_S: Final = 300
_TEXT: Final = pa.string()
_REAL: Final = pa.float64()
_FLAG: Final = pa.bool_()
_SMALL: Final = pa.int16()
_BIG: Final = pa.int64()
_TIME: Final = pa.timestamp("us", tz="UTC")

_FAILURE: Final = {
    "failure_kind": _TEXT,
    "failure_message": _TEXT,
    "failure_retryable": _FLAG,
    "failure_retry_after_s": _REAL,
}

RUNS: Final = pa.schema(
    {
        "run_id": _TEXT,
        "prober_id": _TEXT,
        "number": _BIG,
        "received_at": _TIME,
        "region": _TEXT,
        "integration": _TEXT,
        "workflow": _TEXT,
        "scheduled_at": _TIME,
        "started_at": _TIME,
        "duration_ms": _REAL,
        "outcome": _TEXT,
        "config_version": _TEXT,
        "attempt": _SMALL,
        **_FAILURE,
        "failed_step": _TEXT,
        "failed_integration": _TEXT,
        "failed_status": _SMALL,
        "evidence_id": _TEXT,
        "loop_lag_ms": _REAL,
        "skip_reason": _TEXT,
        "every_s": _REAL,
        "slice_at": _TIME,
        "final": _FLAG,
        "slowest_total_ms": _REAL,
        "slowest_ttfb_ms": _REAL,
        "sync_lag_ms": _REAL,
        "simulated": _FLAG,
    }
)
STEPS: Final = pa.schema(
    {
        "run_id": _TEXT,
        "integration": _TEXT,
        "workflow": _TEXT,
        "region": _TEXT,
        "position": _SMALL,
        "step": _TEXT,
        "attempt": _SMALL,
        "cleanup": _FLAG,
        "counted": _FLAG,
        "timed": _FLAG,
        "started_at": _TIME,
        "outcome": _TEXT,
        **_FAILURE,
        "method": _TEXT,
        "url": _TEXT,
        "status": _SMALL,
        "http_version": _TEXT,
        "remote_address": _TEXT,
        "response_bytes": _BIG,
        "tls_version": _TEXT,
        "certificate_expires_at": _TIME,
        **dict.fromkeys(PHASES, _REAL),
        "assertions": _TEXT,
        "captured": _TEXT,
        "vendor_request_ids": _TEXT,
        "simulated": _FLAG,
        "shape_id": _TEXT,
        "certificate_chain": _TEXT,
        "chain_expires_at": _TIME,
        "unreachable_addresses": _TEXT,
    }
)
QUOTA: Final = pa.schema(
    {
        "run_id": _TEXT,
        "integration": _TEXT,
        "region": _TEXT,
        "vendor": _TEXT,
        "credential": _TEXT,
        "bucket": _TEXT,
        "unit": _TEXT,
        "observed_at": _TIME,
        "source": _TEXT,
        "limit_value": _REAL,
        "used": _REAL,
        "remaining": _REAL,
        "window_s": _REAL,
        "window_kind": _TEXT,
        "timezone": _TEXT,
        "reset_at": _TIME,
        "restore_rate": _REAL,
        "simulated": _FLAG,
    }
)
VALUES: Final = pa.schema(
    {
        "run_id": _TEXT,
        "integration": _TEXT,
        "workflow": _TEXT,
        "region": _TEXT,
        "started_at": _TIME,
        "name": _TEXT,
        "value": _REAL,
        "simulated": _FLAG,
    }
)
EVIDENCE: Final = pa.schema(
    {
        "evidence_id": _TEXT,
        "run_id": _TEXT,
        "integration": _TEXT,
        "position": _SMALL,
        "step": _TEXT,
        "attempt": _SMALL,
        "stored_at": _TIME,
        "method": _TEXT,
        "url": _TEXT,
        "request_headers": _TEXT,
        "request_body": _TEXT,
        "status": _SMALL,
        "response_headers": _TEXT,
        "response_body": _TEXT,
        "vendor_request_ids": _TEXT,
    }
)


@dataclass(frozen=True, slots=True)
class NumberedRun:
    """A run with its place in a prober's outbox and the time of its arrival."""

    prober_id: str
    number: int
    received_at: datetime
    run: Run


def insert(con: DuckDBPyConnection, runs: Sequence[NumberedRun]) -> None:
    """Adds the runs with all that hangs on them, inside the caller's transaction."""
    append(con, "runs", _table(RUNS, (run_row(item) for item in runs)))
    append(con, "steps", attempts_table(STEPS, [item.run for item in runs]))
    append(con, "quota_readings", _table(QUOTA, (row for item in runs for row in _quota_rows(item.run))))
    append(con, "recorded_values", _table(VALUES, (row for item in runs for row in _value_rows(item.run))))
    append(con, "evidence", _table(EVIDENCE, (row for item in runs for row in _evidence_rows(item))))
    # One instant of each bucket says all: most of these are of the same few.
    mark(con, {int(at.timestamp()) // _SLOT_S: at for item in runs for at in _instants(item.run)}.values())


def _instants(run: Run) -> Iterator[datetime]:
    """All that decides which buckets its rows fall into."""
    yield run.started_at
    yield slice_start(run.scheduled_at, interval(run))
    for step in run.steps:
        yield step.started_at


def append(con: DuckDBPyConnection, table: str, rows: pa.Table) -> None:
    """INSERT … SELECT of an Arrow table whose columns are named as the table's; raw rows go to the hot one."""
    if rows.num_rows == 0:
        return
    con.register("incoming", rows)
    try:
        con.execute(f"INSERT INTO {HOT.get(table, table)} BY NAME SELECT * FROM incoming")  # noqa: S608 - a name of ours
    finally:
        con.unregister("incoming")


def _table(schema: pa.Schema, rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=schema)


def run_row(item: NumberedRun) -> dict[str, Any]:
    """The row of table `runs`."""
    run = item.run
    decisive = _decisive(run)
    evidence = next(iter(run.evidence), None)
    if decisive is not None and decisive.evidence is not None:
        evidence = decisive.evidence
    return _plain(run, ("region", "integration", "workflow", "scheduled_at", "started_at", "config_version")) | {
        "run_id": str(run.run_id),
        "prober_id": item.prober_id,
        "number": item.number,
        "received_at": item.received_at,
        "duration_ms": micro(run.duration_ms) or 0.0,
        "outcome": run.outcome.value,
        "attempt": run.attempt,
        **_failure(run),
        "failed_step": run.failed_step,
        "failed_integration": run.failed_integration,
        "failed_status": decisive.status if decisive else None,
        "evidence_id": evidence.evidence_id if evidence else None,
        "loop_lag_ms": micro(run.loop_lag_ms) or 0.0,
        "skip_reason": run.skip_reason,
        "every_s": interval(run).total_seconds(),
        "slice_at": slice_start(run.scheduled_at, interval(run)),
        "final": is_measured(run),
        "slowest_total_ms": _slowest(run, "total_ms"),
        "slowest_ttfb_ms": _slowest(run, "ttfb_ms"),
        "sync_lag_ms": micro(run.values.get("sync_lag_ms")) if is_timed(run) else None,
        "simulated": run.simulated,
    }


def _plain(item: object, names: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(item, name) for name in names}


def _decisive(run: Run) -> StepResult | None:
    """The last attempt at the step that decided the outcome."""
    return next((step for step in reversed(run.steps) if step.name == run.failed_step), None)


def _slowest(run: Run, phase: str) -> float | None:
    if not is_timed(run):
        return None
    own = (step for step in run.steps if not step.cleanup and step.integration is None)
    good = (getattr(step.timings, phase) for step in own if step.outcome in GOOD)
    return max((figure for figure in map(micro, good) if figure is not None), default=None)


def _failure(item: Run | StepResult) -> dict[str, Any]:
    failure = item.failure
    if failure is None:
        return dict.fromkeys(_FAILURE)
    return {
        "failure_kind": failure.kind.value,
        "failure_message": failure.message,
        "failure_retryable": failure.retryable,
        "failure_retry_after_s": failure.retry_after_s,
    }


def interval(run: Run) -> timedelta:
    """Interval of its schedule; a minute when the prober did not say."""
    return timedelta(seconds=run.every_s) if run.every_s else timedelta(seconds=60)


def slice_start(at: datetime, every: timedelta) -> datetime:
    """Start of the slice that holds the instant: a whole number of intervals since the epoch."""
    return at - (at - _EPOCH) % every


def is_measured(run: Run) -> bool:
    """Whether the run says something about the vendor: not skipped, not tainted, no failure of our own.

    One that an open circuit held back does: the workflow is known to fail, and is only not asked every time.
    """
    ours = run.failure is not None and run.failure.kind in OURS
    return is_held_back(run) or (run.outcome not in UNMEASURED and not ours)


def is_held_back(run: Run) -> bool:
    """Whether an open circuit stood for the vendor's answer: skipped, with the failure that is known."""
    return run.outcome is Outcome.SKIPPED and run.failure is not None


def _quota_rows(run: Run) -> Iterator[dict[str, Any]]:
    for reading in run.quota:
        row = asdict(reading)
        row["limit_value"] = row.pop("limit")
        where = {"run_id": str(run.run_id), "integration": reading.integration or run.integration, "region": run.region}
        yield row | where | {"simulated": run.simulated}


def _value_rows(run: Run) -> Iterator[dict[str, Any]]:
    for name, value in run.values.items():
        if math.isfinite(value):
            yield _plain(run, ("integration", "workflow", "region", "started_at", "simulated")) | {
                "run_id": str(run.run_id),
                "name": name,
                "value": value,
            }


def _evidence_rows(item: NumberedRun) -> Iterator[dict[str, Any]]:
    for step in item.run.steps:
        if step.evidence is None:
            continue
        evidence = step.evidence
        yield _plain(evidence, ("evidence_id", "method", "url", "request_body", "status", "response_body")) | {
            "run_id": str(item.run.run_id),
            "integration": item.run.integration,
            "position": step.position,
            "step": step.name,
            "attempt": step.attempt,
            "stored_at": item.received_at,
            "request_headers": json.dumps(evidence.request_headers),
            "response_headers": json.dumps(evidence.response_headers),
            "vendor_request_ids": json.dumps(evidence.vendor_request_ids),
        }


def micro(milliseconds: float | None) -> float | None:
    """To whole microseconds, the store's resolution (a third of the size of full doubles); None if not finite."""
    if milliseconds is None or not math.isfinite(milliseconds):
        return None
    return round(milliseconds, 3)
