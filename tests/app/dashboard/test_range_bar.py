from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from app.dashboard.page import Visit
from app.dashboard.range_bar import range_bar
from app.dashboard.ranges import chosen

NOW = datetime(2026, 11, 22, 14, 30, tzinfo=UTC)


def shown(**query: str) -> dict[str, object]:
    bar: Any = range_bar("/x", Visit(query=query), chosen(query), NOW)
    return dict(bar.range)


def test_a_range_that_ends_now_offers_only_the_earlier_one() -> None:
    bar = shown(range="6h", region="eu")
    assert (bar["live"], bar["later"]) == (True, None)
    assert bar["earlier"] == "/x?from=2026-11-22T02%3A30%3A00Z&to=2026-11-22T08%3A30%3A00Z&region=eu"


def test_a_range_in_the_past_moves_by_its_length_and_leads_back_to_live() -> None:
    bar = shown(**{"from": "2026-11-22T02:30:00Z", "to": "2026-11-22T08:30:00Z"})
    assert bar["later"] == "/x?from=2026-11-22T08%3A30%3A00Z&to=2026-11-22T14%3A30%3A00Z"
    assert (bar["live"], bar["back"]) == (False, "/x?range=6h")


def test_nothing_is_offered_of_the_future() -> None:
    query = {"from": "2026-11-22T09:00:00Z", "to": "2026-11-22T14:00:00Z"}
    assert shown(**query)["later"] is None


def test_every_usual_range_is_offered_and_one_is_here() -> None:
    links = shown(range="7d")["links"]
    assert isinstance(links, list)
    assert [link["text"] for link in links] == ["1 h", "6 h", "24 h", "7 d", "28 d", "90 d"]
    assert [link["text"] for link in links if link["here"]] == ["7 d"]


def test_an_odd_length_leads_back_to_the_nearest_usual_one() -> None:
    end = datetime(2026, 11, 1, tzinfo=UTC)
    query = {"from": (end - timedelta(days=5)).isoformat(), "to": end.isoformat()}
    assert shown(**query)["back"] == "/x?range=7d"
