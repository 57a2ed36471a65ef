from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest
from plotly.utils import PlotlyJSONEncoder

from alerts.store import open_incidents
from app.dashboard.elements import budget_bar
from app.dashboard.head import drawn, nav
from app.dashboard.page import Visit, find
from app.dashboard.pages import PAGES
from app.dashboard.strip import prober_entry
from app.dashboard.tiles import TRIAGE, tiles
from app.dashboard.view import HubStatus, View
from app.hub.actor import Actor, Role, as_actor
from metrics.model import State
from metrics.store.rollup.roller import roll


def shown(world: Any, path: str, query: str = "") -> str:
    found = find(PAGES, path, query)
    assert found is not None, path
    page, visit = found
    return json.dumps(page.render(world.view, visit), cls=PlotlyJSONEncoder, ensure_ascii=False)


def hub_view(world: Any, status: HubStatus) -> View:
    return View(world.store, config=lambda: world.config, clock=lambda: world.now, hub=lambda: status)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)
def test_every_page_renders_on_a_full_and_on_an_empty_store(page: Any, world: Any, empty_world: Any) -> None:
    incident_id = world.store.read(open_incidents)[0].incident_id
    named = {"name": "hubspot", "run_id": world.failed_run(), "evidence_id": "ev-none", "incident_id": incident_id}
    visit = Visit(named, {})
    for some_world in (world, empty_world):
        assert json.dumps(page.render(some_world.view, visit), cls=PlotlyJSONEncoder)


def test_a_viewer_is_offered_nothing_on_any_page_that_changes_something(world: Any) -> None:
    incident_id = world.store.read(open_incidents)[0].incident_id
    evidence_id = world.view.run(world.failed_run()).evidence[0].evidence_id
    named = {"name": "hubspot", "run_id": world.failed_run(), "evidence_id": evidence_id, "incident_id": incident_id}

    def offering(role: Role) -> set[str]:
        with as_actor(Actor("v", role)):
            pages = {
                page.path: json.dumps(page.render(world.view, Visit(named)), cls=PlotlyJSONEncoder) for page in PAGES
            }
        return {path for path, page in pages.items() if any(act in page for act in ACTS)}

    assert offering(Role.VIEWER) == set()
    assert {"/integration/{name}", "/run/{run_id}", "/evidence/{evidence_id}", "/incidents"} <= offering(Role.RESPONDER)


ACTS = ("data-act", '"type": "IncidentActs"')


def test_no_two_pages_share_an_address() -> None:
    assert len({page.path for page in PAGES}) == len(PAGES)


def test_what_fires_stands_first_with_blame_evidence_and_what_it_breaks(world: Any) -> None:
    page = shown(world, "/")
    for part in ("HubSpot CRM", "the vendor", "/evidence/ev-hubspot", "lead-routing", "growth-integrations"):
        assert part in page
    assert page.index("the vendor") < page.index('"type": "Tiles"')


def test_the_worst_integration_comes_first_and_no_data_before_up(world: Any) -> None:
    drawn = tiles(world.view.overview().standings, world.now)
    ranks = [TRIAGE.index(State(tile["state"])) for tile in drawn]
    assert ranks == sorted(ranks)
    assert drawn[0]["name"] == "hubspot"
    assert TRIAGE.index(State.NO_DATA) < TRIAGE.index(State.UP)


def test_an_integration_that_never_ran_shows_no_data_and_not_zero(world: Any) -> None:
    tile = next(t for t in tiles(world.view.overview().standings, world.now) if t["name"] == "github")
    assert (tile["p95"], tile["availability"], tile["budget"], tile["budgetText"]) == ("–", "–", None, "no data")
    assert (tile["quota"], tile["quotaText"], tile["lastRunAt"]) == (None, "not reported", None)


def test_a_tile_with_simulated_history_says_so(world: Any) -> None:
    labelled = {t["name"]: bool(t["simulated"]) for t in tiles(world.view.overview().standings, world.now)}
    assert labelled["salesforce"]
    assert not labelled["github"]
    assert "Simulated history until 13:2" in shown(world, "/")


def test_an_integration_page_keeps_its_range_in_the_address(world: Any) -> None:
    page = shown(world, "/integration/hubspot", "?range=7d")
    assert "last 7 d in" in page
    assert "last 24 h in" in shown(world, "/integration/hubspot", "?range=nonsense")


def test_every_key_figure_states_window_and_sample_count(world: Any) -> None:
    page = shown(world, "/integration/hubspot", "?range=1h")
    assert page.count("1 h · n ") >= 9


def test_a_page_says_which_percentiles_are_within_one_percent_instead_of_exact(world: Any, made: ModuleType) -> None:
    rolled = made.build_world(made.world_config(names=("hubspot",)), outage=False)
    roll(rolled.store, rolled.now)
    try:
        page = shown(rolled, "/integration/hubspot", "?range=1h")
        (tile,) = tiles(rolled.view.overview().standings, rolled.now)
    finally:
        rolled.store.close()
    assert page.count(" · within 1 %") >= 4
    assert tile["sample"].endswith(" · within 1 %")
    assert "within 1 %" not in shown(world, "/integration/hubspot", "?range=1h") + shown(world, "/")


def test_an_undeclared_integration_is_said_to_be_unknown(world: Any) -> None:
    assert "No such integration" in shown(world, "/integration/nobody")


def test_a_run_page_puts_expected_beside_actual_and_shows_redacted_evidence(world: Any) -> None:
    page = shown(world, f"/run/{world.failed_run()}")
    for part in (
        "503 Service Unavailable",
        "broken",
        "2xx",
        "[redacted]",
        "Retry-After: 30",
        "req-4f21c0",
        "SERVER_ERROR",
    ):
        assert part in page
    assert "Last passed before it" in page


def test_evidence_of_an_alert_leads_to_its_run_with_the_evidence_open(world: Any) -> None:
    incident = next(i for i in world.view.overview().incidents if i.subject == "hubspot")
    evidence_id = next(e for c in incident.conditions for e in c.evidence_ids)
    page = shown(world, f"/evidence/{evidence_id}")
    assert '"open": true' in page
    assert evidence_id in page


@pytest.mark.parametrize("run_id", ["nonsense", "00000000-0000-4000-8000-000000000000"])
def test_an_unknown_run_is_a_page_and_not_an_error(world: Any, run_id: str) -> None:
    assert "No such run" in shown(world, f"/run/{run_id}")


def test_an_unknown_address_belongs_to_no_page() -> None:
    assert find(PAGES, "/nowhere", "") is None


def test_a_silent_prober_is_loud_and_an_unclean_restart_is_said(world: Any) -> None:
    page = shown(world, "/")
    assert "prober eu silent" in page
    assert "restarted uncleanly" in page
    silent = next(p for p in world.evaluation.probers if p.silent)
    assert prober_entry(silent, world.config.version).className == "loud"


def test_a_refused_configuration_is_said_while_the_last_good_one_runs(world: Any) -> None:
    status = replace(world.status, config_problem="hubspot.yaml:31: workflows[0].steps[2].expect.jsn: unknown key")
    world_with_problem = replace(world, view=hub_view(world, status))
    page = shown(world_with_problem, "/")
    assert "hubspot.yaml:31" in page
    assert "last good one (7c1e9a40b2d3) keeps running" in page


def test_an_old_evaluation_is_not_shown_as_if_it_were_new(world: Any) -> None:
    evaluation = replace(world.evaluation, at=world.now - timedelta(minutes=5))
    stale = replace(world, view=hub_view(world, replace(world.status, evaluation=evaluation)))
    assert "States are old" in shown(stale, "/")


def test_a_hub_that_has_just_started_shows_no_state_yet(world: Any) -> None:
    starting = replace(world, view=hub_view(world, HubStatus(started_at=world.now)))
    assert "just started" in shown(starting, "/")
    assert {s.state for s in starting.view.overview().standings} == {State.NO_DATA}


def test_an_empty_store_tells_the_next_step(empty_world: Any, made: ModuleType) -> None:
    assert "leadline init monitoring" in shown(empty_world, "/")
    declared = made.build_world(made.world_config(names=("github",)), outage=False)
    assert "leadline doctor" in shown(declared, "/")
    declared.store.close()


def test_open_incidents_are_counted_in_the_navigation(world: Any) -> None:
    incidents = drawn(world.view, find(PAGES, "/", ""))["firing"]
    assert len(incidents) == len(world.view.overview().incidents)
    text = json.dumps(nav(PAGES[0], len(incidents)), cls=PlotlyJSONEncoder)
    assert f"{len(incidents)} open" in text


@pytest.mark.parametrize(
    ("left", "words"), [(None, "no data"), (0.0, "spent"), (-1.2, "overspent 120 %"), (0.43, "43 %")]
)
def test_a_budget_says_no_data_spent_and_overspent_apart(left: float | None, words: str) -> None:
    assert words in json.dumps(budget_bar(left), cls=PlotlyJSONEncoder)
