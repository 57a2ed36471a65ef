"""Runs as the rows of the measurement tables, in Arrow."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
import pyarrow as pa
from duckdb import DuckDBPyConnection

from metrics.store.appending import Append, append
from metrics.store.attempts import PHASES, attempts_table
from metrics.store.finished import NumberedRun, runs_table
from metrics.store.rollup.marks import mark
from probes.model import Run

__all__ = ["NumberedRun", "append", "insert"]

_SLOT_US: Final = 300_000_000
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


def insert(con: DuckDBPyConnection, runs: Sequence[NumberedRun], append: Append = append) -> None:
    """Adds the runs with all that hangs on them, inside the caller's transaction."""
    finished, steps = runs_table(RUNS, runs), attempts_table(STEPS, [item.run for item in runs])
    append(con, "runs", finished)
    append(con, "steps", steps)
    append(con, "quota_readings", _table(QUOTA, (row for item in runs for row in _quota_rows(item.run))))
    append(con, "recorded_values", _table(VALUES, (row for item in runs for row in _value_rows(item.run))))
    append(con, "evidence", _table(EVIDENCE, (row for item in runs for row in _evidence_rows(item))))
    mark(con, _marked((finished["started_at"], finished["slice_at"], steps["started_at"])))


def _marked(columns: Iterable[pa.ChunkedArray]) -> Iterator[datetime]:
    """An instant in each of the buckets that these fall into: all that decides it for a run and its steps."""
    slots = np.concatenate([column.cast(_BIG).to_numpy() // _SLOT_US for column in columns])
    return (datetime.fromtimestamp(slot * _SLOT_US / 1e6, UTC) for slot in np.unique(slots).tolist())


def _table(schema: pa.Schema, rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=schema)


def _plain(item: object, names: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(item, name) for name in names}


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
