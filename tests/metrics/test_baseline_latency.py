"""Learned limits of latencies: what fires, what does not, and from what they are learned."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import deepcopy
from datetime import UTC, datetime
from math import exp, log
from statistics import median
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from numpy.typing import NDArray

from config.thresholds import Sensitivity
from metrics.baseline.latency import Judged, LatencyBaselines
from metrics.baseline.rule import SPREADS

HOUR, DAY = 12, 288
MONDAY = int(datetime(2025, 6, 2, tzinfo=UTC).timestamp()) // 300
NORMAL = SPREADS[Sensitivity.NORMAL]

Table = NDArray[np.float64]
"""Milliseconds by bucket and series."""


def run(baselines: LatencyBaselines, first: int, values: Table, excluded: Table | None = None) -> list[Judged]:
    return [
        baselines.observe(first + place, row, None if excluded is None else excluded[place].astype(np.bool_))
        for place, row in enumerate(values)
    ]


def firing(judged: Iterable[Judged]) -> NDArray[np.bool_]:
    return np.array([one.firing for one in judged])


def noise(buckets: int, series: int, seed: int = 7) -> Table:
    return 0.05 * np.random.default_rng(seed).standard_normal((buckets, series))


def office_days(days: float, series: int = 1, seed: int = 7) -> Table:
    """100 ms at night, 240 ms from 9 to 18."""
    buckets = int(days * DAY)
    hour = np.arange(buckets) % DAY // HOUR
    busy = ((hour >= 9) & (hour < 18))[:, None]
    return np.exp(np.log(np.where(busy, 240.0, 100.0)) + noise(buckets, series, seed))


def fresh(series: int = 1, zones: Sequence[str] = (), spreads: float = NORMAL) -> LatencyBaselines:
    return LatencyBaselines(list(zones) or ["UTC"] * series, [spreads] * series)


@pytest.fixture(scope="module")
def learned_week() -> LatencyBaselines:
    baselines = fresh()
    run(baselines, MONDAY, office_days(7))
    return baselines


@pytest.fixture
def week(learned_week: LatencyBaselines) -> LatencyBaselines:
    """After seven days of office hours, at midnight."""
    return deepcopy(learned_week)


NEXT = MONDAY + 7 * DAY


def test_the_afternoons_level_at_three_in_the_morning_fires_and_at_three_in_the_afternoon_does_not(
    week: LatencyBaselines,
) -> None:
    day = office_days(1, seed=9)
    day[3 * HOUR : 3 * HOUR + 6] = 240
    fired = np.flatnonzero(firing(run(week, NEXT, day)))
    assert fired[0] == 3 * HOUR + 1, "with the second bucket"
    assert fired[-1] < 4 * HOUR


def test_one_slow_bucket_fires_nothing(week: LatencyBaselines) -> None:
    day = office_days(1, seed=9)
    day[3 * HOUR] = 5_000
    assert not firing(run(week, NEXT, day)).any()


def test_longer_trouble_fires_below_the_limit(week: LatencyBaselines) -> None:
    run(week, NEXT, office_days(2 / 24, seed=9))
    at = NEXT + 2 * HOUR
    for place in range(4):
        probe = deepcopy(week).observe(at + place, np.array([100.0]))
        between = (probe.lower[0] + probe.limit[0]) / 2
        judged = week.observe(at + place, np.exp(np.array([between])))
        assert not judged.above[0]
        assert judged.of_four[0] == place + 1
        assert bool(judged.firing[0]) == (place >= 2), "with the third of four buckets"


def test_where_a_bucket_holds_few_probes_the_lower_limit_is_the_limit() -> None:
    baselines = fresh(spreads=NORMAL - 1)
    judged = run(baselines, MONDAY, office_days(1))[-1]
    assert judged.lower.tolist() == judged.limit.tolist()


def test_a_constant_series_never_fires() -> None:
    assert not firing(run(fresh(), MONDAY, np.full((2 * DAY, 1), 123.0))).any()


@pytest.mark.parametrize("begins_at", [0, 1, 7, 11])
def test_nothing_fires_in_the_first_hour(begins_at: int) -> None:
    values = np.full((HOUR, 1), 100.0)
    values[1:] = 10_000
    assert not firing(run(fresh(), MONDAY + begins_at, values)).any()


def test_nine_in_the_morning_of_the_first_days_is_no_alert() -> None:
    assert not firing(run(fresh(), MONDAY, office_days(3, series=1))).any()


def test_what_comes_every_night_is_a_habit_after_two_nights() -> None:
    values = office_days(5)
    hour = np.arange(len(values)) % DAY
    values[(hour >= 2 * HOUR) & (hour < 2 * HOUR + 9)] *= 2.5
    nights = np.flatnonzero(firing(run(fresh(), MONDAY, values))) // DAY
    assert set(nights.tolist()) <= {0, 1}


def test_the_same_trouble_on_three_days_fires_every_time() -> None:
    values = office_days(8)
    for day in (5, 6, 7):
        values[day * DAY + 4 * HOUR : day * DAY + 5 * HOUR] *= 2.5
    fired = np.flatnonzero(firing(run(fresh(), MONDAY, values)))
    assert sorted(set((fired // DAY).tolist())) == [5, 6, 7]


def test_a_new_level_is_normal_after_24_hours_of_alert() -> None:
    even = fresh()
    run(even, MONDAY, np.exp(5 + noise(2 * DAY, 1)))
    judged = run(even, MONDAY + 2 * DAY, np.exp(5.8 + noise(int(1.3 * DAY), 1)))
    fires = firing(judged)[:, 0]
    accepted = np.flatnonzero([one.accepted[0] for one in judged])
    assert np.flatnonzero(fires)[0] == 1
    assert accepted.tolist() == [1 + DAY]
    assert fires[2:DAY].all()
    assert not fires[1 + DAY :].any()


def test_a_level_is_normal_as_soon_as_somebody_accepts_it(week: LatencyBaselines) -> None:
    twice = 2 * office_days(1.5, seed=9)
    assert firing(run(week, NEXT, twice[:6])).any()
    week.accept(0)
    assert not firing(run(week, NEXT + 6, twice[6:])).any(), "its hours differ as they did"


def test_what_is_excluded_is_judged_and_not_learned(week: LatencyBaselines) -> None:
    day, out = office_days(1.5, seed=9), np.zeros((36 * HOUR, 1))
    out[4 * HOUR : 6 * HOUR] = True
    trouble = np.where(out.astype(bool), day * 1.15, day)
    absent = np.where(out.astype(bool), np.nan, day)
    other = deepcopy(week)
    run(week, NEXT, trouble, out)
    run(other, NEXT, absent)
    for name in ("level", "spread", "candidates", "samples"):
        assert np.array_equal(getattr(week.normal, name), getattr(other.normal, name)), name


def test_trouble_is_not_learned(week: LatencyBaselines) -> None:
    before = deepcopy(week)
    day = office_days(1, seed=9)
    quiet = day.copy()
    day[2 * HOUR : 8 * HOUR] *= 4
    quiet[2 * HOUR : 8 * HOUR] = np.nan
    run(week, NEXT, day)
    run(before, NEXT, quiet)
    assert week.normal.level == pytest.approx(before.normal.level, abs=0.01)
    assert week.normal.spread == pytest.approx(before.normal.spread, abs=0.01)


def troubled(days: float, series: int) -> Table:
    """Office days with incidents, slow buckets and gaps at places of their own in every series."""
    values = office_days(days, series, seed=3)
    random = np.random.default_rng(5)
    for row in range(series):
        for _ in range(4):
            begins = int(random.integers(DAY, len(values) - 30))
            values[begins : begins + int(random.integers(3, 30)), row] *= random.uniform(1.3, 4)
            gap = int(random.integers(HOUR, len(values) - 30))
            values[gap : gap + int(random.integers(1, 30)), row] = np.nan
    return values


def test_series_of_one_batch_do_not_know_of_each_other() -> None:
    zones = ("UTC", "America/New_York", "UTC")
    values = troubled(2, 3)
    values[:DAY, 2] = np.nan  # it is younger
    together = run(fresh(3, zones), MONDAY, values)
    assert firing(together).any(axis=0)[:2].all()
    for row, zone in enumerate(zones):
        alone = run(fresh(1, [zone]), MONDAY, values[:, [row]])
        for name in ("expected", "limit", "lower", "firing", "accepted"):
            both = (
                np.array([getattr(one, name)[place] for one in some]) for some, place in ((together, row), (alone, 0))
            )
            assert np.array_equal(*both, equal_nan=True), (zone, name)


def test_no_verdict_knows_of_what_comes_later() -> None:
    values = troubled(1.5, 2)
    changed = values.copy()
    until = DAY + 100
    changed[until:] = 9_999
    for one, other in zip(run(fresh(2), MONDAY, values[:until]), run(fresh(2), MONDAY, changed), strict=False):
        assert np.array_equal(one.limit, other.limit, equal_nan=True)
        assert np.array_equal(one.firing, other.firing)


def test_buckets_left_out_are_buckets_without_a_measurement(week: LatencyBaselines) -> None:
    other = deepcopy(week)
    after = office_days(1, seed=4)[:40]
    run(week, NEXT, np.full((5 * HOUR, 1), np.nan))
    assert all(
        np.array_equal(one.limit, two.limit) and np.array_equal(one.firing, two.firing)
        for one, two in zip(run(week, NEXT + 60, after), run(other, NEXT + 60, after), strict=True)
    )


def test_a_gap_neither_opens_nor_closes_an_alert(week: LatencyBaselines) -> None:
    values = np.full((HOUR, 1), 400.0)
    values[4:] = np.nan
    fires = firing(run(week, NEXT, values))[:, 0]
    assert not fires[0]
    assert fires[1:].all()


def test_the_unit_does_not_matter() -> None:
    values = troubled(1.5, 2)
    once, tenfold = (firing(run(fresh(2), MONDAY, values * times)) for times in (1, 10))
    assert once.any()
    assert np.array_equal(once, tenfold)


def test_buckets_come_in_order(week: LatencyBaselines) -> None:
    with pytest.raises(ValueError, match="in order"):
        week.observe(NEXT - 1, np.array([1.0]))


# --- against plain Python -------------------------------------------------------------------------------------------


def plain_levels(hours: dict[int, float], zone: str, now: int) -> list[float]:
    """The three candidates, before the last day's deviation is added."""
    clock = ZoneInfo(zone)
    this = datetime.fromtimestamp(now * 3600, clock)
    day, around, of_kind = list[float](), list[tuple[int, float]](), list[tuple[int, float]]()
    for hour, value in hours.items():
        then = datetime.fromtimestamp(hour * 3600, clock)
        away, same_kind = (then.hour - this.hour) % 24, (then.weekday() >= 5) == (this.weekday() >= 5)
        if hour >= now - 24:
            day.append(value)
        if away in (23, 0, 1):
            weighed = [(then.toordinal(), value)] * (2 if away == 0 else 1)
            around += weighed if hour >= now - 14 * 24 else []
            of_kind += weighed if same_kind and hour >= now - 28 * 24 else []
    found = [median(day) if len(day) > 1 else float("nan")]
    for some in (around, of_kind):
        enough = len({ordinal for ordinal, _ in some}) >= 2
        found.append(median(value for _, value in some) if enough else float("nan"))
    return found


def test_levels_are_those_of_the_hours_that_are_alike() -> None:
    zones = ["Europe/Berlin", "Asia/Kolkata"]
    first = int(datetime(2025, 3, 23, 7, tzinfo=UTC).timestamp()) // 3600  # Berlin is about to change
    count = 11 * 24
    random = np.random.default_rng(11)
    values = np.exp(random.normal(5, 0.1, (count, 2)))
    values[100:130, 1] = np.nan
    baselines = LatencyBaselines(zones, [100.0] * 2, per_hour=1)  # nothing fires, so everything is learned
    for place, row in enumerate(values):
        baselines.observe(first + place, row)
        if place % 29 == 0 or place > count - 4:
            for series, zone in enumerate(zones):
                past = {first + at: log(values[at, series]) for at in range(place) if not np.isnan(values[at, series])}
                expected = plain_levels(past, zone, first + place)
                found = baselines.normal.uncorrected[:, series]
                assert found == pytest.approx(expected, nan_ok=True, abs=1e-5), (place, zone)


def test_the_limit_is_so_many_spreads_above_what_is_expected(week: LatencyBaselines) -> None:
    judged, normal = run(week, NEXT, office_days(1 / 24, seed=2))[-1], week.normal
    above = judged.expected + NORMAL * normal.spread
    assert judged.limit == pytest.approx(np.maximum(above, normal.habit))
    assert exp(judged.expected[0]) == pytest.approx(100, rel=0.05)
    assert 0.05 < normal.spread[0] < 0.15


def test_figures_beyond_all_measure_leave_a_limit_that_can_be_told() -> None:
    baselines = LatencyBaselines(["UTC"] * 3, [4.0] * 3)
    for bucket in range(36):
        judged = baselines.observe(MONDAY + bucket, np.array([1e308, np.inf, -5.0]))
    assert np.isfinite(np.exp(judged.limit)).all()
