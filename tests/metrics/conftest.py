"""A real store in memory, and runs as a prober would make them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from duckdb import DuckDBPyConnection

from config.model import Config, Integration
from metrics.store.changes import note_changes
from metrics.store.database import Store
from metrics.store.rows import NumberedRun, insert
from metrics.store.schedule import settle
from probes.model import Failure, FailureKind, Outcome, Run, StepResult, Timings

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
def noon() -> datetime:
    """A Friday noon that every test may call now."""
    return NOON


@pytest.fixture(scope="session")
def opened() -> Iterator[Store]:
    """One store in memory for all tests, because making the tables takes a tenth of a second."""
    store = Store.open(None, read_timeout=timedelta(seconds=10))
    yield store
    store.close()


@pytest.fixture(scope="session")
def emptied(opened: Store) -> Callable[[], Store]:
    """The store, empty again: for each example of a property."""

    def work() -> Store:
        opened.write(_empty).result(timeout=30)
        return opened

    return work


@pytest.fixture
def store(emptied: Callable[[], Store]) -> Store:
    """An empty store."""
    return emptied()


def _empty(con: DuckDBPyConnection) -> None:
    # A table that had a row once is told to have one for ever: this leaves out those that nothing was ever put into.
    asked = "SELECT table_name FROM duckdb_tables() WHERE NOT internal AND estimated_size > 0"
    tables = con.execute(asked).fetchall()
    for (table,) in tables:
        if table != "schema_migrations":
            con.execute(f"DELETE FROM {table}")  # noqa: S608 - a name out of the catalogue


@pytest.fixture(scope="session")
def make_step() -> Callable[..., StepResult]:
    """A good step of `total_ms`; keyword arguments replace fields, `kind` makes it fail."""

    def build(at: datetime = NOON, total_ms: float | None = 100.0, **fields: Any) -> StepResult:
        kind: FailureKind | None = fields.pop("kind", None)
        ttfb = fields.pop("ttfb_ms", None if total_ms is None else total_ms * 0.9)
        standing = {
            "name": "read",
            "position": 0,
            "attempt": 1,
            "cleanup": False,
            "outcome": Outcome.FAILED if kind else Outcome.PASSED,
            "failure": Failure(kind, f"{kind} happened") if kind else None,
            "method": "GET",
            "url": "https://api.example.com/v1",
            "timings": Timings(ttfb_ms=ttfb, total_ms=total_ms),
        }
        return StepResult(started_at=at, **(standing | fields))

    return build


@pytest.fixture(scope="session")
def make_run(make_step: Callable[..., StepResult]) -> Callable[..., Run]:
    """A passed run of one step; keyword arguments replace fields, `kind` makes it fail."""

    def build(at: datetime = NOON, total_ms: float | None = 100.0, **fields: Any) -> Run:
        kind: FailureKind | None = fields.pop("kind", None)
        step = make_step(at, total_ms, kind=kind)
        standing = {
            "run_id": uuid4(),
            "region": "local",
            "integration": "hubspot",
            "workflow": "contacts",
            "scheduled_at": at,
            "duration_ms": total_ms or 0.0,
            "outcome": Outcome.FAILED if kind else Outcome.PASSED,
            "failure": step.failure,
            "failed_step": step.name if kind else None,
            "config_version": "v1",
            "steps": (step,),
            "every_s": 60.0,
        }
        return Run(started_at=at, **(standing | fields))

    return build


@pytest.fixture
def put(store: Store) -> Callable[[Sequence[Run]], None]:
    """Stores runs at once, as ingest would."""
    numbers = iter(range(1, 10**9))

    def work(runs: Sequence[Run]) -> None:
        rows = [NumberedRun("p1", next(numbers), run.started_at, run) for run in runs]

        def keep(con: DuckDBPyConnection) -> None:
            insert(con, rows)
            settle(con, rows)
            note_changes(con, rows)

        store.write(keep).result(timeout=30)

    return work


@pytest.fixture
def make_integration() -> Callable[..., Integration]:
    """Integration `hubspot` with one workflow `contacts`, once a minute from `local`."""

    def build(**fields: Any) -> Integration:
        standing: dict[str, Any] = {
            "integration": "hubspot",
            "base_url": "https://api.example.com",
            "workflows": [
                {"name": "contacts", "every": "60s", "steps": [{"name": "read", "request": {"path": "/v1"}}]}
            ],
        }
        return Integration.model_validate(standing | fields)

    return build


@pytest.fixture
def make_config(make_integration: Callable[..., Integration]) -> Callable[..., Config]:
    """A configuration of the given integrations (default: the one of `make_integration`)."""

    def build(*integrations: Integration, **fields: Any) -> Config:
        chosen = integrations or (make_integration(),)
        return Config(root=Path("config"), version="v1", integrations=chosen, **fields)

    return build
