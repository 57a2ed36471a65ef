"""Buckets are made only as far back as their tier is kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from config.model import Retention
from metrics.model import Window
from metrics.store.database import Store
from metrics.store.latency import latency
from metrics.store.retention import forget_old
from metrics.store.rollup.layout import STEP_LEVEL, stored, tables
from metrics.store.rollup.roller import SETTLED_AFTER, roll
from metrics.store.rollup.tiers import FIVE_MINUTES, HOUR, TIERS, Tier, ages
from probes.model import Run

Put = Callable[[Sequence[Run]], None]
Make = Callable[..., Run]
NOW = datetime(2026, 11, 20, 12, 2, 30, tzinfo=UTC)
KEPT = Retention(rollup_5m=timedelta(hours=30), rollup_1h=timedelta(days=2), rollup_1d=timedelta(days=3))


def asked(store: Store, sql: str, *bound: Any) -> list[Any]:
    return store.read(lambda con: con.execute(sql, list(bound)).fetchall())


def largest(store: Store, tier: Tier, at: datetime) -> Any:
    table = STEP_LEVEL.table(tier)
    sql = f"SELECT max({stored('total_max')}) FROM {table} WHERE bucket_at = ?"  # noqa: S608 - names of ours
    ((found,),) = asked(store, sql, tier.start(at))
    return found


def test_no_bucket_is_made_that_its_tier_no_longer_keeps(store: Store, put: Put, make_run: Make) -> None:
    moments = [NOW - timedelta(hours=3 * back, minutes=1) for back in range(1, 40)]
    put([make_run(at) for at in moments])
    roll(store, NOW, retention=KEPT)
    for tier, age in ages(KEPT).items():
        due = {tier.start(at) for at in moments}
        made = {at for at in due if NOW - age <= at <= NOW - tier.length - SETTLED_AFTER}
        for table in tables(tier)[:3]:
            assert {at for (at,) in asked(store, f"SELECT bucket_at FROM {table}")} == made  # noqa: S608 - ours
    assert {tier for (tier,) in asked(store, "SELECT tier FROM dirty_buckets")} <= {"1h", "1d"}


@pytest.mark.parametrize("forgetting", [False, True])
def test_what_is_left_out_is_answered_as_before(store: Store, put: Put, make_run: Make, forgetting: bool) -> None:
    put([make_run(NOW - timedelta(minutes=50 * back, seconds=7), 100.0 + back) for back in range(100)])
    lengths = [(2, 0), (40, 20), (41, 29), (80, 49), (90, 0)]
    windows = [Window(NOW - timedelta(hours=far), NOW - timedelta(hours=near)) for far, near in lengths]
    before = [store.read(partial(latency, integration="hubspot", window=window)) for window in windows]
    roll(store, NOW, retention=KEPT)
    if forgetting:
        store.write(partial(forget_old, now=NOW, retention=KEPT)).result()
    for window, was in zip(windows, before, strict=True):
        found = store.read(partial(latency, integration="hubspot", window=window))
        assert (found.n, found.max) == (was.n, was.max)
        assert found.p50 == pytest.approx(was.p50, rel=0.01)


def test_a_late_run_beyond_what_is_kept_of_five_minutes_corrects_the_hour(
    store: Store, put: Put, make_run: Make
) -> None:
    late = NOW - timedelta(hours=31)
    put([make_run(late)])
    roll(store, late + timedelta(hours=2), retention=KEPT)
    assert [largest(store, tier, late) for tier in TIERS[:2]] == [100.0, 100.0]
    put([make_run(late, 5_000.0)])
    roll(store, NOW, retention=KEPT)
    assert [largest(store, tier, late) for tier in TIERS[:2]] == [100.0, 5_000.0]
    start = FIVE_MINUTES.start(late)
    narrow = Window(start, start + timedelta(minutes=5))
    assert store.read(partial(latency, integration="hubspot", window=narrow)).max == 5_000.0


def test_what_was_left_out_stays_out_when_the_age_is_raised(store: Store, put: Put, make_run: Make) -> None:
    late = NOW - timedelta(hours=31)
    put([make_run(late)])
    roll(store, NOW, retention=KEPT)
    put([make_run(late, 5_000.0)])
    roll(store, NOW, retention=KEPT.model_copy(update={"rollup_5m": timedelta(days=2)}))
    assert largest(store, FIVE_MINUTES, late) is None
    assert largest(store, HOUR, late) == 5_000.0
