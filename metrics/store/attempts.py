"""Attempts at steps as the Arrow table of their rows, built column by column: five times as fast as row by row."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import numpy as np
import pyarrow as pa

from metrics.kinds import UNMEASURED
from probes.lag import LAG_LIMIT_MS
from probes.model import Assertion, Certificate, FailureKind, Run, StepResult

PHASES: Final = ("dns_ms", "connect_ms", "tls_ms", "send_ms", "wait_ms", "ttfb_ms", "download_ms", "total_ms")
_SAME: Final = ("position", "attempt", "cleanup", "started_at", "outcome", "method", "url", "status", "http_version")
_MORE: Final = ("remote_address", "response_bytes", "tls_version", "certificate_expires_at", "shape_id")
_OF_RUN: Final = ("workflow", "region", "simulated")
_NO_CHAIN: Final = (None, None)
# In a tuple, a member is found by identity: the hash of one is computed in Python each time.
_UNMEASURED: Final = tuple(UNMEASURED)

Columns = dict[str, Any]


def attempts_table(schema: pa.Schema, runs: Sequence[Run]) -> pa.Table:
    """The rows of table `steps` of these runs, in their order."""
    steps = [step for run in runs for step in run.steps]
    if not steps:
        return schema.empty_table()
    owners = [run for run in runs for _ in run.steps]
    columns = _plain(steps, owners) | _of_runs(runs) | failure_columns(steps) | _said(steps)
    timings = [step.timings for step in steps]
    columns |= {phase: microseconds([getattr(t, phase) for t in timings]) for phase in PHASES}
    return as_table(schema, columns)


def as_table(schema: pa.Schema, columns: Mapping[str, Any]) -> pa.Table:
    """Columns of Python's or Arrow's values as that table."""
    return pa.table({field.name: _array(columns[field.name], field.type) for field in schema}, schema=schema)


def is_counted(run: Run, step: StepResult) -> bool:
    """Whether a request was really made, by a prober that was fit to measure, outside of a maintenance that is left
    out."""
    made = step.failure is None or step.failure.kind is not FailureKind.DEPENDENCY
    return made and step.outcome not in _UNMEASURED and run.outcome not in _UNMEASURED


def is_timed(run: Run) -> bool:
    """Whether its timings are the vendor's: a late loop adds its own lateness to every one of them."""
    return run.loop_lag_ms <= LAG_LIMIT_MS


def microseconds(figures: Sequence[float | None]) -> pa.Array:
    """Milliseconds to whole microseconds, the store's resolution (a third of the size of full doubles); null for what
    is not finite."""
    column = pa.array(figures, pa.float64())
    if column.null_count == len(column):
        return column
    rounded = np.round(column.to_numpy(zero_copy_only=False), 3)
    return pa.array(rounded, mask=~np.isfinite(rounded))


def failure_columns(items: Sequence[Run | StepResult]) -> Columns:
    """What is told of the failures, by column; null where there is none."""
    failures = [item.failure for item in items]
    return {
        "failure_kind": [failure and failure.kind.value for failure in failures],
        "failure_message": [failure and failure.message for failure in failures],
        "failure_retryable": [failure and failure.retryable for failure in failures],
        "failure_retry_after_s": [failure and failure.retry_after_s for failure in failures],
    }


def _array(column: Any, kind: pa.DataType) -> pa.Array:
    return column if isinstance(column, pa.Array) else pa.array(column, kind)


def _plain(steps: Sequence[StepResult], owners: Sequence[Run]) -> Columns:
    columns: Columns = {name: [getattr(step, name) for step in steps] for name in _SAME + _MORE}
    pairs = list(zip(owners, steps, strict=True))
    return columns | {
        "integration": [step.integration or run.integration for run, step in pairs],
        "step": [step.name for step in steps],
        "counted": [is_counted(run, step) for run, step in pairs],
    }


def _of_runs(runs: Sequence[Run]) -> Columns:
    """What all attempts of a run have in common."""
    owner = np.repeat(np.arange(len(runs)), [len(run.steps) for run in runs])
    columns: dict[str, pa.Array] = {name: pa.array([getattr(run, name) for run in runs]) for name in _OF_RUN}
    columns["run_id"] = pa.array([str(run.run_id) for run in runs])
    columns["timed"] = pa.array([is_timed(run) for run in runs])
    return {name: column.take(owner) for name, column in columns.items()}


def _said(steps: Sequence[StepResult]) -> Columns:
    chains = [_chain(step.certificate_chain) if step.certificate_chain else _NO_CHAIN for step in steps]
    return {
        "assertions": [_assertions(step.assertions) if step.assertions else None for step in steps],
        "captured": [as_json(step.captured) if step.captured else None for step in steps],
        "vendor_request_ids": [as_json(step.vendor_request_ids) if step.vendor_request_ids else None for step in steps],
        "unreachable_addresses": [
            as_json(step.unreachable_addresses) if step.unreachable_addresses else None for step in steps
        ],
        "certificate_chain": [written for written, _ in chains],
        "chain_expires_at": [end for _, end in chains],
    }


@lru_cache(maxsize=4096)
def _assertions(assertions: tuple[Assertion, ...]) -> str | None:
    return as_json([{name: getattr(one, name) for name in Assertion.__slots__} for one in assertions])


@lru_cache(maxsize=4096)
def _chain(chain: tuple[Certificate, ...]) -> tuple[str | None, datetime | None]:
    """As JSON, and its first end. A server shows the same one for months."""
    written = [
        {"subject": one.subject, "issuer": one.issuer, "expires_at": one.expires_at.isoformat()} for one in chain
    ]
    # A root's end is no matter of the server's: whoever trusts it replaces it.
    ends = [one.expires_at for place, one in enumerate(chain) if place == 0 or one.subject != one.issuer]
    return as_json(written), min(ends, default=None)


def as_json(value: Iterable[Any]) -> str | None:
    """As JSON text; None for what is empty."""
    return json.dumps(value) if value else None
