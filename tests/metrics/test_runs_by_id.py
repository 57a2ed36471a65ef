"""A run is found whole by its id, wherever its rows are by now."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from duckdb import DuckDBPyConnection

from metrics.store.database import Store
from metrics.store.rows import NumberedRun, insert
from metrics.store.runs import run as whole_run
from metrics.store.sealing.rounds import seal_closed
from probes.ids import run_id
from probes.model import QuotaReading, Run

Make = Callable[..., Run]
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SEALED = datetime(2026, 11, 18, tzinfo=UTC)
"""Where the days that are sealed end."""
INSTANTS = {
    "in a sealed day": SEALED - timedelta(hours=3),
    "right before the first midnight that is not sealed": SEALED - timedelta(milliseconds=1),
    "right at it": SEALED,
    "in a day that is not sealed": SEALED + timedelta(hours=5),
}


@pytest.fixture
def stored(store_path: Path) -> Iterator[Store]:
    """A store in a file, because only that has months."""
    store = Store.open(store_path)
    yield store
    store.close()


def put(store: Store, runs: Sequence[Run], first: int) -> None:
    rows = [NumberedRun("p1", first + number, NOW, run) for number, run in enumerate(runs)]

    def keep(con: DuckDBPyConnection) -> None:
        insert(con, rows)

    store.write(keep).result(timeout=60)


@pytest.mark.parametrize("kind", ["ordered by time", "random"])
def test_a_run_is_whole_before_its_day_is_sealed_after_it_and_when_it_comes_late(
    stored: Store, make_run: Make, make_step: Callable[..., object], kind: str
) -> None:
    def made(at: datetime) -> Run:
        name = run_id(at) if kind == "ordered by time" else uuid4()
        later = make_step(at + timedelta(minutes=9), position=1, name="clean up", cleanup=True)
        reading = QuotaReading("hubspot", "k1", "daily", "requests", at, "header", limit=100.0, remaining=60.0)
        return make_run(at, run_id=name, steps=(make_step(at), later), values={"lag": 4.0}, quota=(reading,))

    early, late = ([made(at) for at in INSTANTS.values()] for _ in range(2))
    put(stored, early, 1)
    assert [stored.read(lambda con, r=r: whole_run(con, r.run_id)) for r in early] == early
    assert seal_closed(stored, NOW, timedelta(hours=48)).rows
    put(stored, late, 100)
    assert [stored.read(lambda con, r=r: whole_run(con, r.run_id)) for r in early] == early
    assert [stored.read(lambda con, r=r: whole_run(con, r.run_id)) for r in late] == late
