"""Every promise on one page: the worst first, filtered by the address, a page at a time."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.dashboard.objectives_page.burn_down import MOST, burn_downs
from app.dashboard.objectives_page.choosing import PAGE, Choice, Standing, chosen, promises, values
from app.dashboard.objectives_page.drawing import promise_words
from app.dashboard.page import find
from app.dashboard.pages import PAGES
from app.dashboard.view import View
from config.model import Objective, Sli
from metrics.model import ObjectiveStatus


def shown(view: View, query: str = "") -> str:
    found = find(PAGES, "/objectives", query)
    assert found is not None
    return json.dumps(found[0].render(view, found[1]), default=lambda c: c.to_plotly_json())


def statuses(world: Any) -> list[ObjectiveStatus]:
    return list(world.evaluation.objectives)


def test_the_worst_stand_first_and_no_data_is_neither_kept_nor_overspent(world: Any) -> None:
    found = promises(statuses(world), world.config)
    order = [list(Standing).index(one.standing) for one in found]
    assert order == sorted(order)
    assert found[0].status.integration == "hubspot"
    never_ran = {one.standing for one in found if one.status.integration == "github"}
    assert never_ran == {Standing.NO_DATA}


def test_filters_say_how_many_each_would_leave_as_the_others_stand(world: Any) -> None:
    found = promises(statuses(world), world.config)
    choice = Choice.of({"tier": "critical", "page": "-3", "other": "x"})
    assert choice == Choice(tier="critical")
    counts = dict(values(found, choice, "flow"))
    for flow, count in counts.items():
        assert len(chosen(found, replace(choice, flow=flow))) == count
    assert choice.address(flow="a b", page="2") == "/objectives?tier=critical&flow=a+b&page=2"


def test_hundreds_of_objectives_are_shown_a_page_at_a_time(world: Any) -> None:
    one = statuses(world)[0]
    many = tuple(one._replace(integration=f"i{number}", budget_left=number / 400) for number in range(354))
    status = replace(world.status, evaluation=replace(world.evaluation, objectives=many))
    view = View(world.store, config=lambda: world.config, clock=lambda: world.now, hub=lambda: status)
    page = shown(view, "?page=1")
    assert "354 of 354 objectives" in page
    assert page.count('"type": "Tr"') == PAGE + 1
    assert "page 2 of 15" in page
    assert "page 15 of 15" in shown(view, "?page=9999")


def test_a_budget_goes_down_to_what_is_left_now_and_overspending_is_said_in_words(world: Any) -> None:
    found = [one for one in statuses(world) if one.budget_left is not None]
    courses = burn_downs(world.view, found)
    assert courses
    for one in found:
        course = courses[one.integration, one.key]
        assert 2 <= len(course) <= MOST
        assert list(course) == sorted(course, reverse=True)
        assert course[-1] == pytest.approx(one.budget_left)
    assert "overspent" in shown(world.view, "?standing=burning")


def test_a_page_says_target_window_and_zone(world: Any) -> None:
    monthly = {"sli": Sli.AVAILABILITY, "target": "99.9%"}
    calendar = Objective.model_validate(monthly | {"window": {"calendar": "month", "time_zone": "Europe/Berlin"}})
    assert promise_words(calendar) == "99.9 % each month, Europe/Berlin"
    rolling = Objective(sli=Sli.LATENCY, target="95%", threshold="400ms", window=timedelta(days=30))
    assert promise_words(rolling) == "95 % over 30 d rolling"
