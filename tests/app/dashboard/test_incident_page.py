"""An incident's page and the list, on a real store."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from types import ModuleType
from typing import Any

import pytest
from plotly.utils import PlotlyJSONEncoder

from alerts.model import Incident, IncidentState, Tier
from alerts.status_pages.model import Health, Notice, NoticeUpdate, PageReading
from alerts.status_pages.standing import StoredPage
from alerts.store import open_incidents
from alerts.store.incidents import save_incident
from alerts.store.status_pages import save_problem, save_reading
from app.dashboard import live
from app.dashboard.incident_view import PAGE
from app.dashboard.page import find
from app.dashboard.pages import PAGES
from app.dashboard.pages.incident import acts
from app.dashboard.view import View
from config.model import StatusPage
from metrics.store.database import Store

URL = "https://status.example.com"


def drawn(view: View, path: str, query: str = "") -> Any:
    found = find(PAGES, path, query)
    assert found is not None, path
    return found[0].render(view, found[1])


def text(view: View, path: str, query: str = "") -> str:
    return json.dumps(drawn(view, path, query), cls=PlotlyJSONEncoder, ensure_ascii=False)


def hubspot(world: Any) -> Incident:
    return next(one for one in world.store.read(open_incidents) if one.subject == "hubspot")


def test_the_page_of_an_unknown_incident_says_so(world: Any) -> None:
    assert "No such incident" in text(world.view, "/incident/20261122-000000-nothing")


def test_blame_stands_before_the_buttons_and_the_buttons_before_everything_else(world: Any) -> None:
    page = text(world.view, f"/incident/{hubspot(world).incident_id}")
    order = [
        page.index(part) for part in ("Points to ", '"type": "IncidentActs"', "What broke", "What it hits", "Timeline")
    ]
    assert order == sorted(order)


def test_a_refresh_brings_new_facts_and_leaves_what_is_being_typed_alone(world: Any) -> None:
    page = drawn(world.view, f"/incident/{hubspot(world).incident_id}")
    changed = live.updates(page, {})
    (acting,) = [props for name, props in changed if name == "acts"]
    assert set(acting) == {"incident"}
    assert len(changed) == len(live.shape(page))


@pytest.mark.parametrize(
    ("now", "zone", "till"),
    [
        (datetime(2026, 3, 28, 23, 30, tzinfo=UTC), "Europe/Berlin", "2026-03-30T06:00:00+00:00"),
        (datetime(2026, 3, 28, 12, 0, tzinfo=UTC), "Europe/Berlin", "2026-03-29T06:00:00+00:00"),
        (datetime(2026, 11, 22, 3, 0, tzinfo=UTC), "America/New_York", "2026-11-22T13:00:00+00:00"),
    ],
    ids=["after midnight there", "the clocks change tonight", "still yesterday there"],
)
def test_till_tomorrow_is_eight_in_the_morning_where_the_hubs_people_are(
    world: Any, now: datetime, zone: str, till: str
) -> None:
    assert acts(hubspot(world), now, zone)["morning"] == till


def test_what_the_vendor_says_is_shown_with_its_words_and_why_it_could_not_be_read(world: Any) -> None:
    page = StatusPage(url=URL, kind="statuspage", components=("API", "Gone"))
    integrations = tuple(
        one.model_copy(update={"status_page": page}) if one.name == "hubspot" else one
        for one in world.config.integrations
    )
    config = world.config.model_copy(update={"integrations": integrations})
    view = View(world.store, config=lambda: config, clock=lambda: world.now, hub=lambda: world.status)
    address = f"/incident/{hubspot(world).incident_id}"
    assert "Not asked yet" in text(view, address)
    posted = NoticeUpdate(world.now, "identified", "<script>alert(1)</script>")
    notice = Notice("i1", "API errors", "identified", Health.MAJOR_OUTAGE, world.now, f"{URL}/i1", ("API",), (posted,))
    looked = StoredPage(URL, "statuspage", URL, world.now, world.now, "", Health.UNKNOWN, "", (), ())
    reading = PageReading(Health.MAJOR_OUTAGE, "", (("API", Health.MAJOR_OUTAGE),), (notice,))
    world.store.write(lambda con: save_reading(con, looked, reading, {})).result()
    world.store.write(lambda con: save_problem(con, URL, "statuspage", URL, world.now, "answered HTTP 503")).result()
    found = text(view, address)
    for part in ("major outage", "API errors", f"{URL}/i1", "answered HTTP 503", "The page has no component Gone"):
        assert part in found
    assert "answered HTTP 503" in text(view, "/system")


def many(store: Store, at: datetime, number: int) -> None:
    """So many resolved incidents."""
    base = Incident("", "acme", Tier.DEGRADED, IncidentState.RESOLVED, at, (), "Acme slow", resolved_at=at)

    def work(con: Any) -> None:
        for n in range(number):
            save_incident(con, replace(base, incident_id=f"20200101-{n:06d}-acme", title=f"Acme slow {n}"))

    store.write(work).result()


@pytest.fixture
def quiet_world(made: ModuleType) -> Iterator[Any]:
    """Nothing declared, nothing measured, and nobody else looks at it."""
    built = made.build_world(made.world_config(names=()), outage=False)
    yield built
    built.store.close()


def test_the_list_has_open_ones_first_and_goes_on_to_older_ones(quiet_world: Any) -> None:
    many(quiet_world.store, quiet_world.now, PAGE + 3)
    current = Incident("20200102-000000-x", "x", Tier.URGENT, IncidentState.OPEN, quiet_world.now, (), "X DOWN")
    quiet_world.store.write(lambda con: save_incident(con, current)).result()
    first = text(quiet_world.view, "/incidents")
    assert f"1 open (1 urgent, 0 acknowledged) · {PAGE + 3} resolved" in first
    assert first.index("X DOWN") < first.index("Acme slow 0")
    assert "older →" in first
    second = text(quiet_world.view, "/incidents", "?page=1")
    assert "X DOWN" not in second
    assert "← newer" in second
    assert "older →" not in second


@pytest.mark.parametrize("query", ["?page=-1", "?page=x", "?page=9999999999999", "?state=no&tier=<b>", "?page=%C2%B2"])
def test_whatever_the_address_says_the_list_is_drawn(world: Any, query: str) -> None:
    assert "Incidents" in text(world.view, "/incidents", query)
