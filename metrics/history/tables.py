"""Simulated series as Arrow tables in the shape of the store's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa

from config.model import Integration, Workflow
from metrics.history.series import KINDS, OUTCOMES, Codes, Series, message_of
from metrics.history.world import Floats

PROBER: Final = "simulation"
_PHASES: Final = ("dns_ms", "connect_ms", "tls_ms", "send_ms", "wait_ms", "ttfb_ms", "download_ms", "total_ms")


Where = Mapping[str, tuple[Codes, Sequence[str]]]
"""Integration, workflow and region of runs: for each its names, and the code of each run's."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """One series, ready to be appended; tables by the name they have in the store."""

    integration: str
    workflow: str
    region: str
    tables: dict[str, pa.Table]

    @property
    def series(self) -> tuple[str, str, str]:
        """Integration, workflow, region."""
        return self.integration, self.workflow, self.region

    @property
    def runs(self) -> int:
        """How many runs it holds."""
        return int(self.tables["runs"].num_rows)


def chunk(
    integration: Integration,
    workflow: Workflow,
    region: str,
    series: Series,
    first_number: int,
    version: str,
    random: np.random.Generator,
) -> Chunk:
    """The tables of a series: its runs, their steps and values, and the interval it was scheduled at."""
    named = {"integration": integration.name, "workflow": workflow.name, "region": region}
    one = np.zeros(len(series.runs["at_ms"]), np.int64)
    where = {key: (one, [name]) for key, name in named.items()}
    tables = measured(where, workflow, series, first_number, version, random)
    tables["schedule_changes"] = _schedule(named, series)
    return Chunk(integration.name, workflow.name, region, tables)


def measured(
    where: Where, workflow: Workflow, series: Series, first_number: int, version: str, random: np.random.Generator
) -> dict[str, pa.Table]:
    """The raw tables of these runs, their steps and values, by the name they have in the store."""
    ids = run_ids(series.runs["at_ms"], random)
    return {
        "runs": _runs(where, series, ids, first_number, version),
        "steps": _steps(where, series, workflow, ids),
        "recorded_values": _values(where, series, ids),
    }


def run_ids(at_ms: Floats, random: np.random.Generator) -> pa.Array:
    """Time-ordered UUIDs (version 7) as hexadecimal text."""
    count = len(at_ms)
    raw = random.integers(0, 256, (count, 16), dtype=np.uint8)
    stamp = at_ms.astype(">u8").view(np.uint8).reshape(count, 8)
    raw[:, :6] = stamp[:, 2:]
    raw[:, 6] = raw[:, 6] & 0x0F | 0x70
    raw[:, 8] = raw[:, 8] & 0x3F | 0x80
    return pa.array(np.frombuffer(raw.tobytes().hex().encode(), dtype="S32")).cast(pa.string())


def instants(at_ms: Floats) -> pa.Array:
    """Epoch milliseconds as UTC instants."""
    return pa.array(np.round(at_ms * 1000).astype(np.int64)).cast(pa.timestamp("us", tz="UTC"))


def figures(column: Floats) -> pa.Array:
    """Whole microseconds in milliseconds; NaN becomes null."""
    return pa.array(np.round(column, 3), from_pandas=True)


def _same(text: str, count: int) -> pa.Array:
    return _coded(np.zeros(count, np.int64), [text])


def _coded(codes: Any, names: Sequence[Any]) -> pa.Array:
    """Names by their code; a negative code is null."""
    indices = pa.array(codes.astype(np.int32), mask=codes < 0)
    return pa.DictionaryArray.from_arrays(indices, pa.array(names)).dictionary_decode()


def _failure(kind: Any) -> dict[str, pa.Array]:
    told = [message_of(known) for known in KINDS]
    return {
        "failure_kind": _coded(kind, [known.value for known in KINDS]),
        "failure_message": _coded(kind, [message for message, _, _ in told]),
        "failure_retryable": _coded(kind, [retryable for _, _, retryable in told]),
    }


def _statuses(kind: Any, fine: int | None) -> pa.Array:
    codes = np.where(kind < 0, len(KINDS), kind)
    return _coded(codes, [*(message_of(known)[1] for known in KINDS), fine])


def _placed(where: Where, runs: Any = slice(None)) -> dict[str, pa.Array]:
    return {key: _coded(codes[runs], names) for key, (codes, names) in where.items()}


def _runs(where: Where, series: Series, ids: pa.Array, first: int, version: str) -> pa.Table:
    runs, count = series.runs, len(ids)
    measured = ("duration_ms", "loop_lag_ms", "slowest_total_ms", "slowest_ttfb_ms", "sync_lag_ms")
    at = instants(runs["at_ms"])
    return pa.table(
        _placed(where)
        | {
            "run_id": ids,
            "prober_id": _same(PROBER, count),
            "number": pa.array(np.arange(first, first + count)),
            "received_at": instants(runs["at_ms"] + runs["duration_ms"] + _shipping_ms(first, count)),
            "scheduled_at": at,
            "started_at": at,
            "outcome": _coded(runs["outcome"], OUTCOMES),
            "config_version": _same(version, count),
            "attempt": pa.array(np.ones(count, np.int16)),
            **_failure(runs["kind"]),
            "failed_step": _coded(np.where(runs["kind"] < 0, -1, runs["step"]), series.names),
            "failed_status": _statuses(runs["kind"], None),
            "every_s": pa.array(runs["every_s"]),
            "slice_at": instants(_slices_ms(runs)),
            "final": pa.array(np.ones(count, bool)),
            "simulated": pa.array(np.ones(count, bool)),
        }
        | {name: figures(runs[name]) for name in measured}
    )


def _shipping_ms(first: int, count: int) -> Floats:
    """How long runs lay in the outbox and under way to the hub."""
    waited: Floats = np.random.default_rng(first).uniform(20.0, 2_020.0, count)
    return waited


def _slices_ms(runs: Mapping[str, Any]) -> Floats:
    every_ms = runs["every_s"] * 1000
    start: Floats = runs["at_ms"] // every_ms * every_ms
    return start


def _schedule(where: dict[str, str], series: Series) -> pa.Table:
    known = min(1, len(series.runs["at_ms"]))
    return pa.table(
        {name: _same(text, known) for name, text in where.items()}
        | {
            "since": instants(_slices_ms(series.runs)[:known]),
            "every_s": pa.array(series.runs["every_s"][:known]),
        }
    )


def _steps(where: Where, series: Series, workflow: Workflow, ids: pa.Array) -> pa.Table:
    steps = series.steps
    count = len(steps["run"])
    position = steps["position"].astype(np.int64)
    requests = [step.request for step in workflow.steps]
    return pa.table(
        _placed(where, steps["run"])
        | {
            "run_id": ids.take(pa.array(steps["run"])),
            "position": pa.array(steps["position"]),
            "step": _coded(position, series.names),
            "attempt": pa.array(steps["attempt"]),
            "cleanup": pa.array(steps["cleanup"]),
            "counted": pa.array(np.ones(count, bool)),
            "timed": pa.array(np.ones(count, bool)),
            "started_at": instants(steps["at_ms"]),
            "outcome": _coded(steps["outcome"], OUTCOMES),
            **_failure(steps["kind"]),
            "method": _coded(position, [request.method for request in requests]),
            "url": _coded(position, [request.url or request.path for request in requests]),
            "status": _statuses(steps["kind"], 200),
            "http_version": _same("HTTP/1.1", count),
            "simulated": pa.array(np.ones(count, bool)),
        }
        | {name: figures(steps[name]) for name in _PHASES}
    )


def _values(where: Where, series: Series, ids: pa.Array) -> pa.Table:
    lag = series.runs["sync_lag_ms"]
    known = np.flatnonzero(~np.isnan(lag))
    count = len(known)
    return pa.table(
        _placed(where, known)
        | {
            "run_id": ids.take(pa.array(known)),
            "started_at": instants(series.runs["at_ms"][known]),
            "name": _same("sync_lag_ms", count),
            "value": figures(lag[known]),
            "simulated": pa.array(np.ones(count, bool)),
        }
    )
