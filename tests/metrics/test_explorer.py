"""Lists of runs: every filter narrows, pages follow one another without a gap, and a run is found by its id."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from how_many import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metrics.model import RunRow, Window
from metrics.store.database import Store
from metrics.store.explorer import RunFilter, Sort, runs_page
from metrics.store.failures import QuestionFailed
from metrics.store.runs import evidence, run
from probes.ids import run_id
from probes.model import Evidence, FailureKind, Outcome, Run

Make = Callable[..., Run]
Put = Callable[[Sequence[Run]], None]
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ALL = RunFilter(Window(NOON - timedelta(days=90), NOON + timedelta(days=1)))


def listed(store: Store, wanted: RunFilter, sort: Sort = Sort.NEWEST, size: int = 100) -> list[RunRow]:
    """Every row of every page."""
    rows: list[RunRow] = []
    after = None
    while True:
        page = store.read(lambda con, a=after: runs_page(con, wanted, sort=sort, after=a, size=size))  # type: ignore[misc]
        rows += page.rows
        after = page.after
        if after is None:
            return rows


def test_there_is_nothing_to_list_in_an_empty_store(store: Store) -> None:
    for sort in Sort:
        page = store.read(lambda con, s=sort: runs_page(con, ALL, sort=s))  # type: ignore[misc]
        assert (page.rows, page.after) == ((), None)


FILTERS = {
    "integration": (RunFilter(ALL.window, integration="stripe"), {"b"}),
    "workflow": (RunFilter(ALL.window, workflow="orders"), {"c"}),
    "region": (RunFilter(ALL.window, region="eu"), {"d"}),
    "outcome": (RunFilter(ALL.window, outcomes=(Outcome.FAILED,)), {"e", "f"}),
    "either outcome": (RunFilter(ALL.window, outcomes=(Outcome.FAILED, Outcome.TAINTED)), {"e", "f", "g"}),
    "kind": (RunFilter(ALL.window, failure_kinds=(FailureKind.TIMEOUT,)), {"e"}),
    "status": (RunFilter(ALL.window, status=503), {"f"}),
    "attempt": (RunFilter(ALL.window, attempt=2), {"h"}),
    "duration": (RunFilter(ALL.window, least_ms=900.0), {"i"}),
    "time": (RunFilter(Window(NOON - timedelta(days=40), NOON - timedelta(days=20))), {"j"}),
    "several": (RunFilter(ALL.window, integration="hubspot", outcomes=(Outcome.PASSED,), least_ms=900.0), {"i"}),
}


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("sort", list(Sort))
def test_each_filter_narrows_to_the_runs_it_names(
    store: Store, put: Put, make_run: Make, make_step: Callable[..., object], name: str, sort: Sort
) -> None:
    answered = make_step(kind=FailureKind.STATUS_5XX, status=503)
    runs = {
        "a": make_run(NOON),
        "b": make_run(NOON, integration="stripe"),
        "c": make_run(NOON, workflow="orders"),
        "d": make_run(NOON, region="eu"),
        "e": make_run(NOON, kind=FailureKind.TIMEOUT),
        "f": make_run(NOON, kind=FailureKind.STATUS_5XX, steps=(answered,)),
        "g": make_run(NOON, outcome=Outcome.TAINTED),
        "h": make_run(NOON, attempt=2),
        "i": make_run(NOON, total_ms=950.0),
        "j": make_run(NOON - timedelta(days=30)),
    }
    put(list(runs.values()))
    wanted, expected = FILTERS[name]
    assert {row.run_id for row in listed(store, wanted, sort)} == {str(runs[key].run_id) for key in expected}


@pytest.mark.parametrize("sort", list(Sort))
def test_runs_come_in_the_order_that_was_asked_for(store: Store, put: Put, make_run: Make, sort: Sort) -> None:
    put([make_run(NOON - timedelta(minutes=n * n), total_ms=float(n * 37 % 11)) for n in range(40)])
    rows = listed(store, ALL, sort, size=7)
    key = (lambda r: (r.started_at, r.run_id)) if sort is Sort.NEWEST else (lambda r: (r.duration_ms, r.run_id))
    assert rows == sorted(rows, key=key, reverse=True)  # type: ignore[arg-type]
    assert len({row.run_id for row in rows}) == 40


arrivals = st.lists(
    st.tuples(st.integers(0, 60 * 24 * 20), st.integers(1, 5)), min_size=0, max_size=12
)  # minutes before noon, duration


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=examples(25))
@given(
    there=st.lists(st.tuples(st.integers(0, 60 * 24 * 20), st.integers(1, 5)), min_size=1, max_size=25),
    arriving=st.lists(arrivals, max_size=6),
    size=st.integers(1, 6),
    sort=st.sampled_from(list(Sort)),
)
def test_while_runs_arrive_none_that_was_there_is_missed_and_none_comes_twice(
    opened: Store,
    make_run: Make,
    there: list[tuple[int, int]],
    arriving: list[list[tuple[int, int]]],
    size: int,
    sort: Sort,
    put_anywhere: Put,
) -> None:
    def made(drawn: list[tuple[int, int]]) -> list[Run]:
        return [make_run(NOON - timedelta(minutes=back), total_ms=float(long)) for back, long in drawn]

    opened.write(lambda con: con.execute("DELETE FROM hot_runs; DELETE FROM hot_steps")).result()
    first = made(there)
    put_anywhere(first)
    late = iter(arriving)
    seen: list[str] = []
    after = None
    while True:
        page = opened.read(lambda con, a=after: runs_page(con, ALL, sort=sort, after=a, size=size))  # type: ignore[misc]
        seen += [row.run_id for row in page.rows]
        after = page.after
        if after is None:
            break
        put_anywhere(made(next(late, [])))
    assert len(seen) == len(set(seen))
    assert {str(one.run_id) for one in first} <= set(seen)


@pytest.fixture
def put_anywhere(store: Store, put: Put) -> Put:
    """As `put`; the store is emptied after the test."""
    return lambda runs: put(runs) if runs else None


def mark_of(instant_us: int) -> str:
    return urlsafe_b64encode(f"newest:{instant_us}:{UUID(int=7).hex}".encode()).decode()


BEYOND = [mark_of(10**30), mark_of(-(10**30))]
"""Places at instants that there are not."""


def test_a_window_may_reach_as_far_as_there_are_dates(store: Store, put: Put, make_run: Make) -> None:
    put([make_run(NOON)])
    last = datetime.max.replace(tzinfo=UTC)
    wanted = RunFilter(Window(datetime.min.replace(tzinfo=UTC), last))
    assert len(listed(store, wanted, size=1)) == 1
    after = mark_of((last - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1))
    assert len(store.read(lambda con: runs_page(con, wanted, after=after)).rows) == 1


@pytest.mark.parametrize("mark", ["x", "bmV3ZXN0OjE6Mg", "!!!!", "ü", *BEYOND])
def test_a_place_that_no_page_gave_is_refused(store: Store, mark: str) -> None:
    with pytest.raises(QuestionFailed, match="after"):
        store.read(lambda con: runs_page(con, ALL, after=mark))


def test_a_place_in_another_order_is_refused(store: Store, put: Put, make_run: Make) -> None:
    put([make_run(NOON), make_run(NOON)])
    after = store.read(lambda con: runs_page(con, ALL, size=1)).after
    with pytest.raises(QuestionFailed, match="sorted by newest"):
        store.read(lambda con: runs_page(con, ALL, sort=Sort.SLOWEST, after=after))


@pytest.mark.parametrize("kind", ["ordered by time", "random"])
def test_a_run_and_its_evidence_are_found_by_id(
    store: Store, put: Put, make_run: Make, make_step: Callable[..., object], kind: str
) -> None:
    name: UUID = run_id(NOON) if kind == "ordered by time" else uuid4()
    kept = Evidence("e-1", "GET", "https://api.example.com/v1", {}, None, 500, {}, "broken", {})
    step = make_step(NOON, kind=FailureKind.STATUS_5XX, evidence=kept)
    later = make_step(NOON + timedelta(minutes=9), position=1, name="clean up", cleanup=True)
    wanted = make_run(
        NOON, run_id=name, kind=FailureKind.STATUS_5XX, steps=(step, later), values={"lag": 4.0}, failed_step="read"
    )
    put([make_run(NOON, run_id=run_id(NOON)), wanted, make_run(NOON - timedelta(days=40))])
    found = store.read(lambda con: run(con, str(name)))
    assert found is not None
    assert (found.run_id, len(found.steps), found.values) == (name, 2, {"lag": 4.0})
    told = store.read(lambda con: evidence(con, "e-1"))
    assert told is not None
    assert (told[0].run_id, told[1]) == (str(name), kept)


FAR_ID = "ffffffff-ffff-7fff-bfff-ffffffffffff"
"""Of a run in the year 10889, if there were dates for it."""


@pytest.mark.parametrize(
    "name", ["nonsense", str(uuid4()), str(run_id(NOON)), FAR_ID], ids=["no id", "random", "by time", "far"]
)
def test_an_id_that_is_not_there_is_no_run(store: Store, put: Put, make_run: Make, name: str) -> None:
    put([make_run(NOON)])
    assert store.read(lambda con: run(con, name)) is None
