"""The table of runs over HTTP: blocks, counts, and files with the same rows in the same order."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pyarrow.parquet as pq
import pytest
from fastapi import FastAPI

from app.hub.asking import Desk
from app.hub.explorer_api import explorer_router
from app.hub.state import HubState
from metrics.model import Window
from metrics.store import run_table
from metrics.store.rows import NumberedRun, insert
from probes.model import Failure, FailureKind, Outcome, Run

HARMFUL = ('=HYPERLINK("http://x")', "+1", "-1", "@x", "\t=1", " =1", "＝1+1", "a=1")
HARMLESS = ('\'=HYPERLINK("http://x")', "'+1", "'-1", "'@x", "'\t=1", "' =1", "'＝1+1", "a=1")


@pytest.fixture
async def asked(state: HubState) -> AsyncIterator[httpx.AsyncClient]:
    server = FastAPI()
    server.include_router(explorer_router(state, Desk(state.store)))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(server), base_url="http://hub") as client:
        yield client


@pytest.fixture
def stored(state: HubState) -> list[Run]:
    """Forty runs, a minute apart, newest first; every fifth failed."""
    runs = [_run(state, i) for i in range(40)]
    numbered = [NumberedRun("p", i + 1, state.clock(), run) for i, run in enumerate(runs)]
    state.store.write(lambda con: insert(con, numbered)).result()
    return runs


def _run(state: HubState, i: int) -> Run:
    at = state.clock() - timedelta(minutes=i + 1)
    run = Run(
        UUID(int=(7 << 76) + (2 << 62) + i), ("eu", "us")[i % 2], "hubspot" if i % 4 else "stripe", "roundtrip", at, at,
        100.0 + i * 7 % 40, Outcome.PASSED, "7c1e9a40" if i < 20 else "00ff", simulated=i >= 30, every_s=60.0,
    )  # fmt: skip
    if i % 5:
        return run
    kind = FailureKind.STATUS_5XX if i % 10 else FailureKind.AUTH
    failure = Failure(kind, HARMFUL[i // 5])
    return replace(run, outcome=Outcome.FAILED, failure=failure, attempt=1 + i // 5 % 2)


async def rows(asked: httpx.AsyncClient, **query: Any) -> list[dict[str, Any]]:
    answer = await asked.get("/api/v1/explorer/rows", params={"since": "24h"} | query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["rows"]
    return found


FILTERS: dict[str, tuple[dict[str, Any], Any]] = {
    "integration": ({"integration": "stripe"}, lambda i, run: run.integration == "stripe"),
    "region": ({"region": "eu"}, lambda i, run: run.region == "eu"),
    "outcome": ({"outcome": "failed"}, lambda i, run: run.outcome == "failed"),
    "several outcomes": ({"outcome": ["failed", "passed"]}, lambda i, run: True),
    "kind": ({"failure_kind": "auth"}, lambda i, run: i % 10 == 0),
    "blame": ({"blame": "vendor"}, lambda i, run: i % 10 == 5),
    "a blame that the kind never has": ({"blame": "vendor", "failure_kind": "auth"}, lambda i, run: False),
    "attempt": ({"attempt": 2}, lambda i, run: run.attempt == 2),
    "the beginning of a config version": ({"config_version": "7c1e"}, lambda i, run: i < 20),
    "duration": ({"least_ms": 120}, lambda i, run: run.duration_ms >= 120),
    "measured": ({"simulated": "no"}, lambda i, run: not run.simulated),
    "an absolute window": (
        {"since": "2026-11-22T02:50Z", "until": "2026-11-22T02:55Z"},
        lambda i, run: 5 < i + 1 <= 10,
    ),
}  # fmt: skip


async def test_every_filter_narrows_and_the_count_agrees(asked: httpx.AsyncClient, stored: list[Run]) -> None:
    for name, (query, meant) in FILTERS.items():
        expected = [str(run.run_id) for i, run in enumerate(stored) if meant(i, run)]
        assert [row["run_id"] for row in await rows(asked, **query)] == expected, name
        count = await asked.get("/api/v1/explorer/count", params={"since": "24h"} | query)
        assert count.json()["found"] == len(expected), name


@pytest.mark.parametrize("way", ["asc", "desc"])
async def test_blocks_by_any_column_make_the_whole_and_files_hold_the_same(
    asked: httpx.AsyncClient, state: HubState, stored: list[Run], way: str
) -> None:
    day = run_table.Wanted(Window.last(timedelta(hours=24), state.clock()))
    for sort in run_table.Key:
        order = {"since": "24h", "sort": sort, "way": way}
        whole = await rows(asked, **order)
        ids = [row["run_id"] for row in whole]
        assert len(set(ids)) == len(stored)
        figures = [row[sort] or "" for row in whole]
        assert figures == sorted(figures, reverse=way == "desc"), sort
        blocks = [await rows(asked, **order, first=first, size=9) for first in range(0, 45, 9)]
        assert [row for block in blocks for row in block] == whole
        told = await asked.get("/api/v1/explorer/runs.csv", params=order)
        assert [line["run_id"] for line in csv.DictReader(io.StringIO(told.text))] == ids
        export = run_table.RunExport(state.store, day, run_table.Order(sort, way == "desc"), size=7)
        assert [name for piece in export.pieces() for name in piece.column("run_id").to_pylist()] == ids


async def test_a_csv_holds_no_formula_and_says_in_its_name_what_it_holds(
    asked: httpx.AsyncClient, stored: list[Run]
) -> None:
    query = {"since": "24h", "outcome": "failed", "region": "e/u"}
    empty = await asked.get("/api/v1/explorer/runs.csv", params=query)
    assert empty.text.splitlines() == [",".join(f'"{name}"' for name in run_table.COLUMNS)]
    told = empty.headers["content-disposition"]
    assert told == 'attachment; filename="leadline-runs_e-u_failed_20261121T030000Z_20261122T030000Z.csv"'
    full = await asked.get("/api/v1/explorer/runs.csv", params={"since": "24h", "outcome": "failed"})
    messages = [line["failure_message"] for line in csv.DictReader(io.StringIO(full.text, newline=""))]
    assert tuple(messages) == HARMLESS


async def test_parquet_keeps_texts_as_they_are_and_types(asked: httpx.AsyncClient, stored: list[Run]) -> None:
    answer = await asked.get("/api/v1/explorer/runs.parquet", params={"since": "24h", "outcome": "failed"})
    table = pq.read_table(io.BytesIO(answer.content))
    assert table.column_names == list(run_table.COLUMNS)
    assert tuple(table.column("failure_message").to_pylist()) == HARMFUL
    assert str(table.schema.field("started_at").type) == "timestamp[us, tz=UTC]"


NOT_LISTED: list[dict[str, str]] = [
    {"sort": "run_id; DROP TABLE runs"},
    {"way": "sideways"},
    {"first": "10000"},
    {"size": "501"},
    {"least_ms": "nan"},
    {"outcome": "great"},
    {"surprise": "1"},
    {"since": "2026-11-22", "until": "2026-11-21"},
]


async def test_what_is_not_on_the_list_is_refused(asked: httpx.AsyncClient) -> None:
    for query in NOT_LISTED:
        answer = await asked.get("/api/v1/explorer/rows", params={"since": "24h"} | query)
        assert answer.status_code in {400, 422}, query
