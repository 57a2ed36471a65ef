"""The table of objectives: windows of the calendar, flows, and how long a budget lasts."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.dashboard.objectives import flow_objectives, objectives_panel
from app.hub.public_api import objective_document
from config.model import Objective
from metrics.model import Evaluation, ObjectiveStatus, Window

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def status(name: str = "hubspot", lasts: timedelta | None = None, **fields: Any) -> ObjectiveStatus:
    promised = Objective.model_validate({"sli": "availability", "target": "99.9%"} | fields)
    calendar = not isinstance(promised.window, timedelta)
    return ObjectiveStatus(
        integration=name, objective=promised, window=Window.last(timedelta(days=19), NOW), sli=0.9991, good=9991, bad=9,
        expected=10_000, coverage=1.0, budget_left=0.1, burns=(), exhausted_in=lasts, pace_over=timedelta(hours=6),
        resets_at=datetime(2026, 12, 1, tzinfo=UTC) if calendar else None,
    )  # fmt: skip


def shown(one: ObjectiveStatus) -> str:
    return json.dumps(objectives_panel([one]).to_plotly_json(), default=lambda part: part.to_plotly_json())


MONTH = {"calendar": "month", "time_zone": "Europe/Berlin"}


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (status(window=MONTH), ["month \\u00b7 Europe/Berlin", "past the reset", "full again 1 Dec 00:00:00 UTC"]),
        (status(lasts=timedelta(hours=3, minutes=20)), ["3 h 20 min", "at the pace of the last 6 h"]),
        (status(lasts=timedelta(0)), ["spent"]),
        (status(), ["lasts", "30 d"]),
        (status("flow:leads", method="time_slices", slice="15m"), ["flow:leads: availability", "slices of 15 min"]),
        (
            status(sli="recorded", value="match_quality", at_least=6),
            ["recorded match_quality \\u2265 6"],
        ),
        (status()._replace(budget_left=None, pace_over=None), ["no data"]),
    ],
    ids=["a month", "gone this afternoon", "spent", "lasts", "a flow", "a recorded value", "no data"],
)
def test_an_objective_says_what_it_is_about_and_how_long_it_lasts(one: ObjectiveStatus, words: list[str]) -> None:
    text = shown(one)
    assert [word for word in words if word not in text] == []


def test_the_objectives_of_its_flows_are_shown_with_an_integration() -> None:
    both = (status(), status("flow:leads"), status("flow:other"))
    seen = Evaluation(at=NOW, workflows=(), objectives=both, probers=())
    assert [one.integration for one in flow_objectives(seen, ["leads"])] == ["flow:leads"]
    assert flow_objectives(None, ["leads"]) == ()


def test_the_document_says_when_a_budget_is_gone_and_when_it_is_full_again() -> None:
    told = objective_document(status(window=MONTH, lasts=timedelta(hours=2)))
    assert (told["key"], told["n"]) == ("availability@99.9%/month[Europe/Berlin]", 10_000)
    assert (told["exhausted_in_s"], told["pace_over_s"]) == (7200.0, 21600.0)
    assert told["resets_at"] == "2026-12-01T00:00:00+00:00"
    assert objective_document(status())["exhausted_in_s"] is None
