"""An alert about a quota that runs out: when it begins, how loud it is, when it is over, and that it comes once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from alerts.model import Rule, Tier
from alerts.policy import conditions
from config.model import QuotaPolicy
from metrics.model import Evaluation
from metrics.quota.model import ForecastState, ProbeShare, QuotaForecast, Reset, ResetSource

HOUR = timedelta(hours=1)


@pytest.fixture
def told(world: Any) -> Any:
    """A forecast that HubSpot's day runs out in three hours, six before its reset."""

    def build(**more: Any) -> QuotaForecast:
        standing = QuotaForecast(
            key="hubspot:app:daily", vendor="hubspot", bucket="daily", unit="requests", integrations=("hubspot",),
            credentials=("app",), state=ForecastState.RUNS_OUT, sentence="runs out at 06:00 UTC", limit=1000.0,
            remaining=100.0, left=0.1, window_kind="calendar", window_s=86400.0,
            reset=Reset(world.T0 + 9 * HOUR, ResetSource.PRESET), at=world.T0 + 3 * HOUR,
            earliest=world.T0 + 2 * HOUR, latest=world.T0 + 4 * HOUR, firm=True, observed_at=world.T0,
        )  # fmt: skip
        return replace(standing, **more)

    return build


def seen(world: Any, at: float, *forecasts: QuotaForecast, quota: Any = ()) -> Evaluation:
    return replace(world.seen(at, *quota), forecasts=forecasts)


LOUDNESS = {
    "hours away": ({}, Tier.DEGRADED),
    "within the hour": ({"at": timedelta(minutes=40)}, Tier.URGENT),
    "within the hour, but full again soon after": (
        {"at": timedelta(minutes=40), "reset": timedelta(minutes=60)},
        Tier.DEGRADED,
    ),
    "gone, for hours": ({"state": ForecastState.SPENT, "at": timedelta()}, Tier.URGENT),
    "gone, for minutes": ({"state": ForecastState.SPENT, "at": timedelta(), "reset": HOUR / 3}, Tier.DEGRADED),
}


@pytest.mark.parametrize(("about", "tier"), LOUDNESS.values(), ids=LOUDNESS)
def test_it_wakes_somebody_only_when_it_is_near_and_lasts(
    world: Any, told: Any, about: dict[str, Any], tier: Tier
) -> None:
    instants = {name: world.T0 + value for name, value in about.items() if isinstance(value, timedelta)}
    if "reset" in instants:
        instants["reset"] = Reset(instants["reset"], ResetSource.REPORTED)
    (found,) = conditions(seen(world, 0, told(**(about | instants))), world.config())
    assert (found.rule, found.tier, found.subject) == (Rule.QUOTA_FORECAST, tier, "hubspot")


def test_it_says_when_whose_and_how_much_of_it_is_ours(world: Any, told: Any) -> None:
    forecast = told(integrations=("hubspot", "hubspot-eu"), probes=ProbeShare(180, 0.044))
    (found,) = conditions(seen(world, 0, forecast), world.config())
    assert found.title == "HubSpot quota RUNS OUT"
    assert found.summary == "daily (shared by hubspot, hubspot-eu): runs out at 06:00 UTC"
    assert found.blame_reason.endswith("; our own probes make 4.4 % of it")


QUIET = {
    "one spike": {"firm": False},
    "it lasts": {"state": ForecastState.LASTS_PAST_RESET, "firm": False, "at": None},
    "nobody knows": {"state": ForecastState.NOT_REPORTED, "firm": False},
}


@pytest.mark.parametrize("about", QUIET.values(), ids=QUIET)
def test_what_is_not_firm_opens_nothing(world: Any, told: Any, about: dict[str, Any]) -> None:
    assert conditions(seen(world, 0, told(**about)), world.config()) == ()


def test_it_is_over_when_the_likely_instant_lies_past_the_reset_and_not_before(world: Any, told: Any) -> None:
    config, ledger = world.config(), world.ledger()
    assert len(ledger.apply(seen(world, 0, told()), config)) == 1
    assert ledger.apply(seen(world, 1, told(firm=False, latest=None, sentence="may run out")), config) == []
    assert ledger.open["hubspot"].conditions[0].summary == "daily: may run out"
    silent = told(state=ForecastState.TOO_LITTLE_EVIDENCE, firm=False, at=None)
    assert ledger.apply(seen(world, 2, silent), config) == []
    assert ledger.open["hubspot"].conditions[0].note == "no fresh data"
    lasting = told(state=ForecastState.LASTS_PAST_RESET, firm=False, at=None)
    (over,) = ledger.apply(seen(world, 3, lasting), config)
    assert over.kind == "resolved"


def test_coming_nearer_it_gets_louder_in_the_same_incident(world: Any, told: Any) -> None:
    config, ledger = world.config(), world.ledger()
    ledger.apply(seen(world, 0, told()), config)
    (louder,) = ledger.apply(seen(world, 1, told(at=world.T0 + HOUR / 2)), config)
    assert (louder.kind, louder.incident.tier) == ("escalated", Tier.URGENT)


def test_a_bucket_that_runs_out_is_not_also_low(world: Any, told: Any) -> None:
    config, ledger = world.config(world.hubspot(quota=QuotaPolicy(reserve=0.2))), world.ledger()
    ledger.apply(seen(world, 0, quota=[world.quota(0.1)]), config)
    assert [c.rule for c in ledger.open["hubspot"].conditions] == [Rule.QUOTA_LOW]
    ledger.apply(seen(world, 1, told(), quota=[world.quota(0.1)]), config)
    assert [c.rule for c in ledger.open["hubspot"].conditions] == [Rule.QUOTA_FORECAST]
    lasting = told(state=ForecastState.LASTS_PAST_RESET, firm=False, at=None)
    ledger.apply(seen(world, 2, lasting, quota=[world.quota(0.1)]), config)
    assert [c.rule for c in ledger.open["hubspot"].conditions] == [Rule.QUOTA_LOW]


def test_another_bucket_that_is_low_is_said_beside_it(world: Any, told: Any) -> None:
    config = world.config(world.hubspot(quota=QuotaPolicy(reserve=0.2)))
    found = conditions(seen(world, 0, told(), quota=[world.quota(0.1, bucket="search")]), config)
    assert {c.rule for c in found} == {Rule.QUOTA_FORECAST, Rule.QUOTA_LOW}
