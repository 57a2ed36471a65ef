"""What is announced and what has changed, on /credentials and on the integration's own page."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

from plotly.utils import PlotlyJSONEncoder

from app.dashboard.page import find
from app.dashboard.pages import PAGES
from app.dashboard.view import HubStatus, View
from metrics.changing import ShapeChange, ShapeFinding, VendorSignal
from probes.model import ChangeKind


def page(world: Any, path: str, *signals: VendorSignal, drift: tuple[ShapeFinding, ...] = (), **changed: Any) -> str:
    config = world.config
    if changed:
        first = config.integrations[0].model_copy(update=changed)
        config = config.model_copy(update={"integrations": (first, *config.integrations[1:])})
    evaluation = replace(world.view.hub.evaluation, signals=signals, drift=drift)
    status = HubStatus(world.now, evaluation)
    view = View(world.store, config=lambda: config, clock=lambda: world.now, hub=lambda: status)
    found = find(PAGES, path, "")
    assert found is not None
    return json.dumps(found[0].render(view, found[1]), cls=PlotlyJSONEncoder, ensure_ascii=False)


def said(world: Any, step: str = "read", **more: Any) -> VendorSignal:
    known: dict[str, Any] = {
        "integration": "hubspot", "workflow": "roundtrip", "step": step, "kind": ChangeKind.SUNSET, "source": "sunset",
        "api": "hubspot", "what": "", "at": world.now + timedelta(days=8), "link": "https://hubspot.example/end",
        "region": "local", "run_id": "run-1", "first_seen": world.now, "last_seen": world.now,
    }  # fmt: skip
    return VendorSignal(**{**known, **more})


def drifted(world: Any, **more: Any) -> ShapeFinding:
    workflow = world.config.integrations[0].workflows[0]
    known: dict[str, Any] = {
        "integration": "hubspot", "workflow": workflow.name, "step": workflow.steps[0].name, "path": "$.size",
        "change": ShapeChange.RETYPED, "was": "number", "now": "string", "since": world.now, "learned": 1400, "seen": 3,
        "failing": False, "regions": ("eu", "local"),
    }  # fmt: skip
    return ShapeFinding(**{**known, **more})


def test_nothing_announced_and_nothing_changed_say_so(world: Any) -> None:
    shown = page(world, "/credentials")
    assert "No vendor announces an end" in shown
    assert "differs from the shape that is usual" in shown


def test_an_announcement_shows_date_countdown_steps_source_and_link(world: Any) -> None:
    shown = page(world, "/credentials", said(world, "read"), said(world, "write"))
    for part in ("ends", "2026-11-30", "in 8 d", "roundtrip / read, roundtrip / write", "sunset header"):
        assert part in shown
    assert shown.count("https://hubspot.example/end") == 1


def test_the_headline_counts_what_somebody_should_look_at(world: Any) -> None:
    read = drifted(world, failing=True)
    assert "2 changes to look at" in page(world, "/credentials", said(world), drift=(read,))
    assert "to look at" not in page(world, "/credentials", drift=(drifted(world),))


def test_a_vendors_link_never_leads_to_a_script(world: Any) -> None:
    assert "javascript:" not in page(world, "/credentials", said(world, link="javascript:alert(1)"))


def test_a_change_of_shape_shows_path_types_and_counts(world: Any) -> None:
    shown = page(world, "/credentials", drift=(drifted(world),))
    for part in ("$.size was number, is string", "not read", "eu, local", "1,400"):
        assert part in shown


def test_a_step_that_fails_by_it_says_so(world: Any) -> None:
    assert "the step fails" in page(world, "/credentials", drift=(drifted(world, failing=True),))


def test_the_integrations_page_has_it_in_one_line_and_only_its_own(world: Any) -> None:
    assert "The API changes" not in page(world, "/integration/hubspot")
    shown = page(world, "/integration/hubspot", said(world))
    assert "The API changes" in shown
    assert "ends in 8 d" in shown
    assert "The API changes" not in page(world, "/integration/salesforce", said(world))


def test_a_finding_of_what_is_not_declared_any_more_breaks_no_page(world: Any) -> None:
    gone = drifted(world, integration="gone"), drifted(world, step="gone")
    assert "$.size" in page(world, "/credentials", said(world, integration="gone", api="gone"), drift=gone)
