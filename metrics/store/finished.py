"""Finished runs as the Arrow table of their rows, built column by column like the attempts at their steps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pyarrow as pa

from metrics.kinds import GOOD, OURS, UNMEASURED
from metrics.store.attempts import Columns, as_table, failure_columns, is_timed, microseconds
from probes.model import Outcome, Run, StepResult

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE: Final = timedelta(seconds=60)
_SAME: Final = (
    "region", "integration", "workflow", "scheduled_at", "started_at", "config_version", "outcome", "attempt",
    "failed_step", "failed_integration", "skip_reason", "simulated",
)  # fmt: skip
# In a tuple, a member is found by identity: the hash of one is computed in Python each time.
_GOOD: Final = tuple(GOOD)


@dataclass(frozen=True, slots=True)
class NumberedRun:
    """A run with its place in a prober's outbox and the time of its arrival."""

    prober_id: str
    number: int
    received_at: datetime
    run: Run


def runs_table(schema: pa.Schema, items: Sequence[NumberedRun]) -> pa.Table:
    """The rows of table `runs`, in their order."""
    runs = [item.run for item in items]
    columns: Columns = {name: [getattr(run, name) for run in runs] for name in _SAME}
    columns |= {name: [getattr(item, name) for item in items] for name in ("prober_id", "number", "received_at")}
    columns["run_id"] = [str(run.run_id) for run in runs]
    return as_table(schema, columns | failure_columns(runs) | _decided(runs) | _sliced(runs) | _measured(runs))


def interval(run: Run) -> timedelta:
    """Interval of its schedule; a minute when the prober did not say."""
    return timedelta(seconds=run.every_s) if run.every_s else _MINUTE


def slice_start(at: datetime, every: timedelta) -> datetime:
    """Start of the slice that holds the instant: a whole number of intervals since the epoch."""
    return at - (at - _EPOCH) % every


def is_measured(run: Run) -> bool:
    """Whether the run says something about the vendor: not skipped, not tainted, no failure of our own.

    One that an open circuit held back does: the workflow is known to fail, and is only not asked every time.
    """
    ours = run.failure is not None and run.failure.kind in OURS
    return is_held_back(run) or (run.outcome not in UNMEASURED and not ours)


def decides(run: Run) -> bool:
    """Whether the run may decide the slice that it was scheduled in: one that somebody asked for was in none."""
    return not run.requested and is_measured(run)


def is_held_back(run: Run) -> bool:
    """Whether an open circuit stood for the vendor's answer: skipped, with the failure that is known."""
    return run.outcome is Outcome.SKIPPED and run.failure is not None


def _sliced(runs: Sequence[Run]) -> Columns:
    every = [interval(run) for run in runs]
    return {
        "every_s": [one.total_seconds() for one in every],
        "slice_at": [slice_start(run.scheduled_at, one) for run, one in zip(runs, every, strict=True)],
        "final": [decides(run) for run in runs],
    }


def _decided(runs: Sequence[Run]) -> Columns:
    decisive = [None if run.failed_step is None else _decisive(run) for run in runs]
    return {
        "failed_status": [step and step.status for step in decisive],
        "evidence_id": [_evidence_id(run, step) for run, step in zip(runs, decisive, strict=True)],
    }


def _decisive(run: Run) -> StepResult | None:
    """The last attempt at the step that decided the outcome."""
    return next((step for step in reversed(run.steps) if step.name == run.failed_step), None)


def _evidence_id(run: Run, decisive: StepResult | None) -> str | None:
    """That of the decisive attempt, or else the first that there is."""
    if decisive is not None and decisive.evidence is not None:
        return decisive.evidence.evidence_id
    for step in run.steps:
        if step.evidence is not None:
            return step.evidence.evidence_id
    return None


def _measured(runs: Sequence[Run]) -> Columns:
    lags = microseconds([run.values.get("sync_lag_ms") if is_timed(run) else None for run in runs])
    slowest: list[tuple[Any, Any]] = [_slowest(run) for run in runs]
    return {
        "duration_ms": microseconds([run.duration_ms for run in runs]).fill_null(0.0),
        "loop_lag_ms": microseconds([run.loop_lag_ms for run in runs]).fill_null(0.0),
        "slowest_total_ms": microseconds([total for total, _ in slowest]),
        "slowest_ttfb_ms": microseconds([ttfb for _, ttfb in slowest]),
        "sync_lag_ms": lags,
    }


def _slowest(run: Run) -> tuple[float | None, float | None]:
    """Longest total and longest ttfb of the good steps of its own."""
    if not is_timed(run):
        return None, None
    good = [
        step.timings for step in run.steps if step.outcome in _GOOD and not step.cleanup and step.integration is None
    ]
    return _most(timings.total_ms for timings in good), _most(timings.ttfb_ms for timings in good)


def _most(figures: Iterable[float | None]) -> float | None:
    return max((figure for figure in figures if figure is not None and -_ENDLESS < figure < _ENDLESS), default=None)


_ENDLESS: Final = float("inf")
