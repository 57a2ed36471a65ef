"""History of a crowd: the same arguments make the same rows, a day at a time; labelled, and within its window."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.model import Config, Integration
from metrics.history.crowd import Crowd
from metrics.model import Window
from metrics.store.database import Store
from metrics.store.rows import append

Tables = Mapping[str, pa.Table]
DAY = timedelta(days=1)
FIRST = datetime(2026, 11, 17, tzinfo=UTC)
WINDOW = Window(FIRST + timedelta(hours=6), FIRST + 3 * DAY + timedelta(hours=18))
DAYS = [FIRST + n * DAY for n in range(4)]
NAMES = ("github", "hubspot", "stripe")
RUNS_A_DAY = 48 * len(NAMES) * 2
MOMENTS = {
    "runs": "started_at",
    "steps": "started_at",
    "recorded_values": "observed_at",
    "quota_readings": "observed_at",
}


@pytest.fixture(scope="module")
def make_crowd() -> Callable[..., Crowd]:
    """Three integrations in two regions, twice an hour unless told otherwise."""

    def build(every: str = "30m", seed: int = 7, labelled: bool = True) -> Crowd:
        steps = [{"name": name, "request": {"path": f"/{name}"}} for name in ("list", "read")]
        flow = {"name": "flow", "every": every, "regions": ["eu", "us"], "steps": steps}
        declared = [
            Integration.model_validate(
                {"integration": name, "base_url": "https://api.example.com", "workflows": [flow]}
            )
            for name in NAMES
        ]
        return Crowd(
            Config(root=Path("config"), version="v1", integrations=tuple(declared)), WINDOW, seed, labelled=labelled
        )

    return build


@pytest.fixture(scope="module")
def in_order(make_crowd: Callable[..., Crowd]) -> list[Tables]:
    """All days, one after the other."""
    crowd = make_crowd()
    return [crowd.day(day) for day in DAYS]


@settings(max_examples=10)
@given(asked=st.lists(st.integers(0, 3), min_size=1, max_size=6))
def test_a_day_is_the_same_whichever_days_were_asked_for_before(
    make_crowd: Callable[..., Crowd], in_order: list[Tables], asked: list[int]
) -> None:
    crowd = make_crowd()
    for place in asked:
        assert crowd.day(DAYS[place]) == in_order[place]


def test_another_seed_is_another_history(make_crowd: Callable[..., Crowd], in_order: list[Tables]) -> None:
    other = make_crowd(seed=8).day(DAYS[1])
    assert {name for name in other if other[name] != in_order[1][name]} >= {"runs", "steps", "quota_readings"}


@pytest.mark.parametrize("labelled", [True, False])
def test_every_row_bears_the_label(make_crowd: Callable[..., Crowd], labelled: bool) -> None:
    for name, table in make_crowd(labelled=labelled).day(DAYS[1]).items():
        assert set(table["simulated"].to_pylist()) <= {labelled}, name


def test_rows_are_within_the_window_and_each_day_has_its_own(in_order: list[Tables]) -> None:
    for day, tables in zip(DAYS, in_order, strict=True):
        for name in ("runs", "steps", "quota_readings"):
            seen = pc.min_max(tables[name][MOMENTS[name]])
            first, last = seen["min"].as_py(), seen["max"].as_py()
            assert max(day, WINDOW.start) <= first <= last < min(day + DAY + timedelta(minutes=10), WINDOW.end), name
        begun = tables["runs"]["started_at"].to_pylist()
        assert max(begun) < day + DAY
    ids = [text for tables in in_order for text in tables["runs"]["run_id"].to_pylist()]
    assert len(set(ids)) == len(ids)


def test_a_whole_day_has_every_run_of_every_series_once(make_crowd: Callable[..., Crowd]) -> None:
    crowd = make_crowd()
    runs = crowd.day(DAYS[1])["runs"]
    each = runs.group_by(["integration", "region"]).aggregate([("run_id", "count")])["run_id_count"].to_pylist()
    # A run that failed may have been confirmed by a second one.
    assert (len(each), min(each) >= 48, sum(each) < 1.1 * RUNS_A_DAY) == (6, True, True)
    assert crowd.rows_per_day == 2 * RUNS_A_DAY


def test_every_series_has_its_schedule_since_the_window_began(make_crowd: Callable[..., Crowd]) -> None:
    rows = make_crowd().schedule().to_pylist()
    assert {(row["integration"], row["region"]) for row in rows} == {(n, r) for n in NAMES for r in ("eu", "us")}
    assert {(row["workflow"], row["since"], row["every_s"]) for row in rows} == {("flow", WINDOW.start, 1800.0)}


def test_the_store_takes_its_rows_as_they_are(store: Store, in_order: list[Tables]) -> None:
    for name, table in in_order[1].items():
        store.write(lambda con, n=name, t=table: append(con, n, t)).result()  # type: ignore[misc]
        (count,) = store.read(lambda con, n=name: con.execute(f"SELECT count(*) FROM {n}").fetchone())  # type: ignore[misc]  # noqa: S608
        assert count == len(table)


@pytest.mark.parametrize("every", ["7m", "11h"])
def test_an_interval_that_does_not_go_into_a_day_is_refused(make_crowd: Callable[..., Crowd], every: str) -> None:
    with pytest.raises(ValueError, match="into a day without a rest"):
        make_crowd(every=every)
