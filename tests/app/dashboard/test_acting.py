"""What a page offers to do, and to whom."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from fastapi import HTTPException, Request

from alerts.model import Silence
from alerts.store import open_incidents
from alerts.store.silences import add_silence
from app.dashboard.page import find
from app.dashboard.pages import PAGES
from app.dashboard.run_now import run_now
from app.hub import actor
from app.hub.actor import Actor, Role, acting


def shown(world: Any, path: str) -> str:
    found = find(PAGES, path, "")
    assert found is not None
    return json.dumps(found[0].render(world.view, found[1]), default=lambda c: c.to_plotly_json())


@pytest.fixture
def viewer() -> Iterator[None]:
    """Whoever looks may not act."""
    token = actor._ACTOR.set(Actor("eve", Role.VIEWER))
    yield
    actor._ACTOR.reset(token)


def outage(world: Any) -> str:
    return str(next(one for one in world.store.read(open_incidents) if one.subject == "hubspot").incident_id)


def test_an_incident_can_be_taken_muted_and_probed_again_from_the_list_and_its_page(world: Any) -> None:
    listed, page = shown(world, "/incidents"), shown(world, f"/incident/{outage(world)}")
    for act in ('"data-act-open": "acknowledge"', '"data-act-open": "silence"', "subject=hubspot"):
        assert act in listed
    assert "Run roundtrip now" in page
    assert '"type": "IncidentActs"' in page


def test_who_may_only_look_is_offered_nothing(world: Any, viewer: None) -> None:
    listed, page = shown(world, "/incidents"), shown(world, f"/incident/{outage(world)}")
    assert "data-act-open" not in listed + page
    assert "IncidentActs" not in page
    assert "You may look, not act" in page


async def test_a_viewers_act_is_refused_whatever_the_page_offered(viewer: None) -> None:
    with pytest.raises(HTTPException, match="look, not act"):
        await acting(Request({"type": "http"}))


def test_who_is_signed_in_is_not_asked_for_a_name(world: Any) -> None:
    token = actor._ACTOR.set(Actor("ada", Role.RESPONDER))
    button: Any = run_now(world.view, "hubspot", "roundtrip")
    actor._ACTOR.reset(token)
    assert json.loads(getattr(button, "data-what")) == {"integration": "hubspot", "workflow": "roundtrip", "as": "ada"}


def test_silences_are_listed_with_their_end_and_a_way_to_end_them(made: Any) -> None:
    world = made.build_world(made.world_config(names=("hubspot",)), history=timedelta(minutes=5), outage=False)
    try:
        silence = Silence({"integration": ("hubspot",)}, made.NOW, made.NOW + timedelta(hours=2), "ada", "their move")
        add_silence(world.store, silence).result()
        page = shown(world, "/incidents")
        for part in ("integration hubspot", "in force", "2 h 00 min", "their move", "end-silence", "s-1"):
            assert part in page, part
    finally:
        world.store.close()
