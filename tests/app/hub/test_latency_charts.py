"""The chart of a mail out of a real hub's memory: what was measured, and what it has learned of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from learned_world import Probes, World, at, declared

from alerts.model import Action, Condition, Incident, IncidentState, Notification, Rule, Tier
from app.hub.latency_charts import latency_charts
from app.hub.loops import learn_once
from app.hub.state import HubState
from metrics.baseline.series import monitors
from metrics.explaining import Explainer
from metrics.store.failures import StoreClosed


@pytest.fixture
def learned(state: HubState) -> HubState:
    """A hub that has watched `slow` for a day and has just seen it become three times slower."""
    state.config, state.clock = declared("slow"), lambda: at(27)
    World(state.store).put({"slow": Probes.quiet(27).slower(26.4, 1, 3)})
    learn_once(state, Explainer(state.store))
    return state


def note(state: HubState, **more: Any) -> Notification:
    key = monitors(state.config)[0].key
    condition = Condition(
        key="k", rule=Rule.WORKFLOW_DOWN, tier=Tier.URGENT, subject="slow", since=at(26.9), summary="s",
        workflow=key.workflow, step=key.subject, regions=(key.region,),
    )  # fmt: skip
    incident = Incident("i", "slow", Tier.URGENT, IncidentState.OPEN, at(26.9), (replace(condition, **more),), "t")
    return Notification(1, incident, Tier.URGENT, Action.TRIGGER, "mail", at(27), "https://l.example.com/")


async def test_the_chart_holds_the_last_six_hours_against_what_is_normal(learned: HubState) -> None:
    chart = await latency_charts(learned)(note(learned))
    assert chart is not None
    (line,), (band,) = chart.lines, chart.bands
    assert 60 <= sum(value is not None for value in line.values) <= 73
    assert line.t_ms[0] >= at(20.9).timestamp() * 1000
    latest, limit = [v for v in line.values if v][-1], band.high[-1]
    assert limit is not None
    assert latest > 1.5 * limit
    assert "usual at this hour" in chart.alt


async def test_of_what_is_not_watched_there_is_no_chart(learned: HubState) -> None:
    assert await latency_charts(learned)(note(learned, workflow="other")) is None


async def test_a_store_that_does_not_answer_costs_the_chart_only(learned: HubState) -> None:
    learned.store.close()
    with pytest.raises(StoreClosed):
        learned.store.read(lambda con: con.execute("SELECT 1"))
    assert await latency_charts(learned)(note(learned)) is None
