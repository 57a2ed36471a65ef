"""The latency of a vendor's own afternoon: at three in the morning somebody hears of it, in the afternoon nobody."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from alerts.engine import Engine
from alerts.messages import plain
from alerts.model import Action, Blame, Incident, Notification, Rule, Tier
from alerts.store import open_incidents, outbox
from app.sandbox.vendors import VENDOR_SIMULATORS
from config.model import Alerting, Channel, Config, Integration, Route
from metrics.evaluation import evaluate
from metrics.history import load
from metrics.history.series import lived
from metrics.history.tables import measured
from metrics.learning import LearnedLimits
from metrics.learning.course import SETTLED_AFTER
from metrics.model import LearnedVerdict
from metrics.store.appending import append
from metrics.store.database import Store

MARKETO = VENDOR_SIMULATORS["marketo"].profile
CLOCK = ZoneInfo(MARKETO.timezone)
TODAY = datetime(2026, 11, 24, tzinfo=CLOCK)
"""A Tuesday; what is before it is history."""
NIGHT, AFTERNOON, HOUR, MINUTE = TODAY.replace(hour=3), TODAY.replace(hour=15), timedelta(hours=1), timedelta(minutes=1)
DAYS = 21
RUNS = np.arange(20 * 60)
"""Of today, one a minute."""
WORDS = re.compile(
    r"leads, read(?: to first byte)? from local: (\d+) ms \(75th percentile of 5 in 5 min\); 03:00 is usually (\d+) ms "
    r"\(hour of day on days of the same kind, 28 days, n = (\d+) h, spread × 1\.\d\d\), limit (\d+) ms, "
    r"crossed in [23] of 3 buckets \(and 1 more of its figures\)"
)


def usual_ms(at: datetime) -> float:
    """By the vendor's simulator."""
    return MARKETO.usual_ms(at)


def as_in_the_afternoon_at_night(at: datetime) -> float:
    """From three to four in the morning it is as slow as twelve hours later."""
    return usual_ms(at + 12 * HOUR if NIGHT <= at < NIGHT + HOUR else at)


def declared() -> Config:
    integration = Integration.model_validate(
        {
            "integration": "marketo",
            "title": "Marketo Engage",
            "vendor": "marketo",
            "base_url": "https://marketo.example.com",
            "thresholds": {"time_zone": MARKETO.timezone, "failures": False},
            "workflows": [{"name": "leads", "every": "60s", "steps": [{"name": "read", "request": {"path": "/"}}]}],
        }
    )
    channels = tuple(Channel(name=name, kind="webhook") for name in ("pager", "slack", "mail"))
    routes = (Route(urgent=("pager",), degraded=("slack", "mail")),)
    return Config(
        root=Path("monitoring"),
        version="v1",
        integrations=(integration,),
        alerting=Alerting(channels=channels, routes=routes),
    )


CONFIG = declared()


class Hub:
    """What learns, evaluates and alerts, all by one clock."""

    def __init__(self, store: Store) -> None:
        self.store, self.limits, self.engine = store, LearnedLimits(store), Engine(store)
        self.changes: list[LearnedVerdict] = []

    def went(self, level: Callable[[datetime], float]) -> Hub:
        """Marketo's server takes as long today."""
        random = np.random.default_rng(24)
        at_ms = (TODAY.timestamp() * 1000 + RUNS * 60_000.0).astype(np.float64)
        server_ms = np.array([level(TODAY + run * MINUTE) for run in RUNS.tolist()])
        (integration,) = CONFIG.integrations
        (workflow,) = integration.workflows
        series = lived(integration, workflow, at_ms, server_ms, [], TODAY + 24 * HOUR, random)
        one = np.zeros(len(RUNS), np.int64)
        named = (("integration", "marketo"), ("workflow", "leads"), ("region", "local"))
        tables = measured({key: (one, [name]) for key, name in named}, workflow, series, 10**6, "v1", random)
        for name in ("runs", "steps"):
            self.store.write(lambda con, name=name: append(con, name, tables[name])).result()  # type: ignore[misc]
        return self

    def at(self, now: datetime) -> tuple[Incident, ...]:
        """The incidents that are open once it has looked at everything before that moment."""
        now += SETTLED_AFTER
        self.changes += self.limits.catch_up(CONFIG, now)
        learned = self.limits.firing
        evaluation = self.store.read(lambda con: evaluate(con, CONFIG, now, learned=learned))
        self.engine.apply(evaluation, CONFIG).result()
        return self.store.read(open_incidents)

    def sent(self) -> list[tuple[str, Tier, Action]]:
        rows = reversed(self.store.read(outbox))
        return [(row.channel, row.tier, row.action) for row in rows]


@pytest.fixture(scope="module")
def history(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three weeks of it, learned."""
    path = Path(shutil.copy(migrated, tmp_path_factory.mktemp("hours") / "leadline.duckdb"))
    store = Store.open(path)
    load(store, CONFIG, now=TODAY, days=DAYS, levels={"marketo": usual_ms})
    LearnedLimits(store).catch_up(CONFIG, TODAY)
    store.close()
    return path


@pytest.fixture
def hub(history: Path, tmp_path: Path) -> Iterator[Hub]:
    path = Path(shutil.copy(history, tmp_path / "leadline.duckdb"))
    store = Store.open(path)
    yield Hub(store)
    store.close()


def test_at_three_it_raises_a_degraded_alert_that_explains_itself(hub: Hub) -> None:
    hub.went(as_in_the_afternoon_at_night)
    assert hub.at(NIGHT + 5 * MINUTE) == ()
    (opened,) = hub.at(NIGHT + 10 * MINUTE)
    (condition,) = opened.conditions
    assert (condition.rule, condition.tier, opened.tier) == (Rule.UNUSUAL, Tier.DEGRADED, Tier.DEGRADED)
    assert (condition.blame, condition.workflow, condition.regions) == (Blame.VENDOR, "leads", ("local",))
    found = WORDS.fullmatch(condition.summary)
    assert found, condition.summary
    seen, usual, hours, limit = (float(figure) for figure in found.groups())
    assert usual < limit < seen
    assert seen / usual == pytest.approx(usual_ms(AFTERNOON) / usual_ms(NIGHT), rel=0.15)
    assert hours >= DAYS
    page = plain(Notification(1, opened, opened.tier, Action.TRIGGER, "slack", NIGHT, link="https://leadline.example"))
    assert "Marketo Engage SLOWER THAN USUAL" in page
    assert condition.summary in page
    assert hub.sent() == [("slack", Tier.DEGRADED, Action.TRIGGER), ("mail", Tier.DEGRADED, Action.TRIGGER)]


def test_it_is_over_when_the_night_is_as_usual_again_and_came_once(hub: Hub) -> None:
    hub.went(as_in_the_afternoon_at_night)
    for minutes in (15, 30, 59):
        assert len(hub.at(NIGHT + minutes * MINUTE)) == 1
    assert hub.at(NIGHT + HOUR + 20 * MINUTE) == ()
    actions = [action for channel, _, action in hub.sent() if channel == "slack"]
    assert actions == [Action.TRIGGER, Action.RESOLVE]


def test_the_same_latency_in_the_afternoon_raises_none(hub: Hub) -> None:
    hub.went(usual_ms)
    assert hub.at(NIGHT + 30 * MINUTE) == ()
    at_night = {one.monitor.key: one for one in hub.limits.standings("marketo")}
    assert hub.at(AFTERNOON + 15 * MINUTE) == ()
    for one in hub.limits.standings("marketo"):
        night = at_night[one.monitor.key]
        assert one.value is not None
        assert night.limit is not None
        assert one.limit is not None
        # What would be an alert at night is what is usual now.
        assert night.limit < one.value < one.limit
    assert hub.at(AFTERNOON + 4 * HOUR) == ()
    assert hub.changes == []
    assert hub.sent() == []
