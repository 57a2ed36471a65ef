"""Roll-ups by region: what they answer, and how a store that had none comes by them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from duckdb import DuckDBPyConnection

from metrics.model import Window
from metrics.store.database import Store
from metrics.store.errors import error_series, rates
from metrics.store.latency import latency, latency_series
from metrics.store.phases import phase_series
from metrics.store.rollup.layout import REGION_LEVEL
from metrics.store.rollup.plan import REGIONS, Known
from metrics.store.rollup.roller import roll
from metrics.store.rollup.tiers import FIVE_MINUTES, HOUR, TIERS
from metrics.store.weeks import hour_of_week
from probes.model import FailureKind, Run

NOW: Final = datetime(2026, 11, 20, 12, 2, 30, tzinfo=UTC)
MINUTE: Final = timedelta(minutes=1)
HOURS: Final = timedelta(hours=1)

Put = Callable[[Sequence[Run]], None]
Make = Callable[..., Run]


@pytest.fixture
def rolled(store: Store, put: Put, make_run: Make) -> Store:
    """Two days of a run every twenty minutes in each of two regions, rolled up; one in seven fails."""
    ago = [NOW - MINUTE - i * 20 * MINUTE for i in range(2 * 72)]
    put([make_run(at, 100.0 + i, region="eu-west") for i, at in enumerate(ago)])
    put([make_run(at, 900.0 + i, kind=FailureKind.TIMEOUT if i % 7 == 0 else None) for i, at in enumerate(ago)])
    roll(store, NOW)
    return store


def answers(store: Store, region: str) -> dict[str, Any]:
    """All that may be asked about a region: fine, by the hour, and of a window with ragged edges."""
    day, long = Window(NOW - timedelta(days=1), NOW), Window(NOW - timedelta(days=2, minutes=17), NOW)
    asked: dict[str, Any] = {"region": region, "memo": None}

    def ask(con: DuckDBPyConnection) -> dict[str, Any]:
        hourly = latency_series(con, "hubspot", long, bucket=HOURS, **asked)
        fine = latency_series(con, "hubspot", day, bucket=5 * MINUTE, **asked)
        errors = error_series(con, "hubspot", long, bucket=HOURS, **asked)
        week = hour_of_week(con, "hubspot", 1, ZoneInfo("UTC"), NOW, **asked)
        phases = phase_series(con, "hubspot", long, bucket=HOURS, **asked)
        return {
            "latency": latency(con, "hubspot", long, **asked),
            "rates": rates(con, "hubspot", long, **asked),
            "figures": [hourly.n, hourly.p95, fine.n, fine.p99, errors.requests, errors.network, week.p50, phases.wait],
            "exact": fine.exact,
        }

    return store.read(ask)


def without(con: DuckDBPyConnection) -> None:
    """As a store is found whose buckets were made before there were regions in them."""
    for tier in TIERS:
        con.execute(f"DELETE FROM {REGION_LEVEL.table(tier)}")  # noqa: S608 - names of ours
    con.execute(
        "INSERT INTO rollup_watermarks (tier, kept_from) SELECT ?, max(rolled_until) FROM rollup_watermarks", [REGIONS]
    )


def rows(store: Store) -> list[Any]:
    tables = " UNION ALL ".join(
        f"SELECT bucket_at, region, n, requests, total_histogram FROM {REGION_LEVEL.table(tier)}"  # noqa: S608
        for tier in TIERS
    )
    return store.read(lambda con: con.execute(f"{tables} ORDER BY ALL").fetchall())


def same(found: dict[str, Any], wanted: dict[str, Any]) -> None:
    assert found["rates"] == wanted["rates"]
    assert found["latency"] == wanted["latency"]
    for one, other in zip(found["figures"], wanted["figures"], strict=True):
        np.testing.assert_allclose(one, other, rtol=0.0101)


def test_a_region_of_all_steps_is_exact_by_bucket(rolled: Store) -> None:
    assert answers(rolled, "eu-west")["exact"]


def test_a_region_is_told_apart_from_another(rolled: Store) -> None:
    west, central = (answers(rolled, region)["latency"] for region in ("eu-west", "local"))
    assert (west.n, west.max < central.p50) == (144, True)


def test_a_store_without_regions_answers_the_same_and_makes_them_day_by_day_newest_first(rolled: Store) -> None:
    wanted, whole = answers(rolled, "eu-west"), rows(rolled)
    rolled.write(without).result()
    seen = []
    while (since := rolled.read(lambda con: Known.read(con).regions_from)) not in seen:
        seen.append(since)
        same(answers(rolled, "eu-west"), wanted)
        roll(rolled, NOW)
    assert seen == sorted(seen, reverse=True)
    assert len(seen) == 1 + 3  # It is the third day that two days reach back into.
    assert rows(rolled) == whole
    assert answers(rolled, "eu-west")["exact"]


def test_a_day_of_regions_may_be_made_in_pieces(rolled: Store) -> None:
    whole = rows(rolled)
    rolled.write(without).result()
    while roll(rolled, NOW, most_rows=5):
        pass
    assert rows(rolled) == whole


def test_a_bucket_that_is_made_anew_has_its_regions_whatever_was_before_it(
    rolled: Store, put: Put, make_run: Make
) -> None:
    rolled.write(without).result()
    at = NOW - timedelta(days=2)
    put([make_run(at, 5_000.0, region="eu-west")])
    roll(rolled, NOW, tiers=(FIVE_MINUTES, HOUR), most_pieces=2)
    assert answers(rolled, "eu-west")["latency"].max == 5_000.0
    assert (HOUR.start(at), "eu-west") in {(row[0], row[1]) for row in rows(rolled)}
