"""The simulated vendors' own answers, through the real readers, the store and an evaluation: when does it run out?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from alerts.model import Rule, Tier
from alerts.policy import conditions
from app.sandbox.messages import Request
from app.sandbox.simulator import Simulator
from app.sandbox.vendors.github import GitHub
from app.sandbox.vendors.marketo import Marketo
from config.model import Config, Integration
from metrics.evaluation import evaluate
from metrics.forecasting import ForecastMemo
from metrics.model import Evaluation
from metrics.quota.model import ForecastState, QuotaForecast
from metrics.store.database import Store
from metrics.store.ingest import Ingest
from probes.manners import with_declared_limits
from probes.model import Batch, Outcome, Run
from probes.quota import quota_readings
from probes.vendors import VENDORS, Answer

CHICAGO = ZoneInfo("America/Chicago")
MINUTE = timedelta(minutes=1)


def declared(name: str, **more: Any) -> Integration:
    steps = [{"name": "read", "request": {"path": "/"}}]
    standing = {
        "integration": name,
        "vendor": name,
        "base_url": f"https://{name}.example.com",
        "auth": {"kind": "bearer", "token": "${env:TOKEN}"},
        "workflows": [{"name": "roundtrip", "steps": steps}],
    }
    return Integration.model_validate(standing | more)


class World:
    """A business that uses a vendor, a prober that reads its quota, a hub that evaluates; all by one clock."""

    def __init__(self, store: Store, vendor: Simulator, integration: Integration, token: str, now: datetime) -> None:
        self.vendor, self.integration, self.token, self.now = vendor, integration, token, now
        self.store, self.ingest, self.memo = store, Ingest(store, flush_after_s=0.01), ForecastMemo()
        self.config = Config(root=Path("monitoring"), version="v1", integrations=(integration,))
        self.runs = 0

    def call(self, path: str) -> Answer:
        """One request to the vendor."""
        headers = {"authorization": f"Bearer {self.token}"}
        answer = self.vendor.respond(Request("GET", path, self.now, headers=headers))
        lower = {name.lower(): value for name, value in answer.headers.items()}
        return Answer(answer.status, lower, answer.body, answer.payload(), self.now)

    def work(self, length: timedelta, calls_per_h: float, path: str) -> None:
        """The business calls the vendor evenly for so long."""
        until, apart = self.now + length, timedelta(hours=1) / calls_per_h
        while self.now + apart <= until:
            self.now += apart
            self.call(path)
        self.now = until

    def probe(self, path: str) -> None:
        """One run, whose answer tells of quota."""
        readings = quota_readings(VENDORS[self.vendor.name], self.call(path), "oauth2:12345678")
        run = Run(
            run_id=uuid4(), region="local", integration=self.integration.name, workflow="roundtrip",
            scheduled_at=self.now, started_at=self.now, duration_ms=10.0, outcome=Outcome.PASSED, config_version="v1",
            quota=tuple(with_declared_limits(self.integration, readings)), every_s=60.0,
        )  # fmt: skip
        self.runs += 1
        self.ingest.submit(Batch("p1", "local", self.runs, (run,)), self.now).result(timeout=10)

    def seen(self) -> Evaluation:
        return self.store.read(lambda con: evaluate(con, self.config, self.now, forecasts=self.memo))

    def forecast(self, bucket: str) -> QuotaForecast:
        (found,) = [one for one in self.seen().forecasts if one.bucket == bucket]
        return found


@pytest.fixture
def store(store_path: Path) -> Iterator[Store]:
    opened = Store.open(store_path)
    yield opened
    opened.close()


@pytest.fixture
def marketo(store: Store) -> Iterator[World]:
    """At ten in the morning in Chicago."""
    now = datetime(2026, 11, 23, 10, 0, tzinfo=CHICAGO).astimezone(UTC)
    vendor = Marketo({"MARKETO_CLIENT_ID": "id", "MARKETO_CLIENT_SECRET": "secret"}, Random(1))
    integration = declared("marketo", quota={"limits": {"daily": 50_000}, "reserve": "20%"})
    world = World(store, vendor, integration, vendor.tokens.current(now).text, now)
    yield world
    world.ingest.close()


LEADS = "/rest/v1/lead/1000001.json"
USAGE = "/rest/v1/stats/usage.json"


def test_marketos_day_burned_at_twice_what_lasts_is_forecast_within_15_minutes_by_the_clock_of_chicago(
    marketo: World,
) -> None:
    left = marketo.vendor.daily.remaining(marketo.now)
    lasting = left / 14  # Hours until midnight in Chicago.
    business = marketo.vendor.daily.business / 24
    marketo.probe(USAGE)
    for _ in range(3):
        marketo.work(5 * MINUTE, 2 * lasting - business, LEADS)
        marketo.probe(USAGE)
    told = marketo.forecast("daily")
    assert (told.state, told.firm) == (ForecastState.RUNS_OUT, True)
    assert told.at is not None
    exhausted = datetime(2026, 11, 23, 17, 0, tzinfo=CHICAGO)
    assert abs(told.at - exhausted) < 15 * MINUTE
    assert told.reset.at == datetime(2026, 11, 24, 0, 0, tzinfo=CHICAGO)
    assert told.sentence.startswith(f"runs out at {told.at.astimezone(CHICAGO):%H:%M} CST, 7 h")
    assert "2.0 × what would last; from 4 readings over 15 min" in told.sentence
    (condition,) = [c for c in conditions(marketo.seen(), marketo.config) if c.rule is Rule.QUOTA_FORECAST]
    assert (condition.tier, condition.subject) == (Tier.DEGRADED, "marketo")


def test_marketos_day_as_the_business_uses_it_lasts(marketo: World) -> None:
    for _ in range(5):
        marketo.work(5 * MINUTE, 60, LEADS)
        marketo.probe(USAGE)
    told = marketo.forecast("daily")
    assert told.state is ForecastState.LASTS_PAST_RESET
    assert conditions(marketo.seen(), marketo.config) == ()


def test_githubs_hour_is_forecast_as_lasting(store: Store) -> None:
    now = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
    world = World(store, GitHub({"GITHUB_TOKEN": "t"}, Random(1)), declared("github"), "t", now)
    for _ in range(20):
        world.work(MINUTE, 2400, "/repos/leadline-demo/storefront")
        world.probe("/rate_limit")
    world.ingest.close()
    told = world.forecast("core")
    assert (told.state, told.firm) == (ForecastState.LASTS_PAST_RESET, False)
    assert told.burn is not None
    assert told.burn.per_h == pytest.approx(2400, rel=0.05)
    assert told.sentence.startswith("lasts past the reset; 4,2")
    assert conditions(world.seen(), world.config) == ()


def test_a_spent_day_of_marketo_is_an_alert_until_the_day_is_new(marketo: World) -> None:
    marketo.vendor.daily.limit = 8_000
    marketo.integration = marketo.integration.model_copy(
        update={"quota": marketo.integration.quota.model_copy(update={"limits": {"daily": 8_000}})}
    )
    marketo.work(10 * MINUTE, 3_600, LEADS)
    marketo.probe(USAGE)
    told = marketo.forecast("daily")
    assert (told.state, told.remaining) == (ForecastState.SPENT, 0)
    assert "spent" in told.sentence
    (condition,) = conditions(marketo.seen(), marketo.config)
    assert (condition.rule, condition.tier) == (Rule.QUOTA_FORECAST, Tier.URGENT)
    marketo.now = datetime(2026, 11, 24, 0, 5, tzinfo=CHICAGO).astimezone(UTC)
    marketo.token = marketo.vendor.tokens.current(marketo.now).text
    marketo.probe(USAGE)
    assert marketo.forecast("daily").state is ForecastState.TOO_LITTLE_EVIDENCE
    assert conditions(marketo.seen(), marketo.config) == ()
