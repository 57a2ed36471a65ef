"""Recorded probes as rows of the store: each is a run of one step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa

from metrics.history.tables import run_ids
from metrics.replay.suite import Recording

WORKFLOW: Final = "replay"
REGION: Final = "local"
STEP: Final = "probe"
_PROBER: Final = "replay"
_SLOWEST_S: Final = 0.001
_OUTCOMES: Final = pa.array(["passed", "failed"])


def tables(
    named: Sequence[tuple[str, Recording]], start_ms: int, end_ms: int, first_number: int, random: np.random.Generator
) -> dict[str, pa.Table]:
    """The runs and steps of that time, in order of time, by the name of their table; integrations by those names."""
    parts = [(recording, recording.between(start_ms, end_ms)) for _, recording in named]
    which = np.repeat(np.arange(len(parts)), [part.stop - part.start for _, part in parts])
    t_ms, value, ok = (
        np.concatenate([getattr(recording, column)[part] for recording, part in parts])
        for column in ("t_ms", "value", "ok")
    )
    order = np.argsort(t_ms, kind="stable")
    every_s = np.array([recording.meta.step for _, recording in named])[which[order]]
    rows = _shared([name for name, _ in named], which[order], t_ms[order], ok[order], random)
    total = pa.array(value[order])
    return {"runs": _runs(rows, t_ms[order], total, every_s, first_number), "steps": _steps(rows, total)}


def _shared(names: Sequence[str], which: Any, t_ms: Any, ok: Any, random: np.random.Generator) -> dict[str, pa.Array]:
    count = len(which)
    failed = pa.DictionaryArray.from_arrays(pa.array((~ok).astype(np.int32)), _OUTCOMES)
    kind = pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, np.int32), mask=ok), pa.array(["status_5xx"]))
    return {
        "run_id": run_ids(t_ms.astype(np.float64), random),
        "integration": pa.DictionaryArray.from_arrays(pa.array(which.astype(np.int32)), pa.array(list(names))),
        "workflow": _same(WORKFLOW, count),
        "region": _same(REGION, count),
        "started_at": _instants(t_ms),
        "outcome": failed,
        "failure_kind": kind,
        "attempt": pa.array(np.ones(count, np.int16)),
        "simulated": pa.array(np.zeros(count, bool)),
    }


def _runs(rows: dict[str, pa.Array], t_ms: Any, total: pa.Array, every_s: Any, first_number: int) -> pa.Table:
    count = len(t_ms)
    every_ms = np.maximum(1, np.round(every_s * 1000)).astype(np.int64)
    return pa.table(
        {
            **rows,
            "prober_id": _same(_PROBER, count),
            "number": pa.array(np.arange(first_number, first_number + count)),
            "received_at": rows["started_at"],
            "scheduled_at": rows["started_at"],
            "slice_at": _instants(t_ms // every_ms * every_ms),
            "every_s": pa.array(every_s),
            "duration_ms": total,
            "slowest_total_ms": total,
            "config_version": _same("replay", count),
            "loop_lag_ms": pa.array(np.zeros(count)),
            "final": pa.array(np.ones(count, bool)),
        }
    )


def _steps(rows: dict[str, pa.Array], total: pa.Array) -> pa.Table:
    count = len(total)
    yes, no = pa.array(np.ones(count, bool)), pa.array(np.zeros(count, bool))
    return pa.table(
        {
            **rows,
            "position": pa.array(np.ones(count, np.int16)),
            "step": _same(STEP, count),
            "cleanup": no,
            "counted": yes,
            "timed": yes,
            "method": _same("GET", count),
            "url": _same("/", count),
            "total_ms": total,
        }
    )


def _same(text: str, count: int) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, np.int32)), pa.array([text]))


def _instants(t_ms: Any) -> pa.Array:
    return pa.array(t_ms * 1000).cast(pa.timestamp("us", tz="UTC"))
