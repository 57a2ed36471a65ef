"""Objectives that are counted from single runs: recorded values, slices of time, maintenance left out, flows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.model import Config, Integration, Settings
from metrics.evaluation import objective_statuses
from metrics.model import ObjectiveStatus
from metrics.sliced import Decided, Slicing, by_time
from metrics.store.database import Store
from metrics.store.rollup.roller import roll
from metrics.store.rows import NumberedRun, insert
from metrics.store.schedule import settle
from metrics.store.slices import SliceMemo
from probes.model import FailureKind, Outcome, Run

Put = Callable[[Sequence[Run]], None]
Make = Callable[..., Run]
MINUTE = timedelta(minutes=1)
START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
DOWN = FailureKind.STATUS_5XX
SLICED = {"sli": "availability", "method": "time_slices", "slice": "5m", "slice_target": "80%", "target": "99%"}
RECORDS = [{"name": "read", "request": {"path": "/v1"}, "record": {"score": "$.score"}}]


@pytest.fixture
def see(
    store: Store, make_integration: Callable[..., Integration], make_config: Callable[..., Config]
) -> Callable[..., ObjectiveStatus]:
    """The status of one objective of integration `hubspot`."""

    def ask(fields: dict[str, Any], now: datetime, memo: SliceMemo | None = None, **own: Any) -> ObjectiveStatus:
        config = make_config(make_integration(objectives=[fields], **own))
        return store.read(lambda con: objective_statuses(con, config, now, memo))[0]

    return ask


def figures(seen: ObjectiveStatus) -> tuple[int, int, int]:
    return seen.good, seen.bad, seen.expected


@pytest.mark.parametrize(
    ("failing", "slices"),
    [({3}, (12, 0, 12)), ({3, 4}, (11, 1, 12)), ({0, 6, 12}, (12, 0, 12)), (set(range(7)), (10, 2, 12))],
    ids=["a fifth bad is good enough", "two fifths are not", "spread over slices", "one bad and one mostly"],
)
def test_a_slice_of_time_is_good_when_enough_of_it_was(
    put: Put, make_run: Make, see: Callable[..., ObjectiveStatus], failing: set[int], slices: tuple[int, int, int]
) -> None:
    put([make_run(START + i * MINUTE, kind=DOWN if i in failing else None) for i in range(60)])
    seen = see(SLICED, START + 60 * MINUTE)
    assert figures(seen) == slices
    assert seen.key == "availability/5m@99%/30d"


def test_a_slice_without_a_measured_run_costs_coverage_and_no_budget(
    put: Put, make_run: Make, see: Callable[..., ObjectiveStatus]
) -> None:
    put([make_run(START + i * MINUTE) for i in range(60) if not 10 <= i < 30])
    seen = see(SLICED, START + 60 * MINUTE)
    assert (seen.coverage, seen.budget_left) == (pytest.approx(8 / 12), 1.0)


def test_a_slice_that_is_not_over_is_bad_as_soon_as_it_cannot_be_good_any_more(
    put: Put, make_run: Make, see: Callable[..., ObjectiveStatus]
) -> None:
    put([make_run(START), make_run(START + MINUTE, kind=DOWN)])
    assert figures(see(SLICED, START + 2 * MINUTE)) == (0, 0, 1)
    put([make_run(START + 2 * MINUTE, kind=DOWN)])
    assert figures(see(SLICED, START + 3 * MINUTE)) == (0, 1, 1)


def test_recorded_values_are_held_against_their_range(
    put: Put, make_run: Make, see: Callable[..., ObjectiveStatus]
) -> None:
    put([make_run(START + i * MINUTE, values={"score": float(i)}) for i in range(10)])
    put([make_run(START + 10 * MINUTE), make_run(START + 11 * MINUTE, kind=DOWN, values={"score": 100.0})])
    fields = {"sli": "recorded", "value": "score", "at_least": 2, "at_most": 8, "target": "90%", "page": False}
    workflows = [{"name": "contacts", "every": "60s", "steps": RECORDS}]
    seen = see(fields, START + 12 * MINUTE, workflows=workflows)
    assert figures(seen) == (7, 3, 12)
    assert seen.key == "recorded(score)≥2≤8@90%/30d"


@pytest.mark.parametrize(("declared", "expected"), [("counts", 60), ("excluded", 50)])
def test_time_skipped_for_maintenance_is_expected_or_not_as_declared(
    put: Put, make_run: Make, see: Callable[..., ObjectiveStatus], declared: str, expected: int
) -> None:
    planned = {"outcome": Outcome.SKIPPED, "skip_reason": "maintenance: weekly restart", "steps": ()}
    put([make_run(START + i * MINUTE, **(planned if 10 <= i < 20 else {})) for i in range(60)])
    put([make_run(START + 61 * MINUTE, outcome=Outcome.SKIPPED, skip_reason="quota reserve", steps=())])
    seen = see({"sli": "availability", "target": "99%", "maintenance": declared}, START + 60 * MINUTE)
    assert figures(seen) == (50, 0, expected)
    assert seen.coverage == pytest.approx(50 / expected)


# Minutes of five hours: what each run shows, in which order they arrive, and when the roller comes by.
runs_drawn = st.lists(
    st.tuples(st.integers(0, 299), st.sampled_from(["good", "down", "slow", "throttled"])), max_size=60
)


@settings(deadline=None, max_examples=5)
@given(runs_drawn, st.integers(0, 60), st.integers(1, 4))
def test_late_runs_the_roller_and_the_memo_change_no_count(
    emptied: Callable[[], Store],
    make_run: Make,
    drawn: list[tuple[int, str]],
    first: int,
    looks: int,
) -> None:
    store, now = emptied(), START + timedelta(hours=5)
    objectives = [
        SLICED,
        {"sli": "latency", "threshold": "200ms", "target": "95%", "method": "time_slices", "slice_target": "50%"},
        {"sli": "availability", "target": "99%", "maintenance": "excluded", "throttled_is_bad": True},
    ]
    config, plain = promising(*objectives), promising({**objectives[2], "maintenance": "counts"})
    memo, arriving = SliceMemo(), list(dict(drawn).items())
    numbers = iter(range(1, 1000))
    for chunk in (arriving[:first], *(arriving[first + i :: looks] for i in range(looks))):
        keep(store, [made(make_run, minute, what) for minute, what in chunk], numbers)
        store.read(lambda con: objective_statuses(con, config, now, memo))
        roll(store, now)
    seen = store.read(lambda con: objective_statuses(con, config, now, memo))
    assert seen == store.read(lambda con: objective_statuses(con, config, now))
    # By another way, out of the roll-ups.
    (counted,) = store.read(lambda con: objective_statuses(con, plain, now))
    assert figures(seen[2]) == figures(counted)
    assert [(b.long_burn, b.short_burn) for b in seen[2].burns] == [(b.long_burn, b.short_burn) for b in counted.burns]


def promising(*objectives: dict[str, Any]) -> Config:
    integration = member("hubspot").model_dump(mode="json", by_alias=True) | {"objectives": objectives}
    return Config(root=Path("config"), version="v1", integrations=(Integration.model_validate(integration),))


def made(make_run: Make, minute: int, what: str) -> Run:
    at = START + minute * MINUTE
    if what == "throttled":
        return make_run(at, kind=FailureKind.THROTTLED, outcome=Outcome.THROTTLED)
    return make_run(at, 500.0 if what == "slow" else 100.0, kind=DOWN if what == "down" else None)


def keep(store: Store, runs: Sequence[Run], numbers: Any) -> None:
    rows = [NumberedRun("p1", next(numbers), run.started_at, run) for run in runs]
    store.write(lambda con: (insert(con, rows), settle(con, rows))).result(timeout=30)


@pytest.fixture
def flow_status(store: Store, make_config: Callable[..., Config]) -> Callable[..., ObjectiveStatus]:
    """The status of the one objective of flow `leads`, which breaks with hubspot and salesforce."""

    def ask(now: datetime, weights: dict[str, float] | None = None, **fields: Any) -> ObjectiveStatus:
        flow = {"name": "leads", "weights": weights or {}}
        flow["objectives"] = [{"sli": "availability", "target": "99%"} | fields]
        config = make_config(
            *map(member, ("hubspot", "salesforce")), settings=Settings.model_validate({"flows": [flow]})
        )
        (status,) = store.read(lambda con: objective_statuses(con, config, now))
        return status

    return ask


def member(name: str) -> Integration:
    steps = [{"name": "read", "request": {"path": "/"}}]
    flow = {"name": "contacts", "every": "60s", "steps": steps}
    return Integration.model_validate(
        {"integration": name, "base_url": "https://api.example.com", "flows": ["leads"], "workflows": [flow]}
    )


def two(make_run: Make, bad: dict[str, set[int]], minutes: int = 60) -> list[Run]:
    return [
        make_run(START + i * MINUTE, integration=name, kind=DOWN if i in bad.get(name, ()) else None)
        for name in ("hubspot", "salesforce")
        for i in range(minutes)
    ]


def test_a_flow_is_good_in_a_slice_when_all_of_its_integrations_are(
    put: Put, make_run: Make, flow_status: Callable[..., ObjectiveStatus]
) -> None:
    put(two(make_run, {"hubspot": {1, 2}, "salesforce": {2, 3}}))
    seen = flow_status(START + 60 * MINUTE)
    assert (seen.integration, *figures(seen)) == ("flow:leads", 57, 3, 60)


def test_a_weighted_flow_is_as_good_as_its_integrations_are_on_average(
    put: Put, make_run: Make, flow_status: Callable[..., ObjectiveStatus]
) -> None:
    put(two(make_run, {"hubspot": {1, 2}, "salesforce": {2, 3}}))
    seen = flow_status(START + 60 * MINUTE, weights={"hubspot": 3}, slice_target="60%")
    # In minute 3 only the quarter that is salesforce is bad.
    assert figures(seen) == (58, 2, 60)


def test_an_integration_that_was_not_measured_has_no_say_in_its_flow(
    put: Put, make_run: Make, flow_status: Callable[..., ObjectiveStatus]
) -> None:
    put([run for run in two(make_run, {}) if run.integration == "hubspot" or run.scheduled_at < START + 30 * MINUTE])
    assert figures(flow_status(START + 60 * MINUTE)) == (60, 0, 60)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 1), st.integers(0, 39), st.sampled_from([1, -1])), max_size=60),
    st.sampled_from([Fraction(1), Fraction(1, 2), Fraction(4, 5), Fraction("0.999999999")]),
    st.randoms(use_true_random=False),
)
def test_slices_of_time_do_not_depend_on_the_order_of_the_runs(drawn: Any, target: Fraction, random: Any) -> None:
    def tally(rows: Any) -> Any:
        series, minute, verdict = (
            (np.array(column, np.int64) for column in zip(*rows, strict=True)) if rows else [np.zeros(0, np.int64)] * 3
        )
        decided = Decided(
            series, minute * 60_000, np.full(len(minute), 60_000), verdict, np.zeros(len(minute), np.int64)
        )
        slicing = Slicing(300_000, target, np.array([0, 1]))
        return by_time(decided, slicing, 38 * 60_000, [300_000, 300_000])

    one, other = tally(drawn), tally(random.sample(drawn, len(drawn)))
    assert one.start_ms.tolist() == other.start_ms.tolist()
    assert one.running.tolist() == other.running.tolist()
