"""354 integrations' credentials: the worst first, a page at a time, narrowed by the address."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from plotly.utils import PlotlyJSONEncoder

from app.dashboard.narrowing import PAGE, Narrowed
from app.dashboard.page import find
from app.dashboard.pages import PAGES


def shown(world: Any, query: str = "") -> str:
    found = find(PAGES, "/credentials", query)
    assert found is not None
    page, visit = found
    return json.dumps(page.render(world.view, visit), cls=PlotlyJSONEncoder, ensure_ascii=False)


@pytest.fixture
def many(world: Any) -> Any:
    """HubSpot, whose consent is dead, and 120 credentials of Salesforce, named in order."""
    told = world.evaluation.credentials
    hubspot = next(one for one in told if one.life.integration == "hubspot")
    sample = next(one for one in told if one.life.integration == "salesforce")
    due = [world.now + timedelta(days=1 + i) for i in range(120)]
    lives = [replace(sample.life, credential=f"key-{i:03}", rotate_due_at=at) for i, at in enumerate(due)]
    others = [replace(sample, life=life) for life in lives]
    status = replace(world.status, evaluation=replace(world.evaluation, credentials=(*others, hubspot)))
    seen = type(world.view)(world.store, config=lambda: world.config, clock=lambda: world.now, hub=lambda: status)
    return SimpleNamespace(view=seen)


def test_the_worst_stand_on_the_first_page_and_the_rest_is_a_link_away(many: Any) -> None:
    first, second = shown(many), shown(many, "?page=1")
    assert "re-consent needed" in first
    assert "key-000" in first
    assert "key-049" not in first
    assert f"1 to {PAGE} of 121" in first
    assert "/credentials?page=1" in first
    assert "key-049" in second
    assert "re-consent needed" not in second
    assert "/credentials?page=2" in second
    assert "key-119" in shown(many, "?page=99999")


def test_the_address_narrows_by_words_and_by_what_is_needed(many: Any) -> None:
    assert "1 of 121 credentials" in shown(many, "?need=repair")
    assert "key-000" not in shown(many, "?need=repair")
    found = shown(many, "?q=SALES+key-07")
    assert "10 of 121 credentials" in found
    assert "key-079" in found
    assert "re-consent needed" not in found
    nothing = shown(many, "?q=nobody")
    assert "None of this kind." in nothing
    assert "0 of 121 credentials" in nothing


def test_an_address_keeps_the_words_and_begins_at_the_first_page_of_another_choice() -> None:
    query = {"q": "a&b", "need": "repair", "page": "2", "certificates": "x"}
    narrowed = Narrowed.of("/c", query, ("page", "certificates"))
    assert narrowed.address == "/c?q=a%26b&need=repair&page=2"
    assert narrowed.choosing("") == "/c?q=a%26b"
