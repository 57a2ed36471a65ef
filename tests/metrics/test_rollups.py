"""Roll-ups never change an answer: what they say is what the raw rows say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from duckdb import DuckDBPyConnection
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from config.model import Integration, Objective
from metrics.model import IntegrationSummary, Latency, SliceCount, Window
from metrics.series import ErrorSeries, LatencySeries
from metrics.store.database import Store
from metrics.store.errors import error_series, rates
from metrics.store.latency import latency, latency_series
from metrics.store.memo import Memo
from metrics.store.overview import integration_summaries
from metrics.store.rollup.layout import HISTOGRAM_COLUMNS, INTEGRATION_LEVEL, STEP_LEVEL, stored, tables
from metrics.store.rollup.roller import SETTLED_AFTER, pieces, put_piece, roll
from metrics.store.rollup.tiers import DAY, FIVE_MINUTES, HOUR, TIERS, Tier
from metrics.store.rows import NumberedRun, insert
from metrics.store.schedule import settle
from metrics.store.slices import Question, all_slice_counts, slice_counts
from probes.model import Failure, FailureKind, Outcome, Run, StepResult, Timings

Put = Callable[[Sequence[Run]], None]
Make = Callable[..., Run]
NOW = datetime(2026, 11, 20, 12, 2, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
WINDOWS = (
    Window(NOW - timedelta(hours=2, minutes=7), NOW - timedelta(minutes=1)),
    Window(NOW - timedelta(days=2, minutes=11), NOW),
    Window(NOW - timedelta(days=4), NOW + timedelta(minutes=3)),
)
CLOSE = 0.01 + 1e-6


def rows_of(store: Store, table: str) -> list[Any]:
    return store.read(lambda con: con.execute(f"SELECT * FROM {table} ORDER BY ALL").fetchall())  # noqa: S608


def everything(store: Store) -> dict[str, list[Any]]:
    return {table: rows_of(store, table) for tier in TIERS for table in tables(tier)}


def count(store: Store, table: str) -> int:
    (found,) = store.read(lambda con: con.execute(f"SELECT count(*) FROM {table}").fetchall())  # noqa: S608
    return int(found[0])


# -- agreement --


@dataclass(frozen=True)
class Made:
    """What one run of a random history is."""

    ago_s: int
    total_ms: float
    integration: str
    workflow: str
    region: str
    every_s: float
    fate: tuple[Outcome, FailureKind | None]
    attempt: int
    loop_lag_ms: float

    def run(self) -> Run:
        at = NOW - timedelta(seconds=self.ago_s)
        outcome, kind = self.fate
        failure = Failure(kind, "x") if kind else None
        timings = Timings(
            dns_ms=1.0, connect_ms=None if self.ago_s % 2 else 2.0, wait_ms=self.total_ms / 2,
            ttfb_ms=self.total_ms * 0.75, total_ms=self.total_ms,
        )  # fmt: skip
        steps = (
            StepResult("find", 0, 1, False, at, outcome, timings, failure=failure, status=500 if failure else 200),
            StepResult("tidy", 1, 1, True, at + timedelta(seconds=2), Outcome.PASSED, timings, status=204),
        )
        return Run(
            uuid4(), self.region, self.integration, self.workflow, at, at, self.total_ms, outcome, "v", steps=steps,
            attempt=self.attempt, every_s=self.every_s, failure=failure, loop_lag_ms=self.loop_lag_ms,
            failed_step="find" if kind else None,
        )  # fmt: skip


FATES = [
    (Outcome.PASSED, None), (Outcome.PASSED, None), (Outcome.PASSED, None), (Outcome.UNSTABLE, None),
    (Outcome.FAILED, FailureKind.STATUS_5XX), (Outcome.FAILED, FailureKind.TIMEOUT), (Outcome.TAINTED, None),
    (Outcome.THROTTLED, FailureKind.THROTTLED), (Outcome.FAILED, FailureKind.SCHEMA),
    (Outcome.FAILED, FailureKind.INTERNAL),
]  # fmt: skip
RUN = st.builds(
    Made,
    ago_s=st.integers(0, 4 * 86_400),
    total_ms=st.integers(100, 9_000_000).map(lambda us: us / 1000),
    integration=st.sampled_from(["a", "a", "b"]),
    workflow=st.sampled_from(["w", "v"]),
    region=st.sampled_from(["eu", "us"]),
    every_s=st.sampled_from([60.0, 15.0, 300.0, 3600.0]),
    fate=st.sampled_from(FATES),
    attempt=st.integers(1, 3),
    loop_lag_ms=st.sampled_from([0.0, 0.0, 0.0, 900.0]),
)
HISTORY = st.lists(st.lists(RUN, min_size=1, max_size=40), min_size=1, max_size=4)


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


def put_rows(con: DuckDBPyConnection, rows: Sequence[NumberedRun]) -> None:
    insert(con, rows)
    settle(con, rows)


def integration(name: str) -> Integration:
    step = {"name": "find", "request": {"path": "/"}}
    flows = [{"name": flow, "every": "60s", "regions": ["eu", "us"], "steps": [step]} for flow in ("w", "v")]
    declared = {"integration": name, "base_url": "https://api.example.com", "workflows": flows}
    return Integration.model_validate(declared)


DECLARED = integration("a")
PROMISES = [
    Objective.model_validate({"sli": "availability", "target": "99%"}),
    Objective.model_validate({"sli": "latency", "target": "95%", "threshold": "4000ms"}),
    Objective.model_validate({"sli": "server_errors", "target": "99%", "throttled_is_bad": True}),
    Objective.model_validate({"sli": "correctness", "target": "99%"}),
]
SCOPES: tuple[tuple[int, dict[str, Any]], ...] = (
    (0, {}), (1, {}), (2, {}), (0, {"region": "eu"}), (1, {"step": "find"}), (2, {"workflow": "w", "region": "us"})
)  # fmt: skip


def answers(store: Store, memo: Memo | None = None) -> dict[str, Any]:
    """The overview, and what can be asked about integration `a` that may be answered from memory."""

    def ask(con: DuckDBPyConnection) -> dict[str, Any]:
        found: dict[str, Any] = {"overview": integration_summaries(con, ["a", "b"], NOW, memo)}
        for place, narrow in SCOPES:
            where, window = f"{place} {narrow}", WINDOWS[place]
            found[f"latency {where}"] = latency(con, "a", window, memo=memo, **narrow)
            found[f"rates {where}"] = rates(con, "a", window, memo=memo, **narrow)
            found[f"series {where}"] = latency_series(con, "a", window, bucket=timedelta(hours=2), memo=memo, **narrow)
            found[f"errors {where}"] = error_series(con, "a", window, bucket=timedelta(days=1), memo=memo, **narrow)
        found["fine"] = latency_series(con, "a", WINDOWS[1], bucket=5 * MINUTE, memo=memo)
        return found

    return store.read(ask)


def slices(store: Store) -> list[tuple[SliceCount, ...]]:
    """What counts for the promises of integration `a`."""
    questions = [Question(DECLARED, promise, WINDOWS) for promise in PROMISES]
    return store.read(lambda con: all_slice_counts(con, questions))


def remembers_nothing_else(store: Store, times: int = 1) -> dict[str, Any]:
    """The answers, which are the same without what the store remembers and with it, so many times in a row."""
    plain = answers(store)
    for _ in range(times):
        alike(answers(store, store.memo), plain)
    return plain


def remembers_no_other_overview(store: Store) -> None:
    """The overview of `hubspot` is the same with what the store remembers and without, twice in a row."""
    fresh = store.read(lambda con: integration_summaries(con, ["hubspot"], NOW))
    for _ in range(2):
        assert store.read(lambda con: integration_summaries(con, ["hubspot"], NOW, store.memo)) == fresh


def alike(found: dict[str, Any], wanted: dict[str, Any]) -> None:
    """To the last digit."""
    for question, answer in wanted.items():
        if isinstance(answer, LatencySeries | ErrorSeries):
            for field in fields(answer):
                np.testing.assert_array_equal(
                    getattr(found[question], field.name), getattr(answer, field.name), question
                )
        else:
            assert found[question] == answer, question


def agree(rolled: dict[str, Any], raw: dict[str, Any]) -> None:
    """Counts are the same, percentiles within 1 %, and what claims to be exact is."""
    for question, wanted in raw.items():
        same(question, rolled[question], wanted)


def same(question: str, rolled: Any, raw: Any) -> None:
    if isinstance(raw, Latency):
        assert (rolled.n, rolled.max) == (raw.n, raw.max), question
        figures = [(rolled.p50, raw.p50), (rolled.p95, raw.p95), (rolled.p99, raw.p99)]
        close = 0.0 if rolled.exact else CLOSE
        assert all(a == (None if b is None else pytest.approx(b, rel=close, abs=0)) for a, b in figures), question
    elif isinstance(raw, LatencySeries):
        assert rolled.n.tolist() == raw.n.tolist(), question
        within = 0 if rolled.exact else CLOSE
        for name in ("p50", "p95", "p99", "ttfb_p95"):
            np.testing.assert_allclose(getattr(rolled, name), getattr(raw, name), within, err_msg=f"{question} {name}")
    elif isinstance(raw, ErrorSeries):
        for name in ("requests", "client_errors", "server_errors", "throttled", "network", "correctness"):
            np.testing.assert_array_equal(getattr(rolled, name), getattr(raw, name), f"{question} {name}")
    elif isinstance(raw, tuple) and raw and isinstance(raw[0], IntegrationSummary):
        for one, other in zip(rolled, raw, strict=True):
            same_summary(one, other)
    else:
        assert rolled == raw, question


def same_summary(rolled: IntegrationSummary, raw: IntegrationSummary) -> None:
    for name in ("latency_24h", "latency_1h"):
        same(name, getattr(rolled, name), getattr(raw, name))
    near = pytest.approx(raw.normal_p95_ms, rel=CLOSE) if raw.normal_p95_ms is not None else None
    assert rolled.normal_p95_ms == near
    sparkline = zip(rolled.sparkline_p95, raw.sparkline_p95, strict=True)
    assert all(a == b if b is None else a == pytest.approx(b, rel=CLOSE) for a, b in sparkline)
    rest = ("last_run_at", "last_outcome", "runs_24h", "normal_days", "rates_24h", "availability_30d")
    assert [getattr(rolled, name) for name in rest] == [getattr(raw, name) for name in rest]


@pytest.mark.slow
@settings(deadline=None, max_examples=5, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(HISTORY)
def test_rolled_and_raw_answers_agree_on_any_history(pair: tuple[Store, Store], history: list[list[Made]]) -> None:
    rolled, plain = pair
    for store in pair:
        store.write(empty).result()
    number = iter(range(1, 10**6))
    for place, batch in enumerate(history):
        # What the batches before it left is rolled up by now: what this one brings is late.
        roll(rolled, NOW - timedelta(hours=5 * (len(history) - place)))
        rows = [NumberedRun("p", next(number), NOW, made.run()) for made in batch]
        for store in pair:
            store.write(partial(put_rows, rows=rows)).result()
        remembered = remembers_nothing_else(rolled)
    wanted, counted = answers(plain), slices(plain)
    agree(remembered, wanted)
    assert slices(rolled) == counted
    for times, most_pieces in enumerate((2, 10_000), start=1):
        roll(rolled, NOW, most_pieces=most_pieces)
        agree(remembers_nothing_else(rolled, times), wanted)
        assert slices(rolled) == counted
    assert count(plain, INTEGRATION_LEVEL.table(FIVE_MINUTES)) == 0


# -- the roller --


@pytest.fixture
def quiet(store: Store, put: Put, make_run: Make) -> Store:
    """Two days of a run every ten minutes, up to a minute ago."""
    put([make_run(NOW - MINUTE - i * 10 * MINUTE, 100.0 + i) for i in range(2 * 144)])
    return store


def test_every_tier_is_made_of_closed_buckets_only(quiet: Store) -> None:
    roll(quiet, NOW)
    for tier in TIERS:
        newest = max(row[0] for row in rows_of(quiet, STEP_LEVEL.table(tier)))
        assert newest + tier.length + SETTLED_AFTER <= NOW
    left = rows_of(quiet, "dirty_buckets")
    assert {(tier, at) for tier, at, _ in left} >= {("5m", FIVE_MINUTES.start(NOW - MINUTE))}


def test_rolling_again_changes_nothing_and_does_nothing(quiet: Store) -> None:
    roll(quiet, NOW)
    before = everything(quiet)
    assert roll(quiet, NOW) == 0
    assert everything(quiet) == before


def test_a_roller_that_was_killed_between_pieces_goes_on_where_it_was(quiet: Store, store: Store) -> None:
    roll(quiet, NOW, most_pieces=1)
    while roll(quiet, NOW, most_pieces=1):
        pass
    in_steps = everything(quiet)
    marks = "INSERT INTO dirty_buckets SELECT DISTINCT '5m', bucket_at, nextval('dirty_marks') FROM step_rollups_5m"
    quiet.write(lambda con: con.execute(marks)).result()
    roll(quiet, NOW)
    assert everything(quiet) == in_steps


def test_a_piece_that_fails_leaves_its_buckets_dirty_and_as_they_were(quiet: Store) -> None:
    (piece, *_) = quiet.read(lambda con: pieces(con, FIVE_MINUTES, NOW))

    def half(con: DuckDBPyConnection) -> None:
        put_piece(con, piece, piece.counted(con))
        raise RuntimeError("killed")

    before = rows_of(quiet, "dirty_buckets")
    with pytest.raises(RuntimeError, match="killed"):
        quiet.write(half).result()
    assert rows_of(quiet, "dirty_buckets") == before
    assert count(quiet, "step_rollups_5m") == 0


def test_a_row_that_comes_while_its_bucket_is_rolled_up_in_pieces_makes_it_dirty_again(
    quiet: Store, put: Put, make_run: Make
) -> None:
    (piece, *_) = quiet.read(lambda con: pieces(con, FIVE_MINUTES, NOW))
    put([make_run(piece.start)])
    quiet.write(lambda con: put_piece(con, piece, piece.counted(con))).result()
    assert piece.start in {at for _, at, _ in rows_of(quiet, "dirty_buckets")}


def test_a_late_run_corrects_every_tier(quiet: Store, put: Put, make_run: Make) -> None:
    roll(quiet, NOW)
    late = NOW - timedelta(days=1, hours=13)
    put([make_run(late, 5_000.0)])
    window = Window(DAY.start(late), DAY.start(late) + timedelta(days=1))
    assert quiet.read(lambda con: latency(con, "hubspot", window)).max == 5_000.0
    roll(quiet, NOW)
    for tier in TIERS:
        (found,) = quiet.read(partial(largest, tier=tier, at=late))
        assert found == (5_000.0,)


def largest(con: DuckDBPyConnection, tier: Tier, at: datetime) -> list[Any]:
    most, table = stored("total_max"), STEP_LEVEL.table(tier)
    sql = f"SELECT {most} FROM {table} WHERE bucket_at = ?"  # noqa: S608 - names of ours
    return con.execute(sql, [tier.start(at)]).fetchall()


def test_a_late_run_changes_what_is_remembered_of_its_bucket(quiet: Store, put: Put, make_run: Make) -> None:
    def worst() -> float | None:
        (summary,) = quiet.read(lambda con: integration_summaries(con, ["hubspot"], NOW, quiet.memo))
        return summary.latency_24h.max

    roll(quiet, NOW)
    assert worst() == worst()
    for place, late in enumerate((timedelta(hours=13), timedelta(hours=3), timedelta(minutes=40))):
        put([make_run(NOW - late, 9_000.0 + place)])
        assert worst() == 9_000.0 + place
        remembers_no_other_overview(quiet)
        roll(quiet, NOW)
        assert worst() == 9_000.0 + place
        remembers_no_other_overview(quiet)


def test_what_is_remembered_of_five_minutes_long_ago_changes_with_them_too(
    store: Store, put: Put, make_run: Make
) -> None:
    """While their hour is still to be made anew, five minutes answer for it, however old they are."""
    put([make_run(NOW - MINUTE - i * 10 * MINUTE, 100.0) for i in range(6 * 144)])
    roll(store, NOW)
    for day in (2, 4):
        for late in range(2):
            put([make_run(NOW - timedelta(days=day, minutes=2 * late), 9_000.0 + late)])
            roll(store, NOW, tiers=(FIVE_MINUTES,))
            remembers_no_other_overview(store)


def test_a_memo_that_is_full_forgets_what_was_not_used_for_longest() -> None:
    memo = Memo(most_bytes=10)
    for key in "abc":
        memo.keep(key, key, 4)
        memo.get("a")
    assert [memo.get(key) for key in "abc"] == ["a", None, "c"]


def test_a_re_election_corrects_the_slices(quiet: Store, put: Put, make_run: Make) -> None:
    at = NOW - timedelta(hours=5)
    put([make_run(at, kind=FailureKind.TIMEOUT)])
    roll(quiet, NOW)
    promise = PROMISES[0]
    window = Window(HOUR.start(at), HOUR.start(at) + timedelta(hours=1))
    put([make_run(at, attempt=2)])
    for _ in range(2):
        (counted,) = quiet.read(lambda con: slice_counts(con, hubspot(), promise, [window]))
        assert counted.bad == 0
        roll(quiet, NOW)


def hubspot() -> Integration:
    flow = {"name": "contacts", "every": "60s", "steps": [{"name": "read", "request": {"path": "/"}}]}
    declared = {"integration": "hubspot", "base_url": "https://api.example.com", "workflows": [flow]}
    return Integration.model_validate(declared)


def test_a_failed_kind_without_a_column_would_be_lost(store: Store) -> None:
    columns = {
        name
        for (name,) in store.read(
            lambda con: con.execute(
                "SELECT column_name FROM duckdb_columns() WHERE table_name = 'step_rollups_1h'"
            ).fetchall()
        )
    }
    assert columns == {"bucket_at", *STEP_LEVEL.keys, *STEP_LEVEL.columns[HOUR], *HISTOGRAM_COLUMNS}
    assert {f"kind_{kind}" for kind in FailureKind} - columns == {"kind_dependency"}
