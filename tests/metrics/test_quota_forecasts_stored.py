"""Forecasts from a real store: who shares a bucket, what is not reported, what our probes make of it, usual days."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from config.model import Config, Integration
from metrics.evaluation import evaluate
from metrics.forecasting import ForecastMemo
from metrics.quota.model import ForecastState, QuotaForecast, ResetSource
from metrics.store.burning import recent_readings
from metrics.store.database import Store
from probes.model import QuotaReading, Run

Put = Callable[[Sequence[Run]], None]
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def read(put: Put, make_run: Callable[..., Run]) -> Callable[..., None]:
    """Stores one run for each (instant, used) of an integration's daily bucket."""

    def work(integration: str, used: Sequence[tuple[datetime, float]], *, limit: float = 50_000, **about: Any) -> None:
        standing = {
            "vendor": "marketo", "credential": f"oauth2:{integration}", "bucket": "daily", "unit": "requests",
            "source": "usage_endpoint", "limit": limit, "window_s": 86400.0, "window_kind": "calendar",
            "timezone": "America/Chicago",
        } | about  # fmt: skip
        simulated = standing.pop("simulated", False)
        put(
            [
                make_run(
                    at,
                    integration=integration,
                    simulated=simulated,
                    quota=(QuotaReading(observed_at=at, used=n, remaining=standing["limit"] - n, **standing),),
                )
                for at, n in used
            ]
        )

    return work


@pytest.fixture
def told(store: Store, make_config: Callable[..., Config], noon: datetime) -> Callable[..., list[QuotaForecast]]:
    """The forecasts at noon."""

    def ask(*integrations: Integration, now: datetime = noon) -> list[QuotaForecast]:
        return list(store.read(lambda con: evaluate(con, make_config(*integrations), now)).forecasts)

    return ask


@pytest.fixture
def marketo(make_integration: Callable[..., Integration]) -> Callable[..., Integration]:
    def build(name: str = "marketo", **more: Any) -> Integration:
        auth = {"kind": "bearer", "token": "${env:TOKEN}"}
        standing = {"integration": name, "vendor": "marketo", "base_url": "https://123.example.com/rest", "auth": auth}
        return make_integration(**(standing | more))

    return build


def hour(now: datetime, per_h: float, used: float, every: int = 5, back: int = 60) -> list[tuple[datetime, float]]:
    return [(now + minute * MINUTE, used + per_h * minute / 60) for minute in range(-back, 1, every)]


def test_two_credentials_of_one_account_draw_on_one_bucket_that_is_counted_once(
    read: Callable[..., None], told: Callable[..., Any], marketo: Callable[..., Integration], noon: datetime
) -> None:
    read("marketo-eu", hour(noon - MINUTE, 6000, 19_900))
    read("marketo-us", hour(noon, 6000, 20_000))
    (one,) = told(marketo("marketo-us"), marketo("marketo-eu", base_url="https://123.example.com/identity"))
    assert one.integrations == ("marketo-eu", "marketo-us")
    assert one.credentials == ("oauth2:marketo-eu", "oauth2:marketo-us")
    assert (one.state, one.firm, one.used) == (ForecastState.RUNS_OUT, True, 20_000)
    assert one.burn.per_h == pytest.approx(6000, rel=0.02)


def test_two_accounts_are_two_buckets(
    read: Callable[..., None], told: Callable[..., Any], marketo: Callable[..., Integration], noon: datetime
) -> None:
    read("marketo-eu", hour(noon, 6000, 20_000))
    read("marketo-us", hour(noon, 60, 2_000))
    found = told(marketo("marketo-us"), marketo("marketo-eu", base_url="https://456.example.com"))
    assert {one.integrations: one.state for one in found} == {
        ("marketo-eu",): ForecastState.RUNS_OUT,
        ("marketo-us",): ForecastState.LASTS_PAST_RESET,
    }


def test_simulated_buckets_of_two_integrations_are_no_shared_one(
    read: Callable[..., None], told: Callable[..., Any], make_integration: Callable[..., Integration], noon: datetime
) -> None:
    for name in ("a", "b"):
        about = {"credential": "simulated", "vendor": "generic", "timezone": "UTC", "simulated": True}
        read(name, hour(noon, 100, 1_000, 15), **about)
    found = told(*(make_integration(integration=name, vendor="generic", base_url=f"https://{name}") for name in "ab"))
    assert [(one.integrations, one.simulated) for one in found] == [(("a",), True), (("b",), True)]


SILENT = {
    "a vendor of which nothing is known": ("generic", [""]),
    "one that never says what is left": ("linkedin", ["daily"]),
    "one whose limits are documented": ("activecampaign", ["second"]),
    "one that is silent about its day": ("hubspot", ["daily"]),
}


@pytest.mark.parametrize(("vendor", "buckets"), SILENT.values(), ids=SILENT)
def test_what_is_not_reported_is_said_to_be_unknown_never_free(
    told: Callable[..., Any], make_integration: Callable[..., Integration], vendor: str, buckets: list[str]
) -> None:
    found = told(make_integration(vendor=vendor))
    assert [(one.bucket, one.state, one.left) for one in found] == [
        (bucket, ForecastState.NOT_REPORTED, None) for bucket in buckets
    ]
    assert found[0].sentence == "not reported: how much is left is unknown, not unlimited"


def test_a_day_that_is_used_but_has_no_known_limit_says_what_to_declare(
    put: Put,
    make_run: Callable[..., Run],
    told: Callable[..., Any],
    marketo: Callable[..., Integration],
    noon: datetime,
) -> None:
    reading = QuotaReading("marketo", "c", "daily", "requests", noon, "usage_endpoint", used=1234.0, window_s=86400.0)
    put([make_run(noon, integration="marketo", quota=(reading,))])
    (one,) = told(marketo())
    assert one.state is ForecastState.NOT_REPORTED
    assert "1,234 requests used, of a limit that is not reported; declare it in quota.limits: {daily" in one.sentence


def test_our_own_share_of_the_burn_stands_beside_it(
    read: Callable[..., None],
    told: Callable[..., Any],
    marketo: Callable[..., Integration],
    noon: datetime,
    store: Store,
) -> None:
    read("marketo", hour(noon, 600, 20_000, 1, 59))
    store.write(lambda con: con.execute("UPDATE hot_steps SET status = 200")).result(timeout=10)
    (one,) = told(marketo(quota={"probe_budget": "1% of daily"}))
    assert (one.probes.per_h, one.probes.share, one.probes.budget) == (60, pytest.approx(0.1), "1% of daily")


def business_days(now: datetime, days: int, today: float = 1.0) -> list[tuple[datetime, float]]:
    """Used from midnight UTC on, mostly at noon; today so many times as much."""
    midnight = now.replace(hour=0)
    found = []
    for quarter in range(-96 * days, int((now - midnight) / HOUR * 4) + 1):
        share = quarter % 96 / 96
        times = today if quarter >= 0 else 1.0
        found.append(
            (midnight + quarter * 15 * MINUTE, times * 30_000 * (share - math.sin(math.tau * share) / math.tau))
        )
    return found


@pytest.mark.parametrize(
    ("days", "today", "state"),
    [
        (0, 1.0, ForecastState.RUNS_OUT),
        (7, 1.0, ForecastState.LASTS_PAST_RESET),
        (7, 1.4, ForecastState.RUNS_OUT),
        (7, 2.0, ForecastState.RUNS_OUT),
    ],
    ids=["unknown days go on", "usual days go home at night", "a busy day is held against them", "a runaway is not"],
)
def test_a_day_like_others_goes_on_like_others(
    read: Callable[..., None], told: Callable[..., Any], marketo: Callable[..., Integration], noon: datetime,
    days: int, today: float, state: ForecastState,
) -> None:  # fmt: skip
    read("marketo", business_days(noon, days, today), limit=40_000.0, timezone="UTC")
    (one,) = told(marketo(quota={"resets": {"daily": {"time_zone": "UTC"}}}))
    assert one.state is state
    assert ("days like this one" in one.sentence) is (days > 0 and today < 1.5)
    assert one.firm is (today == 2.0 or days == 0)


def test_the_zone_of_an_account_is_declared_or_learned(
    read: Callable[..., None], told: Callable[..., Any], marketo: Callable[..., Integration], noon: datetime
) -> None:
    about = {"vendor": "hubspot", "timezone": None, "bucket": "daily"}
    read("hubspot", [(noon + m * MINUTE, 10.0 * ((m + 8 * 60) % 1440)) for m in range(-1200, 1, 10)], **about)
    (learned,) = told(marketo("hubspot", vendor="hubspot"))
    assert (learned.reset.source, noon + 15 * HOUR + 50 * MINUTE) == (ResetSource.SEEN, learned.reset.at)
    declared = {"resets": {"daily": {"at": "05:00", "time_zone": "Europe/Berlin"}}}
    (known,) = told(marketo("hubspot", vendor="hubspot", quota=declared))
    assert (known.reset.source, known.reset.at) == (ResetSource.CONFIGURED, noon + 16 * HOUR)


def test_a_forecast_is_made_once_a_minute_and_anew_for_another_configuration(
    read: Callable[..., None], marketo: Callable[..., Integration], make_config: Callable[..., Config], store: Store,
    noon: datetime,
) -> None:  # fmt: skip
    read("marketo", hour(noon, 6000, 20_000))
    memo, config = ForecastMemo(), make_config(marketo())

    def ask(now: datetime, declared: Config = config) -> tuple[QuotaForecast, ...]:
        return store.read(lambda con: evaluate(con, declared, now, forecasts=memo)).forecasts

    first = ask(noon)
    assert ask(noon + timedelta(seconds=50)) is first
    assert ask(noon + timedelta(seconds=61)) is not first
    assert ask(noon + timedelta(seconds=62), config.model_copy(update={"version": "v2"}))[0].state is first[0].state
    assert memo.made_for == ("v2", noon + timedelta(seconds=62))


def test_many_readings_come_out_as_one_for_every_two_minutes(
    read: Callable[..., None], store: Store, noon: datetime
) -> None:
    read("marketo", [(noon - n * 5 * timedelta(seconds=1), 1000.0 - n) for n in range(720)])
    found = store.read(lambda con: recent_readings(con, noon))[("marketo", "oauth2:marketo", "daily")]
    assert len(found.t) <= 31
    assert found.count.sum() == 720
    assert (found.used[-1], found.t[-1]) == (1000.0, noon.timestamp())


def test_integrations_that_are_no_longer_declared_have_no_forecast(
    read: Callable[..., None], told: Callable[..., Any], marketo: Callable[..., Integration], noon: datetime
) -> None:
    read("gone", hour(noon, 6000, 20_000))
    assert [one.state for one in told(marketo())] == [ForecastState.NOT_REPORTED]
