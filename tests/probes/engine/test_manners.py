"""The probes leave the business its share of every quota, and say so when they stop themselves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from probe_world import answer, integration, run_once

from config.model import Integration
from probes.concurrency import Account
from probes.manners import Manners, with_declared_limits
from probes.model import Outcome, QuotaReading
from probes.runner import USAGE_STEP

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
ACCOUNT = Account("shop", "key")


def declared(**quota: Any) -> Integration:
    return Integration.model_validate(
        {
            "integration": "shop",
            "base_url": "https://api.example.com",
            "quota": quota,
            "workflows": [{"name": "w", "steps": [{"name": "get", "request": {}}]}],
        }
    )


def reading(remaining: float | None, *, limit: float | None = 1000.0, **more: Any) -> QuotaReading:
    fields: dict[str, Any] = {"bucket": "daily", "unit": "requests", "window_s": 86400.0, "source": "header"}
    return QuotaReading("shop", "key", observed_at=NOON, limit=limit, remaining=remaining, **(fields | more))


def reason(
    quota: dict[str, Any], *readings: QuotaReading, calls: int = 1, after: timedelta = timedelta()
) -> str | None:
    manners, shop = Manners(), declared(**quota)
    manners.learn(ACCOUNT, readings, calls, NOON)
    return manners.reason_to_skip(shop, ACCOUNT, NOON + after)


def test_below_the_reserve_the_probes_stop_and_say_the_numbers() -> None:
    said = reason({"reserve": "20%"}, reading(120.0))
    assert said == "quota reserve: daily has 12 % left of 1,000 requests, the reserve is 20 %"


@pytest.mark.parametrize(
    ("quota", "seen", "after"),
    [
        ({"reserve": "20%"}, reading(200.0), timedelta()),
        ({}, reading(0.0), timedelta()),
        ({"reserve": "20%"}, reading(None), timedelta()),
        ({"reserve": "20%"}, reading(0.0, window_s=10.0), timedelta()),
        ({"reserve": "20%"}, reading(0.0, window_kind="leaky"), timedelta()),
        ({"reserve": "20%"}, reading(0.0, reset_at=NOON + timedelta(hours=1)), timedelta(hours=1)),
        ({"reserve": "20%"}, reading(0.0), timedelta(minutes=15)),
    ],
    ids=[
        "exactly the reserve is left",
        "no reserve is declared",
        "the vendor does not say what is left",
        "the bucket is full again in seconds",
        "a leaky bucket refills by itself",
        "the bucket was reset since",
        "a level without a reset is asked for again",
    ],
)
def test_a_run_may_be_made_when(quota: dict[str, Any], seen: QuotaReading, after: timedelta) -> None:
    assert reason(quota, seen, after=after) is None


def test_a_reset_far_away_is_asked_about_again_every_hour() -> None:
    spent = reading(0.0, reset_at=NOON + timedelta(days=30))
    assert reason({"reserve": "20%"}, spent, after=timedelta(minutes=59)) is not None
    assert reason({"reserve": "20%"}, spent, after=timedelta(hours=1)) is None


def test_a_spent_probe_budget_stops_the_probes_with_the_numbers() -> None:
    said = reason({"probe_budget": "1% of daily"}, reading(900.0), calls=10)
    assert said == "probe budget: 10 calls made, 1% of daily is 10 of 1,000"


def test_a_probe_budget_counts_a_day_and_no_longer() -> None:
    quota = {"probe_budget": "1% of daily"}
    assert reason(quota, reading(900.0), calls=10, after=timedelta(hours=24)) is not None
    assert reason(quota, reading(900.0), calls=10, after=timedelta(hours=24, seconds=1)) is None


def test_a_probe_budget_of_a_short_window_holds_in_every_one_of_them() -> None:
    manners, shop = Manners(), declared(probe_budget="10% of minute")
    seen = reading(90.0, limit=100.0, bucket="minute", window_s=60.0)
    made = [0] * 11
    for second in range(660):
        now = NOON + timedelta(seconds=second)
        if manners.reason_to_skip(shop, ACCOUNT, now) is None:
            manners.learn(ACCOUNT, [seen], 1, now)
            made[second // 60] += 1
    assert max(made) == 10
    assert min(made) >= 9


def test_a_budget_of_a_bucket_whose_limit_nobody_knows_holds_nothing() -> None:
    assert reason({"probe_budget": "1% of daily"}, calls=10_000) is None


def test_a_declared_limit_stands_in_for_one_that_is_not_reported() -> None:
    assert reason({"probe_budget": "1% of daily", "limits": {"daily": 100}}, calls=1) is not None
    [seen] = with_declared_limits(declared(limits={"daily": 100}), [reading(None, limit=None, used=60.0)])
    assert (seen.limit, seen.used, seen.remaining) == (100.0, 60.0, 40.0)


def test_what_the_vendor_reports_beats_what_is_declared() -> None:
    assert with_declared_limits(declared(limits={"daily": 100}), [reading(900.0)]) == [reading(900.0)]


def test_a_declared_limit_that_the_vendors_own_figure_is_beyond_is_not_believed() -> None:
    [seen] = with_declared_limits(declared(limits={"daily": 100}), [reading(500.0, limit=None)])
    assert (seen.limit, seen.used, seen.remaining) == (None, None, 500.0)


async def test_a_run_beyond_the_reserve_is_skipped_without_a_request(serve: Any, runner: Any) -> None:
    headers = {"X-RateLimit-Limit": "1000", "X-RateLimit-Remaining": "10", "X-RateLimit-Reset": "3600"}
    server = await serve(answer(200, {}, headers))
    shop = integration(server, {"name": "get", "request": {}}, vendor="sendgrid", quota={"reserve": "20%"})
    first, second = await run_once(runner, shop), await run_once(runner, shop)
    assert first.outcome is Outcome.PASSED
    assert second.outcome is Outcome.SKIPPED
    assert second.skip_reason is not None
    assert "reserve" in second.skip_reason
    assert len(server.heard) == 1


async def test_the_usage_endpoint_is_asked_once_per_interval_and_decides_nothing(serve: Any, runner: Any) -> None:
    server = await serve(answer(200, {}), answer(500, {}), answer(200, {}))
    quota = {"usage": {"path": "/usage"}, "usage_every": "1h"}
    shop = integration(server, {"name": "get", "request": {}}, quota=quota)
    first, second = await run_once(runner, shop), await run_once(runner, shop)
    assert [step.name for step in first.steps] == ["get", USAGE_STEP]
    assert [step.name for step in second.steps] == ["get"]
    assert first.outcome is Outcome.PASSED
    assert [heard.target for heard in server.heard] == ["/", "/usage", "/"]
