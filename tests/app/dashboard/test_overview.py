"""The overview: tiles against what is normal, regions, what runs out next, the wall."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest
from plotly.utils import PlotlyJSONEncoder

from app.dashboard import wording
from app.dashboard.overview.bands import band
from app.dashboard.overview.drawn import drawn_tiles
from app.dashboard.overview.regions import cells
from app.dashboard.overview.runs_out import MOST, runs_out_next
from app.dashboard.page import Visit
from app.dashboard.pages import overview
from app.dashboard.tiles import COMPACT_FROM, Around, budget_words, tile, tiles
from app.dashboard.view import HubStatus, View
from metrics.baseline.series import monitors
from metrics.changing import VendorSignal
from metrics.learning.band import Standing as Learned
from metrics.model import Latency, ObjectiveStatus, State
from metrics.quota.model import ForecastState, QuotaForecast
from metrics.state import Recovery
from metrics.store.rollup.roller import roll
from metrics.store.usual_hours import usual_hours
from probes.model import ChangeKind


def view_of(world: Any, **changes: Any) -> View:
    """The same world, with another evaluation or configuration."""
    config = changes.pop("config", world.config)
    status: HubStatus = replace(world.status, evaluation=replace(world.evaluation, **changes))
    return View(world.store, config=lambda: config, clock=lambda: world.now, hub=lambda: status)


def standing_of(world: Any, name: str) -> Any:
    return next(one for one in world.view.overview().standings if one.declared.name == name)


def drawn(world: Any, **query: str) -> str:
    return json.dumps(overview.render(world.view, Visit({}, query)), cls=PlotlyJSONEncoder, ensure_ascii=False)


def learned(world: Any, value: float | None) -> Learned:
    """HubSpot's first step, usually 150 ms and allowed 221."""
    monitor = next(one for one in monitors(world.config) if one.key.measure == "total_ms")
    return Learned(monitor, value, 150.0, 221.0, 120, "hour of day", firing=False)


@pytest.mark.parametrize(
    ("value", "words", "tone"),
    [
        (152.3, "152 ms (usual 150, limit 221 ms)", ""),
        (260.0, "260 ms (usual 150, limit 221 ms)", "warn"),
        (None, "nothing now (usual 150, limit 221 ms)", ""),
    ],
)
def test_a_tile_says_where_its_latency_stands_in_the_learned_band(
    world: Any, value: float | None, words: str, tone: str
) -> None:
    found = band(learned(world, value), world.now)
    assert (found["bandText"], found["bandTone"]) == (words, tone)
    assert found["band"][:2] == [150.0, 221.0]
    assert "P75 of each 5 min" in found["bandTitle"]
    assert "at 14:00 UTC, learned from 120 h" in found["bandTitle"]


def test_what_is_not_learned_has_no_band_and_says_so(world: Any) -> None:
    for unknown in (None, replace(learned(world, 152.3), usual=None)):
        assert (band(unknown, world.now)["band"], band(unknown, world.now)["bandText"]) == (None, "no normal yet")


@pytest.mark.parametrize(
    ("left", "words"), [(0.43, "43 %"), (0.0, "spent"), (-0.2, "overspent 20 %"), (-32.24, "spent 33×")]
)
def test_a_spent_budget_is_told_in_words(world: Any, left: float, words: str) -> None:
    status = standing_of(world, "hubspot").objectives[0]._replace(budget_left=left)
    assert budget_words(status) == words


def test_an_outage_that_is_over_is_a_note_on_a_tile_that_is_up(world: Any) -> None:
    recovery = Recovery(world.now - timedelta(minutes=12), timedelta(minutes=5), 0.14)
    over = replace(standing_of(world, "salesforce"), recovery=recovery)
    assert tile(over, world.now, Around())["note"] == "recovered 12 min ago · budget burnt 14 %"
    longer = replace(over, recovery=replace(recovery, since=None, good_for=timedelta(hours=2)))
    assert tile(longer, world.now, Around())["note"] == "good for over 2 h · budget burnt 14 %"


def test_quota_is_shown_with_where_it_leads(world: Any) -> None:
    told = QuotaForecast(
        "hubspot/main/daily", "hubspot", "daily", "requests", ("hubspot",), ("main",), ForecastState.RUNS_OUT,
        "out at 16:40, before the reset", limit=50_000, remaining=6_000, left=0.12,
        at=world.now + timedelta(hours=2, minutes=10),
    )  # fmt: skip
    found = tile(standing_of(world, "hubspot"), world.now, Around(forecasts={"hubspot": [told]}))
    assert (found["quotaText"], found["quotaNext"]) == ("12 %", "out in 2 h 10 min")
    assert found["quotaTitle"] == "out at 16:40, before the reset\n6,000 of 50,000 requests left"


def test_exact_figures_stand_in_tooltips_with_window_and_count(world: Any) -> None:
    found = tile(standing_of(world, "salesforce"), world.now, Around())
    assert "P99" in found["p95Title"]
    assert "last 1 h · n " in found["p95Title"]
    assert "24 h · n " in found["sparkNote"]
    assert "% of the error budget is left" in found["budgetTitle"]


def test_of_very_many_only_those_that_need_a_look_are_drawn_large(world: Any) -> None:
    up, down = replace(standing_of(world, "salesforce"), state=State.UP, recovery=None), standing_of(world, "hubspot")
    found = tiles([up] * COMPACT_FROM + [down], world.now)
    assert (found[0]["state"], found[0]["compact"]) == ("down", False)
    assert all(one["compact"] and "spark" not in one for one in found[1:])
    assert not any(one["compact"] for one in tiles([up, down], world.now))
    # What has come back stays large, and among the large.
    recovery = Recovery(world.now - timedelta(minutes=12), timedelta(minutes=5), 0.14)
    back = replace(up, recovery=recovery)
    assert [one["compact"] for one in tiles([up] * COMPACT_FROM + [back], world.now)][:2] == [False, True]


def test_each_region_has_a_state_and_a_p95_of_its_own(world: Any) -> None:
    found = {one["name"]: one["regions"] for one in drawn_tiles(world.view)}
    (local,) = found["hubspot"]
    assert (local["region"], local["state"]) == ("local", "down")
    assert "in a row failed: 503" in local["title"]
    (well,) = found["salesforce"]
    assert well["p95"].endswith(" ms")
    assert "last 1 h · n " in well["title"]
    assert [(one["state"], one["p95"]) for one in found["github"]] == [("no_data", "–")]


def test_a_region_that_fails_alone_differs_from_the_others(world: Any) -> None:
    def twice(verdict: Any) -> Any:
        return replace(
            verdict, regions=(*verdict.regions, *(replace(r, region="eu", failing=0) for r in verdict.regions))
        )

    one = world.config.integrations[0]
    workflows = tuple(w.model_copy(update={"regions": ("local", "eu")}) for w in one.workflows)
    config = world.config.model_copy(update={"integrations": (one.model_copy(update={"workflows": workflows}),)})
    found = cells(view_of(world, config=config, workflows=tuple(map(twice, world.evaluation.workflows))))
    assert [(cell["region"], cell["state"]) for cell in found["hubspot"]][1] == ("local", "down")
    assert found["hubspot"][0]["state"] != "down"


def test_what_runs_out_next_is_the_soonest_of_every_kind_each_once(world: Any) -> None:
    now, hour = world.now, timedelta(hours=1)

    def quota(name: str, at: Any) -> QuotaForecast:
        return QuotaForecast(name, name, "daily", "requests", (name,), ("main",), ForecastState.RUNS_OUT, "", at=at)

    sunset = VendorSignal(
        "salesforce", "roundtrip", "read it back", ChangeKind.SUNSET, "sunset", "salesforce", "v58 ends",
        now + 20 * hour, None, "local", "run", now, now,
    )  # fmt: skip
    objectives = tuple(
        one._replace(exhausted_in=5 * hour if one.integration == "salesforce" else None)
        for one in objective_list(world)
    )
    found = runs_out_next(
        view_of(
            world,
            forecasts=(quota("hubspot", now + 2 * hour), quota("klaviyo", now - hour), quota("klaviyo", None)),
            signals=(sunset, replace(sunset, region="eu")),
            objectives=objectives,
        )
    )
    assert [(one.subject, one.what.partition(" of ")[0]) for one in found] == [
        ("HubSpot CRM", "quota daily"),
        ("Salesforce", "error budget"),
        ("Salesforce", "API ends"),
        ("Klaviyo", "certificate ends"),
        ("Salesforce", "rotation due"),
    ]
    assert len(found) == MOST


def objective_list(world: Any) -> tuple[ObjectiveStatus, ...]:
    found: tuple[ObjectiveStatus, ...] = world.evaluation.objectives
    return found


def test_what_runs_out_is_said_relative_and_absolute_and_leads_on(world: Any) -> None:
    page = drawn(world)
    assert "in 2 d" in page
    assert "Klaviyo: certificate ends" in page
    assert f'"at": {wording.epoch_ms(world.now + timedelta(days=2.2))}' in page
    assert "/credentials" in page


def test_a_wall_has_the_count_the_loudest_the_clock_and_its_pulse_and_nothing_to_click(world: Any) -> None:
    page = drawn(world, wall="1")
    for part in ("firing, 1 urgent", "HubSpot CRM roundtrip DOWN", '"type": "Clock"', '"type": "Beat"', "eu silent"):
        assert part in page
    assert '"wall": true' in page
    assert "Runs out next" not in page
    assert '"type": "A"' not in page


def test_a_wall_of_a_hub_that_has_just_started_is_not_live(world: Any) -> None:
    starting = View(
        world.store, config=lambda: world.config, clock=lambda: world.now, hub=lambda: HubStatus(started_at=world.now)
    )
    page = json.dumps(overview.render(starting, Visit({}, {"wall": "1"})), cls=PlotlyJSONEncoder)
    assert '"type": "Beat"' in page
    assert {one["state"] for one in drawn_tiles(starting)} == {State.NO_DATA.value}


def test_the_usual_band_of_an_hour_is_where_it_was_on_most_earlier_days(made: ModuleType) -> None:
    every, days = timedelta(minutes=10), timedelta(days=5)
    built = made.build_world(made.world_config(names=("shopify",)), outage=False, history=days, every=every)
    try:
        assert built.store.read(lambda con: usual_hours(con, ["shopify"], built.now)) == {}
        roll(built.store, built.now)
        low, high = built.store.read(lambda con: usual_hours(con, ["shopify"], built.now))["shopify"]
    finally:
        built.store.close()
    assert len(low) == 24
    assert all(low <= high)
    # By day it is slower than by night, and so is what is usual.
    assert high[:2].min() > high[12:14].max()


def test_a_tile_without_any_good_answer_says_that_it_has_none(world: Any) -> None:
    standing = standing_of(world, "salesforce")
    none = replace(standing, summary=replace(standing.summary, latency_1h=Latency(0, None, None, None, None)))
    assert tile(none, world.now, Around())["p95Title"] == "no good answer in the last 1 h"
