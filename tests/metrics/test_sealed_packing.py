"""What a month's file leaves out is shown again to the microsecond, whatever was measured and whatever was not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from duckdb import DuckDBPyConnection
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.store.sealing.packing import shown, stored

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
PHASES = ("dns_ms", "connect_ms", "tls_ms", "send_ms", "wait_ms", "ttfb_ms", "download_ms", "total_ms")
SPANS = ("duration_ms", "slowest_total_ms", "slowest_ttfb_ms")
INSTANTS = ("slice_at", "scheduled_at", "started_at", "received_at")

figures = st.none() | st.integers(0, 10_000_000_000).map(lambda us: us / 1000) | st.sampled_from((0.0, 0.001, 102.033))
steps = st.fixed_dictionaries(dict.fromkeys(PHASES, figures))
moments = st.timedeltas(-timedelta(days=400), timedelta(days=400)).map(lambda away: AT + away)
runs = st.fixed_dictionaries(dict.fromkeys(SPANS, figures) | dict.fromkeys(INSTANTS, moments))


@pytest.fixture(scope="module")
def con() -> Iterator[DuckDBPyConnection]:
    with duckdb.connect(":memory:", config={"threads": 1}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection


def packed_and_shown(con: DuckDBPyConnection, table: str, kinds: dict[str, str], rows: list[dict[str, Any]]) -> Any:
    arrow = {"DOUBLE": pa.float64(), "TIMESTAMPTZ": pa.timestamp("us", tz="UTC")}
    hot = pa.Table.from_pylist(rows, schema=pa.schema([(name, arrow[kind]) for name, kind in kinds.items()]))
    con.register("hot", hot)
    con.execute(f"CREATE OR REPLACE TEMP TABLE sealed AS SELECT {stored(table, kinds)} FROM hot")  # noqa: S608
    there = {row[0] for row in con.execute("DESCRIBE sealed").fetchall()}
    assert not set(kinds) <= there
    sealed = con.execute(f"SELECT {shown(table, kinds, there)} FROM sealed").fetchall()  # noqa: S608
    return [dict(zip(kinds, row, strict=True)) for row in sealed]


@given(st.lists(steps, min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
def test_phases_of_steps_come_back_as_they_were(con: DuckDBPyConnection, rows: list[dict[str, Any]]) -> None:
    assert packed_and_shown(con, "steps", dict.fromkeys(PHASES, "DOUBLE"), rows) == rows


@given(st.lists(runs, min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
def test_instants_and_slowest_steps_of_runs_come_back_as_they_were(
    con: DuckDBPyConnection, rows: list[dict[str, Any]]
) -> None:
    kinds = dict.fromkeys(SPANS, "DOUBLE") | dict.fromkeys(INSTANTS, "TIMESTAMPTZ")
    assert packed_and_shown(con, "runs", kinds, rows) == rows


def test_a_month_that_has_the_columns_themselves_goes_on_with_them() -> None:
    there = {*PHASES, "seal"}
    assert stored("steps", PHASES, there) == ", ".join(f'"{name}"' for name in PHASES)
    assert shown("steps", dict.fromkeys(PHASES, "DOUBLE"), there) == stored("steps", PHASES, there)


def test_a_column_that_is_newer_than_the_month_is_null_in_it() -> None:
    assert shown("steps", {"brand_new": "BIGINT"}, {"opening", "ttfb_rest_ms", "wait_rest_ms"}) == (
        'NULL::BIGINT AS "brand_new"'
    )
