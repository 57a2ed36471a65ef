"""Learned limits kept up with the store: whatever stops, or comes late, the verdicts are the same."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from learned_world import HOUR, START, Probes, World, at, declared, in_order, said, steps, told

from metrics.baseline.kept import FailureHours
from metrics.baseline.latency import LatencyBaselines
from metrics.baseline.series import monitors
from metrics.learning import LearnedLimits
from metrics.model import LearnedState, LearnedVerdict
from metrics.store.database import Store
from metrics.store.learned import state
from metrics.store.learned.orders import Action, Order, note_order
from metrics.store.learned.series import number_series

SERIES = {
    "slow": Probes.quiet(44).slower(30.2, 1.6, 2.5).slower(37.4, 0.5, 3),
    "failing": Probes.quiet(44, seed=2).failing(31.1, 0.4).failing(38.2, 1.3, every=2),
}
"""What is slow is above its limit twice, and what fails fails more than chance explains twice."""
END = 44.0
BOTH = declared("slow", "failing")
Open = Callable[[], World]


@pytest.fixture(scope="module")
def filled(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that holds those series, of which nothing was learned."""
    path = shutil.copy(migrated, tmp_path_factory.mktemp("learned") / "leadline.duckdb")
    store = Store.open(path)
    World(store).put(SERIES)
    store.close()
    return path


@pytest.fixture
def world(store_path: Path) -> Iterator[World]:
    """Nothing is in it."""
    store = Store.open(store_path)
    yield World(store)
    store.close()


@pytest.fixture
def opened(filled: Path, tmp_path: Path) -> Iterator[Open]:
    """Opens copies of what is filled."""
    stores: list[Store] = []

    def work() -> World:
        stores.append(Store.open(shutil.copy(filled, tmp_path / f"copy-{len(stores)}.duckdb")))
        return World(stores[-1])

    yield work
    for store in stores:
        store.close()


@pytest.fixture
def fresh(migrated: Path, tmp_path: Path) -> Iterator[Open]:
    """Opens empty stores."""
    stores: list[Store] = []

    def work() -> World:
        stores.append(Store.open(shutil.copy(migrated, tmp_path / f"fresh-{len(stores)}.duckdb")))
        return World(stores[-1])

    yield work
    for store in stores:
        store.close()


@dataclass(frozen=True)
class Straight:
    """What is said in one go by one that never stopped."""

    changes: list[LearnedVerdict]
    kept: dict[str, list[Any]]


@pytest.fixture(scope="module")
def straight(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Straight:
    """All of `SERIES`, learned."""
    store = Store.open(shutil.copy(filled, tmp_path_factory.mktemp("straight") / "leadline.duckdb"))
    changes = told(LearnedLimits(store), BOTH, [at(END)])
    found = Straight(changes, World(store).kept())
    store.close()
    return found


def test_what_is_slow_and_what_fails_is_found_within_minutes(straight: Straight) -> None:
    began = [(name, hours) for name, state, hours in said(straight.changes) if state == "firing"]
    assert [name for name, _ in began] == ["slow", "failing", "slow", "failing"]
    assert [hours for _, hours in began] == pytest.approx([30.3, 31.15, 37.5, 38.25], abs=0.1)
    assert [state for _, state, _ in said(straight.changes)].count("good") == 4


@pytest.mark.parametrize(
    "times",
    [
        pytest.param(steps(0, END, 24), id="in days"),
        pytest.param([at(29.4), *steps(30, 33, 0.25), at(END)], id="in quarters of an hour"),
        pytest.param([at(37), *steps(37.4, 38.4, 1 / 12), at(END)], id="in steps of five minutes"),
    ],
)
def test_it_is_all_the_same_in_which_steps_it_is_caught_up(
    straight: Straight, opened: Open, times: list[datetime]
) -> None:
    world = opened()
    assert told(LearnedLimits(world.store), BOTH, times) == straight.changes
    assert world.kept() == straight.kept


def test_a_restart_changes_no_verdict_whenever_it_is(
    straight: Straight, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What was learned comes back in stretches of a few hours, so that their seams lie within what happened.
    monkeypatch.setattr(state, "_ROWS_AT_ONCE", 60)
    stops = [at(hours) for hours in (3.5, 26, 30.33, 30.5, 31, 31.2, 31.6, 33, 37.5, 37.7, 38.25, 39, 39.31, END)]
    never, often = opened(), opened()
    limits, changes = LearnedLimits(never.store), list[LearnedVerdict]()
    for now in stops:
        limits.catch_up(BOTH, now)
        restarted = LearnedLimits(often.store)
        changes += restarted.catch_up(BOTH, now)
        assert sorted(restarted.firing or ()) == sorted(limits.firing or ()), now
    assert in_order(changes) == straight.changes
    assert often.kept() == never.kept()


def test_an_alert_goes_on_over_a_restart_as_the_hour_ends_and_while_nothing_is_measured(world: World) -> None:
    series = {"slow": Probes.quiet(30.5).slower(29.5, 1, 3), "failing": Probes.quiet(30.5).failing(29.5, 1)}
    world.put(series)
    limits = LearnedLimits(world.store)
    limits.catch_up(BOTH, at(30))
    firing = sorted(limits.firing or ())
    assert {one.key.integration for one in firing} == {"slow", "failing"}
    restarted = LearnedLimits(world.store)
    restarted.catch_up(BOTH, at(30))
    assert sorted(restarted.firing or ()) == firing
    # What is normal in the hour that begins is known before its first probes are.
    assert [one.usual for one in restarted.standings("slow")][1:] == [pytest.approx(100, rel=0.1)]
    # The prober was cut off: nothing says that it is over.
    limits.catch_up(BOTH, at(33))
    restarted = LearnedLimits(world.store)
    restarted.catch_up(BOTH, at(33))
    assert [one for one in restarted.firing or () if one.unit == "ms"] == [
        one for one in limits.firing or () if one.unit == "ms"
    ]
    assert "slow" in {one.key.integration for one in restarted.firing or ()}


def test_a_crossing_before_a_gap_counts_after_it_whether_it_was_restarted_or_not(opened: Open) -> None:
    probes = Probes.quiet(44).slower(31 - 1 / 12, 1 / 12, 4).slower(36, 0.5, 4)
    found = []
    for restarts in (False, True):
        world = opened()
        gap = lambda at_h: (at_h < 31) | (at_h >= 36)  # noqa: E731
        world.put({"gone": probes}, keep=gap)
        config, limits = declared("gone"), LearnedLimits(world.store)
        changes = []
        for now in (at(31), at(35), at(END)):
            limits = LearnedLimits(world.store) if restarts else limits
            changes += limits.catch_up(config, now)
        found.append(in_order(changes))
    assert found[0] == found[1]
    assert said(found[0])[0][1:] == ("firing", pytest.approx(36 + 1 / 12))


@pytest.mark.parametrize("restarted", [False, True], ids=["in a hub that runs", "after a restart"])
def test_rows_that_come_hours_late_are_judged_as_if_they_had_come_in_time(
    straight: Straight, world: World, restarted: bool
) -> None:
    cut_off = lambda at_h: (at_h < 29) | (at_h >= 38)  # noqa: E731
    world.put(SERIES, keep=lambda at_h: cut_off(at_h) & (at_h < 42))
    limits = LearnedLimits(world.store)
    changes = limits.catch_up(BOTH, at(42))
    assert not [one for one in said(changes) if 29 < one[2] < 37]
    world.put(SERIES, keep=lambda at_h: ~cut_off(at_h) | (at_h >= 42))
    world.came_late(29, 38, at(END))
    limits = LearnedLimits(world.store) if restarted else limits
    later = in_order(limits.catch_up(BOTH, at(END)))
    assert later == straight.changes
    assert world.kept() == straight.kept


def test_rows_that_come_later_than_two_days_change_nothing(world: World) -> None:
    long = {"slow": Probes.quiet(80).slower(30, 2, 3)}
    config = declared("slow", thresholds={"failures": False})
    world.put(long, keep=lambda at_h: (at_h < 29) | (at_h >= 33))
    limits = LearnedLimits(world.store)
    limits.catch_up(config, at(79))
    before = world.kept()
    world.put(long, keep=lambda at_h: (at_h >= 29) & (at_h < 33))
    world.came_late(29, 33, at(79.1))
    assert limits.catch_up(config, at(79.5)) == []
    assert world.kept() == before


def test_a_restart_after_rows_came_late_and_were_not_looked_at_yet(straight: Straight, world: World) -> None:
    world.put(SERIES, keep=lambda at_h: (at_h < 30) | (at_h >= 33))
    LearnedLimits(world.store).catch_up(BOTH, at(40))
    world.put(SERIES, keep=lambda at_h: (at_h >= 30) & (at_h < 33))
    world.came_late(30, 33, at(41))
    assert in_order(LearnedLimits(world.store).catch_up(BOTH, at(END))) == straight.changes


def test_what_answers_amid_an_outage_is_judged_and_not_learned(world: World) -> None:
    # Quicker than ever: were it learned, everything else would be slow for a day.
    quick = Probes.quiet(30).slower(6, 20, 0.2).failing(6, 20, every=4)
    world.put({"failing": quick})
    config = declared("failing", thresholds={"failures": False})
    assert LearnedLimits(world.store).catch_up(config, at(30)) == []
    slow = Probes.quiet(31).slower(30, 1, 5).failing(30, 1, every=4)
    world.put({"failing": slow}, keep=lambda at_h: at_h >= 30)
    assert [one[1] for one in said(LearnedLimits(world.store).catch_up(config, at(31)))] == ["firing"]


def test_one_failure_in_five_minutes_is_no_outage(world: World) -> None:
    world.put({"failing": Probes.quiet(6).slower(0, 6, 0.5).failing(0, 6, every=5)})
    limits = LearnedLimits(world.store)
    limits.catch_up(declared("failing", thresholds={"failures": False}), at(6))
    assert [one for one in limits.standings("failing") if one.usual is not None]


def test_attempts_of_a_prober_whose_loop_was_late_are_not_read(world: World) -> None:
    world.put({"slow": Probes.quiet(30)})
    world.put({"slow": Probes.quiet(31).slower(30, 1, 9)}, keep=lambda at_h: at_h >= 30, timed=False)
    config = declared("slow", thresholds={"failures": False})
    assert LearnedLimits(world.store).catch_up(config, at(31)) == []


def test_failures_that_are_ours_say_nothing_of_the_vendor(world: World) -> None:
    world.put({"failing": Probes.quiet(30)})
    world.put({"failing": Probes.quiet(31).failing(30, 1)}, keep=lambda at_h: at_h >= 30, failure_kind="proxy")
    assert LearnedLimits(world.store).catch_up(declared("failing"), at(31)) == []


def test_a_series_that_is_added_is_learned_and_disturbs_no_other(straight: Straight, opened: Open) -> None:
    world = opened()
    limits = LearnedLimits(world.store)
    first = limits.catch_up(declared("slow"), at(29.5))
    later = [*limits.catch_up(BOTH, at(34)), *limits.catch_up(BOTH, at(END))]
    slow = [one for one in straight.changes if one.key.integration == "slow"]
    assert [one for one in in_order([*first, *later]) if one.key.integration == "slow"] == slow
    assert {one.key.integration for one in later} == {"slow", "failing"}


def test_a_series_that_is_removed_fires_no_more_and_is_remembered_for_when_it_is_back(
    straight: Straight, opened: Open
) -> None:
    world = opened()
    limits = LearnedLimits(world.store)
    limits.catch_up(BOTH, at(30.5))
    assert {one.key.integration for one in limits.firing or ()} == {"slow"}
    limits.catch_up(declared("failing"), at(30.6))
    assert limits.firing == ()
    assert limits.standings("slow") == []
    assert limits.keys("slow") == []
    changes = limits.catch_up(BOTH, at(END))
    assert in_order(changes)[-4:] == straight.changes[-4:]


@pytest.mark.parametrize(("sensitivity", "times"), [("high", 1.36), ("normal", 1.41), ("low", 1.55)])
def test_sensitivity_says_how_far_above_normal_the_limit_lies(world: World, sensitivity: str, times: float) -> None:
    noise = np.random.default_rng(3).normal(0, 0.1, 60 * 26)
    world.put({"slow": Probes(100 * np.exp(noise), np.ones(60 * 26, np.bool_))})
    config = declared("slow", thresholds={"sensitivity": sensitivity, "failures": False})
    limits = LearnedLimits(world.store)
    limits.catch_up(config, at(26))
    (total,) = [one for one in limits.standings("slow") if one.monitor.key.measure == "total_ms"]
    assert limits.furthest()["slow"] == total
    assert total.limit == pytest.approx(100 * times, rel=0.02)
    assert total.usual == pytest.approx(105, rel=0.05)


def test_what_is_switched_off_is_not_judged(opened: Open) -> None:
    world = opened()
    limits = LearnedLimits(world.store)
    off = declared("slow", "failing", thresholds={"sensitivity": "off", "failures": False})
    assert limits.catch_up(off, at(END)) == []
    assert limits.firing == ()
    no_latency = declared("slow", "failing", thresholds={"sensitivity": "off"})
    assert {one.key.measure for one in limits.catch_up(no_latency, at(END))} == {"failures"}
    no_failures = declared("slow", "failing", thresholds={"failures": False})
    assert {one.unit for one in limits.catch_up(no_failures, at(END))} == {"ms"}


def test_an_answer_quicker_than_the_floor_is_never_too_slow(opened: Open) -> None:
    world = opened()
    config = declared("slow", thresholds={"floor": "2s", "failures": False})
    limits = LearnedLimits(world.store)
    assert limits.catch_up(config, at(END)) == []
    assert [one.limit for one in limits.standings("slow") if one.usual is not None] == [pytest.approx(2000)]


def test_a_workflow_that_runs_rarely_is_judged_by_the_hour(world: World) -> None:
    rare = Probes.quiet(24 * 4, every_s=1800).slower(24 * 3 + 15, 5, 3)
    world.put({"rare": rare})
    config = declared("rare", every="30m", thresholds={"failures": False})
    changes = [one for now in (at(70), at(88.4), at(96)) for one in LearnedLimits(world.store).catch_up(config, now)]
    first, last = (in_order(changes)[place] for place in (0, -1))
    assert (first.at - START) / HOUR == 24 * 3 + 17
    assert first.words.count(" in 1 h)") == 1
    assert last.state is LearnedState.GOOD


def test_recorded_values_are_judged_like_latencies_and_have_no_unit(world: World) -> None:
    world.put({"counted": Probes.quiet(31)})
    world.record("counted", "backlog", lambda at_h: 40 + at_h % 3 + 60 * (at_h >= 30), 31)
    steps = [{"name": "probe", "request": {"path": "/"}, "record": {"backlog": {"from": "$.n"}}}]
    config = declared("counted", steps=steps, thresholds={"failures": False, "floor": "5s"})
    (change,) = LearnedLimits(world.store).catch_up(config, at(31))
    assert (change.key.subject, change.key.measure, change.unit) == ("backlog", "recorded", "")
    assert change.words.startswith("10")
    assert "ms" not in change.words


def test_two_steps_that_record_the_same_name_are_one_series() -> None:
    step = {"request": {"path": "/"}, "record": {"n": {"from": "$.n"}}}
    config = declared("twice", steps=[{"name": "one", **step}, {"name": "two", **step}])
    keys = [monitor.key for monitor in monitors(config)]
    assert sorted((key.subject, key.measure.value) for key in keys) == [
        ("", "failures"), ("n", "recorded"), ("one", "total_ms"), ("one", "ttfb_ms"), ("two", "total_ms"),
        ("two", "ttfb_ms"),
    ]  # fmt: skip


def test_nothing_at_all_in_the_store_is_nothing_to_say(world: World) -> None:
    limits = LearnedLimits(world.store)
    assert limits.firing is None
    assert limits.standings("slow") == []
    for now in (at(0), at(1), at(30)):
        assert limits.catch_up(BOTH, now) == []
        assert limits.firing == ()
    assert {(one.value, one.usual, one.limit, one.firing) for one in limits.standings("slow")} == {
        (None, None, None, False)
    }
    world.put(SERIES, keep=lambda at_h: at_h >= 28)
    assert limits.catch_up(BOTH, at(32)) != []


def test_it_goes_on_after_days_without_a_probe(fresh: Open) -> None:
    days = Probes.quiet(24 * 4).slower(24 * 3.5, 1, 4)
    found = []
    for stops in ((96,), (26, 53.3, 74.2, 96)):
        world = fresh()
        world.put({"gone": days}, keep=lambda at_h: (at_h < 26) | (at_h >= 72))
        found.append(in_order([c for h in stops for c in LearnedLimits(world.store).catch_up(declared("gone"), at(h))]))
    assert [one[1] for one in said(found[0])] == ["firing", "good"]
    assert found[0] == found[1]


def test_hours_are_forgotten_after_their_age(world: World) -> None:
    few = Probes.quiet(24 * 34 + 2, every_s=1800)
    world.put({"old": few}, keep=lambda at_h: at_h % (24 * 17) < 2)
    config = declared("old", every="30m", thresholds={"failures": False})
    first = int(START.timestamp()) // 3600
    oldest = []
    for day in (17, 34):  # two hours each, and nothing in between
        LearnedLimits(world.store).catch_up(config, at(24 * day + 2))
        kept = world.kept()
        oldest.append([(kept[table][0][1] - first) / 24 for table in ("baseline_hours", "baseline_buckets")])
    # What is asked for is 29 days of hours and 14 of buckets. A day with a probe is stored whole.
    assert oldest == [[0, pytest.approx(17, abs=1)], [pytest.approx(17, abs=1), pytest.approx(34, abs=1)]]


def test_hours_of_failures_are_forgotten_after_their_age(world: World) -> None:
    def hour(number: int) -> FailureHours:
        one = np.ones(1, np.int64)
        return FailureHours(one - 1, one * number, one, one, one, one, np.ones((1, 3), np.int64), one, one, one)

    ids = np.array([7])
    for number in (100, 100 + 22 * 24, 100 + 25 * 24):
        world.store.write(lambda con, number=number: state.save(con, hour(number), ids)).result(timeout=30)
    assert [row[1] for row in world.kept()["baseline_failures"]] == [100 + 22 * 24, 100 + 25 * 24]


# -- what people say --


CONSTANT = {"slow": Probes.quiet(36).slower(30.2, 20, 2.5), "failing": Probes.quiet(36)}


def order(world: World, action: Action, said_h: float, since_h: float = 0, until_h: float = 0) -> None:
    """Somebody says so of every series."""
    when, start, end = (START + timedelta(hours=hours) for hours in (said_h, since_h, until_h))
    about = (when, when) if action is Action.ACCEPT else (start, end)

    def work(con: Any) -> None:
        for number in number_series(con, [one.key for one in monitors(BOTH)]):
            note_order(con, Order(when, action, number, *about, "ana", "moved"))

    world.store.write(work).result(timeout=30)


def gone_through(world: World, stops: Sequence[float], *, restarts: bool) -> list[LearnedVerdict]:
    limits, changes = LearnedLimits(world.store), list[LearnedVerdict]()
    for hours in stops:
        limits = LearnedLimits(world.store) if restarts else limits
        changes += limits.catch_up(BOTH, at(hours))
    return in_order(changes)


def test_a_level_that_is_accepted_is_normal_from_then_on_after_a_restart_too(fresh: Open) -> None:
    found = []
    for restarts, stops in (
        (False, (32, 32.2, 33, 36, END)),
        (True, (32, 32.2, 32.4, 33.7, 36, END)),
        (False, (32, END)),
    ):
        world = fresh()
        world.put(CONSTANT)
        before = gone_through(world, stops[:1], restarts=False)
        order(world, Action.ACCEPT, 32.1)
        after = gone_through(world, stops[1:], restarts=restarts)
        assert [one[1] for one in said(before)] == ["firing"]
        found.append(after)
    assert [one[1:] for one in said(found[0])] == [("accepted", pytest.approx(32 + 1 / 6))]
    assert "accepted by hand" in found[0][0].words
    assert said(found[1]) == said(found[0]) == said(found[2])


def test_what_is_excluded_is_not_learned_after_a_restart_either(fresh: Open) -> None:
    series = {"slow": Probes.quiet(37).slower(24, 6, 1.25).slower(35.1, 1, 1.6)}
    found, kept = [], []
    for restarts, stops in ((False, (30.4, 30.6, 33, 37)), (True, (30.4, 30.6, 30.9, 33, 35.3, 37)), (False, (37,))):
        world = fresh()
        world.put(series)
        LearnedLimits(world.store).catch_up(BOTH, at(20))
        order(world, Action.EXCLUDE, 30.5, 24, 30)
        found.append(gone_through(world, stops, restarts=restarts))
        kept.append(world.kept())
    assert found[0] == found[1] == found[2]
    assert kept[0] == kept[1] == kept[2]


def test_the_band_ahead_does_not_take_figures_of_weeks_ago_for_those_of_hours_to_come() -> None:
    first = int(START.timestamp()) // 3600
    baselines, random = LatencyBaselines(["UTC", "Europe/Berlin"], [4.0, 4.0], per_hour=1), np.random.default_rng(4)
    # A month ago it took ten times as long.
    for hour in (*range(48), *range(29 * 24, 30 * 24)):
        usual = 1000 if hour < 48 else 100
        baselines.observe(first + hour, usual * np.exp(random.normal(0, 0.05, 2)))
    stands = baselines.limits()
    level, limit = baselines.ahead(np.array([1]), 24)
    assert level.shape == limit.shape == (24, 1)
    assert (np.exp(level) < 400).all()
    assert (limit > level).all()
    again, _ = baselines.ahead(np.array([0, 1]), 24)
    assert np.array_equal(again[:, 1], level[:, 0])
    assert np.array_equal(baselines.limits(), stands)
