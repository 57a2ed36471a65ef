"""An export is read in pieces of a handy size: every row once, in order, also when days are sealed meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from duckdb import DuckDBPyConnection

from metrics.model import Window
from metrics.store.database import Store
from metrics.store.export import EXPORTS, Export
from metrics.store.rows import NumberedRun, insert
from metrics.store.sealing.rounds import seal_closed
from metrics.store.views import documented_views
from probes.model import Run

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
def stored(store_path: Path, make_run: Callable[..., Run]) -> Iterator[Store]:
    """Four days: sparse, but for one dense minute."""
    store = Store.open(store_path)
    sparse = [NOW - timedelta(minutes=19 * n) for n in range(1, 300)]
    dense = [NOW - timedelta(days=3, milliseconds=100 * n) for n in range(300)]
    rows = [NumberedRun("p1", n, at, make_run(at)) for n, at in enumerate((*sparse, *dense))]
    store.write(lambda con: insert(con, rows)).result(timeout=30)
    yield store
    store.close()


@pytest.mark.parametrize("goal", [7, 40, 100_000])
def test_every_row_comes_once_in_order_and_no_piece_is_too_large(stored: Store, goal: int) -> None:
    window = Window(NOW - timedelta(days=30), NOW)
    sealed, ids, instants = False, [], []
    for piece in Export(stored, EXPORTS["runs"], window, goal=goal).pieces():
        assert piece.table.num_rows <= 2 * goal
        ids += piece.table["run_id"].to_pylist()
        instants += piece.table["started_at"].to_pylist()
        if ids and not sealed:
            sealed = seal_closed(stored, NOW, timedelta(hours=48)).rows > 0
    assert sealed
    assert len(ids) == len(set(ids)) == 599
    assert instants == sorted(instants)


def test_one_integration_or_none(stored: Store) -> None:
    window = Window(NOW - timedelta(days=30), NOW)
    for name, rows in (("hubspot", 599), ("stripe", 0)):
        pieces = Export(stored, EXPORTS["steps"], window, name).pieces()
        assert sum(piece.table.num_rows for piece in pieces) == rows


def test_what_can_be_exported_are_views_that_are_documented(stored: Store) -> None:
    def columns(con: DuckDBPyConnection) -> dict[str, set[str]]:
        return {view.name: {name for name, _, _ in view.columns} for view in documented_views(con)}

    views = stored.read(columns)
    assert [name for name, one in EXPORTS.items() if {one.at, one.integration} - {None} - views[one.view]] == []
    text = (Path(__file__).parents[2] / "docs" / "commands.md").read_text(encoding="utf-8")
    assert [name for name, one in EXPORTS.items() if f"`{name}`" not in text or f"`{one.view}`" not in text] == []
