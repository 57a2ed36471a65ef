"""Which rows a question is about."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from duckdb import DuckDBPyConnection

from metrics.model import Window
from metrics.store.buckets import Grid


def step_scope(
    integration: str, window: Window, *, workflow: str | None = None, step: str | None = None, region: str | None = None
) -> tuple[str, dict[str, Any]]:
    """A WHERE clause over `steps` and its parameters; a filter that is None does not narrow."""
    narrow = {"workflow": workflow, "step": step, "region": region}
    given = {name: value for name, value in narrow.items() if value is not None}
    clauses = ["integration = $integration", "started_at >= $start", "started_at < $end"]
    clauses += [f"{name} = ${name}" for name in given]
    bounds = {"integration": integration, "start": window.start, "end": window.end}
    return " AND ".join(clauses), bounds | given


def bucket_parameters(grid: Grid) -> dict[str, int]:
    """What the bucket expression of a query needs."""
    return {"first_ms": grid.first_ms, "bucket_ms": grid.bucket_ms}


def simulated_until(con: DuckDBPyConnection, where: str, parameters: dict[str, Any]) -> datetime | None:
    """The newest simulated attempt in that scope; None when all of it was measured."""
    row = con.execute(
        f"SELECT max(started_at) FROM steps WHERE simulated AND {where}",  # noqa: S608 - clauses of ours
        parameters,
    ).fetchone()
    return row[0] if row else None
