"""Slices held against thresholds: exact from roll-ups, whenever the threshold was declared and whatever came late."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

import pytest
from duckdb import DuckDBPyConnection
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from config.model import Integration, Objective
from metrics.judgement import MEASURES, is_good
from metrics.model import SliceCount, Window
from metrics.store.database import Store
from metrics.store.limits import Limit, limit_of, limits_of
from metrics.store.rollup.declared import declared, next_uncounted
from metrics.store.rollup.marks import note_forgotten
from metrics.store.rollup.roller import roll
from metrics.store.rows import NumberedRun, insert
from metrics.store.schedule import settle
from metrics.store.slices import Question, SliceMemo, all_slice_counts, slice_counts
from probes.model import Failure, FailureKind, Outcome, Run, StepResult, Timings

NOW = datetime(2026, 10, 27, 12, 2, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
BERLIN = ZoneInfo("Europe/Berlin")
LONG_DAY = Window(datetime(2026, 10, 25, tzinfo=BERLIN), datetime(2026, 10, 26, tzinfo=BERLIN))
WINDOWS = (
    Window(NOW - timedelta(days=4), NOW + MINUTE),
    LONG_DAY,
    Window(NOW - timedelta(days=2, minutes=11), NOW - timedelta(minutes=7)),
    Window(NOW - timedelta(hours=2, minutes=7), NOW),
    Window(NOW - timedelta(minutes=5), NOW),
)
LATE_LOOP_MS = 900.0
_NAMES = UUID("00000000-0000-0000-0000-000000000000")


def test_the_day_on_which_clocks_are_set_back_has_25_hours() -> None:
    assert LONG_DAY.end.astimezone(UTC) - LONG_DAY.start.astimezone(UTC) == timedelta(hours=25)


# -- histories, and what they amount to --


@dataclass(frozen=True)
class Made:
    """What one run of a random history is."""

    ago_s: int
    total_ms: float
    integration: str
    region: str
    every_s: float
    fate: tuple[Outcome, FailureKind | None]
    attempt: int
    loop_lag_ms: float

    @property
    def at(self) -> datetime:
        return NOW - timedelta(seconds=self.ago_s)

    @property
    def slice(self) -> tuple[Any, ...]:
        seconds = int(self.at.timestamp())
        return self.integration, self.region, self.every_s, seconds // int(self.every_s) * int(self.every_s)

    def run(self) -> Run:
        outcome, kind = self.fate
        failure = Failure(kind, "x") if kind else None
        step = StepResult(
            "find", 0, 1, False, self.at, outcome, Timings(ttfb_ms=self.total_ms / 2, total_ms=self.total_ms),
            failure=failure,
        )  # fmt: skip
        return Run(
            uuid5(_NAMES, repr(self)), self.region, self.integration, "flow", self.at, self.at, self.total_ms, outcome,
            "v", steps=(step,), attempt=self.attempt, every_s=self.every_s, failure=failure,
            loop_lag_ms=self.loop_lag_ms,
            values={"sync_lag_ms": self.total_ms * 2} if outcome is Outcome.PASSED else {},
        )  # fmt: skip


FATES = [
    (Outcome.PASSED, None), (Outcome.PASSED, None), (Outcome.PASSED, None), (Outcome.UNSTABLE, None),
    (Outcome.FAILED, FailureKind.STATUS_5XX), (Outcome.FAILED, FailureKind.TIMEOUT), (Outcome.TAINTED, None),
    (Outcome.THROTTLED, FailureKind.THROTTLED),
]  # fmt: skip
# Many samples lie right at the thresholds that are asked about, or a hair beside them.
TOTALS = [99.5, 100.0, 100.001, 149.0, 199.999, 200.0, 200.5, 202.0, 300.0, 1_000.0]
RUN = st.builds(
    Made,
    ago_s=st.integers(0, 4 * 86_400),
    total_ms=st.sampled_from(TOTALS),
    integration=st.sampled_from(["a", "a", "b"]),
    region=st.sampled_from(["eu", "us"]),
    every_s=st.sampled_from([60.0, 60.0, 15.0, 3600.0]),
    fate=st.sampled_from(FATES),
    attempt=st.integers(1, 3),
    loop_lag_ms=st.sampled_from([0.0, 0.0, 0.0, LATE_LOOP_MS]),
)


def promise(sli: str, threshold: str | None = None, **more: Any) -> Objective:
    return Objective.model_validate({"sli": sli, "target": "95%", "threshold": threshold} | more)


PROMISES = (
    promise("latency", "100ms"), promise("latency", "200ms"), promise("latency", "200ms", throttled_is_bad=True),
    promise("ttfb", "100ms"), promise("sync_lag", "200ms"), promise("availability"), promise("server_errors"),
)  # fmt: skip
LIMITED = PROMISES[:5]


def integration(name: str, objectives: Sequence[Objective] = ()) -> Integration:
    flow = {
        "name": "flow",
        "every": "60s",
        "regions": ["eu", "us"],
        "steps": [{"name": "find", "request": {"path": "/"}}],
    }
    declared = {"integration": name, "base_url": "https://api.example.com", "workflows": [flow]}
    return Integration.model_validate(declared).model_copy(update={"objectives": tuple(objectives)})


DECLARED = {name: integration(name) for name in "ab"}
ASKED = [Question(DECLARED[name], one, WINDOWS) for name in "ab" for one in PROMISES]


def counted(asked: Question, window: Window, runs: Sequence[Made]) -> tuple[int, int, int, int]:
    """Good, bad, and their milliseconds, run by run."""
    mine = [made for made in runs if made.integration == asked.integration.name]
    decided: dict[Any, Made] = {}
    for made in sorted(mine, key=lambda made: (made.at, made.attempt, str(made.run().run_id))):
        if made.fate[0] is not Outcome.TAINTED:
            decided[made.slice] = made
    good = bad = good_ms = bad_ms = 0
    for made in decided.values():
        if not window.start.timestamp() <= made.slice[-1] < window.end.timestamp():
            continue
        verdict = judged(asked.objective, made)
        good, good_ms = good + (verdict is True), good_ms + (verdict is True) * round(made.every_s * 1000)
        bad, bad_ms = bad + (verdict is False), bad_ms + (verdict is False) * round(made.every_s * 1000)
    return good, bad, good_ms, bad_ms


def judged(objective: Objective, made: Made) -> bool | None:
    within = None
    if objective.sli in MEASURES and objective.threshold and made.loop_lag_ms != LATE_LOOP_MS:
        factor = {"latency": 1.0, "ttfb": 0.5, "sync_lag": 2.0}[objective.sli]
        within = made.total_ms * factor <= objective.threshold.total_seconds() * 1000
        if objective.sli == "sync_lag" and made.fate[0] is not Outcome.PASSED:
            within = None
    return is_good(objective.sli, *made.fate, within, throttled_is_bad=objective.throttled_is_bad)


def figures(count: SliceCount) -> tuple[int, int, int, int]:
    return count.good, count.bad, count.good_ms, count.bad_ms


@pytest.fixture(scope="module")
def pair() -> Iterator[tuple[Store, Store]]:
    """Two stores for the same random history: one that is rolled up and one that never is."""
    stores = Store.open(None, read_timeout=MINUTE), Store.open(None, read_timeout=MINUTE)
    yield stores
    for store in stores:
        store.close()


def empty(con: DuckDBPyConnection) -> None:
    used = con.execute("SELECT table_name FROM duckdb_tables() WHERE NOT internal AND estimated_size > 0").fetchall()
    for (table,) in used:
        if table not in ("schema_migrations", "sealing_state"):
            con.execute(f"DELETE FROM {table}")  # noqa: S608 - a name out of the catalogue


def keep(stores: Sequence[Store], runs: Sequence[Made], numbers: Iterator[int]) -> None:
    rows = [NumberedRun("p", next(numbers), NOW, made.run()) for made in runs]

    def work(con: DuckDBPyConnection) -> None:
        insert(con, rows)
        settle(con, rows)

    for store in stores:
        store.write(work).result(timeout=30)


def ask(store: Store, memo: SliceMemo | None = None) -> list[tuple[SliceCount, ...]]:
    return store.read(lambda con: all_slice_counts(con, ASKED, memo))


STEP = st.tuples(
    st.lists(RUN, min_size=1, max_size=30),
    st.sets(st.sampled_from(LIMITED), max_size=4),  # what the configuration declares from then on
    st.integers(0, 40),  # how far the roller comes
)


@pytest.mark.slow
@settings(deadline=None, max_examples=6, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(st.lists(STEP, min_size=1, max_size=4))
def test_counts_are_those_of_every_run_whatever_is_declared_late_or_remembered(
    pair: tuple[Store, Store], history: list[tuple[list[Made], set[Objective], int]]
) -> None:
    for store in pair:
        store.write(empty).result()
    rolled, plain = pair
    memo, numbers, known = SliceMemo(), iter(range(1, 10**6)), list[Made]()
    for place, (runs, objectives, pieces) in enumerate(history):
        fresh = [made for made in dict.fromkeys(runs) if made not in known]
        known += fresh
        keep(pair, fresh, numbers)
        limits = limits_of(integration(name, tuple(objectives)) for name in "ab")
        roll(rolled, NOW - timedelta(hours=7 * (len(history) - place - 1)), limits=limits, most_pieces=pieces)
        wanted = ask(plain)
        assert ask(rolled) == wanted
        assert ask(rolled, memo) == wanted
    for asked, counts in zip(ASKED, wanted, strict=True):
        for window, count in zip(asked.windows, counts, strict=True):
            assert figures(count) == counted(asked, window, known)
            assert count.exact


# -- the life of a limit --


@pytest.fixture
def filled(store: Store) -> tuple[Store, list[Made]]:
    """Three days of a run every ten minutes, in two integrations."""
    known = [
        Made(60 + 600 * i, TOTALS[(i + n) % len(TOTALS)], name, "eu", 60.0, FATES[0], 1, 0.0)
        for i in range(3 * 144)
        for n, name in enumerate("ab")
    ]
    keep([store], known, iter(range(1, 10**6)))
    return store, known


def limits(*objectives: Objective, names: str = "ab") -> frozenset[Limit]:
    return limits_of(integration(name, objectives) for name in names)


def known_limits(store: Store) -> dict[Limit, int]:
    return {limit: one.counted_from for limit, one in store.read(declared).items()}


def all_agree(store: Store, known: Sequence[Made], *objectives: Objective) -> None:
    for name in "ab":
        for objective in objectives:
            counts = store.read(lambda con, n=name, o=objective: slice_counts(con, DECLARED[n], o, WINDOWS))
            for window, count in zip(WINDOWS, counts, strict=True):
                assert figures(count) == counted(Question(DECLARED[name], objective, WINDOWS), window, known)
                assert count.exact


def rows_of(store: Store, tier: str) -> int:
    return int(store.read(lambda con: con.execute(f"SELECT count(*) FROM limit_rollups_{tier}").fetchall())[0][0])  # noqa: S608


def test_a_limit_that_is_declared_before_anything_is_rolled_up_is_in_every_bucket(
    filled: tuple[Store, list[Made]],
) -> None:
    store, known = filled
    roll(store, NOW, limits=limits(LIMITED[0]))
    assert set(known_limits(store).values()) == {0}
    assert store.read(next_uncounted) is None
    assert min(rows_of(store, tier) for tier in ("5m", "1h", "1d")) > 0
    all_agree(store, known, *LIMITED[:2])


def test_a_limit_that_is_declared_later_is_counted_bit_by_bit_and_right_all_along(
    filled: tuple[Store, list[Made]],
) -> None:
    store, known = filled
    roll(store, NOW, limits=limits(LIMITED[0]))
    new = limits(LIMITED[0], LIMITED[1])
    done = []
    while roll(store, NOW, limits=new, most_pieces=1):
        done.append(known_limits(store)[min(new - limits(LIMITED[0]))])
        all_agree(store, known, *LIMITED[:2])
    assert done == sorted(done, reverse=True)
    assert len(set(done)) >= 3
    assert store.read(next_uncounted) is None


def test_a_limit_that_is_withdrawn_leaves_nothing_behind(filled: tuple[Store, list[Made]]) -> None:
    store, known = filled
    roll(store, NOW, limits=limits(*LIMITED[:2]))
    roll(store, NOW, limits=())
    assert [rows_of(store, tier) for tier in ("5m", "1h", "1d")] == [0, 0, 0]
    all_agree(store, known, *LIMITED[:2])


def test_a_late_run_corrects_what_was_counted(filled: tuple[Store, list[Made]]) -> None:
    store, known = filled
    memo = SliceMemo()
    roll(store, NOW, limits=limits(LIMITED[0]))
    before = ask(store, memo)
    late = Made(2 * 86_400 + 300, 5_000.0, "a", "eu", 60.0, FATES[0], 1, 0.0)
    keep([store], [late], iter(range(10**6, 10**7)))
    for _ in range(2):
        assert ask(store, memo) == ask(store) != before
        all_agree(store, [*known, late], LIMITED[0])
        roll(store, NOW, limits=limits(LIMITED[0]))


def forget_raw(con: DuckDBPyConnection, before: datetime) -> None:
    con.execute("DELETE FROM hot_runs WHERE started_at < ?", [before])
    con.execute("DELETE FROM hot_steps WHERE started_at < ?", [before])
    note_forgotten(con, {"raw": before})


@pytest.fixture
def worn(filled: tuple[Store, list[Made]]) -> tuple[Store, list[Made]]:
    """The same, rolled up with a limit of 100 ms, and nothing left of its raw rows but the last day."""
    store, known = filled
    roll(store, NOW, limits=limits(LIMITED[0]))
    store.write(partial(forget_raw, before=NOW - timedelta(days=1))).result()
    return store, known


def test_windows_longer_than_raw_rows_are_kept_are_counted_exactly(worn: tuple[Store, list[Made]]) -> None:
    store, known = worn
    long = Window(NOW - timedelta(days=4), NOW)
    for objective in (LIMITED[0], PROMISES[5], PROMISES[6]):
        (count,) = store.read(lambda con, o=objective: slice_counts(con, DECLARED["a"], o, [long]))
        assert figures(count) == counted(Question(DECLARED["a"], objective, (long,)), long, known)
        assert count.exact
        assert count.expected == 431 * 10 + 2


def test_a_limit_that_comes_when_raw_rows_are_gone_is_right_to_one_percent_and_says_so(
    worn: tuple[Store, list[Made]],
) -> None:
    store, known = worn
    long, recent = Window(NOW - timedelta(days=4), NOW), Window(NOW - timedelta(hours=20), NOW)
    new = promise("latency", "200ms")
    for _ in range(2):
        about, exact = store.read(lambda con: slice_counts(con, DECLARED["a"], new, [long, recent]))
        low, high = (
            counted(Question(DECLARED["a"], promise("latency", limit), (long,)), long, known)[0]
            for limit in ("197ms", "203ms")
        )
        assert low <= about.good <= high
        assert about.good + about.bad == len(known) // 2
        assert (about.exact, exact.exact) == (False, True)
        assert figures(exact) == counted(Question(DECLARED["a"], new, (recent,)), recent, known)
        roll(store, NOW, limits=limits(LIMITED[0], new))
    assert store.read(next_uncounted) is None
    assert min(known_limits(store).values()) == 0 < max(known_limits(store).values())


def test_a_memo_for_one_set_of_objectives_answers_for_another(filled: tuple[Store, list[Made]]) -> None:
    store, _ = filled
    roll(store, NOW, limits=limits(*LIMITED))
    memo = SliceMemo()
    for asked in (
        ASKED[:3],
        ASKED[2:9],
        ASKED[:3],
        [Question(one.integration, one.objective, WINDOWS[:2]) for one in ASKED],
    ):
        fresh = store.read(lambda con, a=asked: all_slice_counts(con, a))
        assert store.read(lambda con, a=asked: all_slice_counts(con, a, memo)) == fresh


def test_a_small_memo_is_only_slower(filled: tuple[Store, list[Made]]) -> None:
    store, _ = filled
    roll(store, NOW, limits=limits(*LIMITED))
    memo = SliceMemo(most_rows=10)
    assert [ask(store, memo) for _ in range(2)] == [ask(store)] * 2


def test_the_limit_of_an_objective_is_what_its_sli_measures() -> None:
    assert limit_of("a", LIMITED[0]) == Limit("a", "slowest_total_ms", 100.0)
    assert limit_of("a", PROMISES[5]) is None
