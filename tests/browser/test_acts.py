"""Acting from any page through one dialog, and the pages of promises and weeks, in a real browser."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from alerts.store import audit_log, open_incidents
from metrics.store.run_requests import note_answers, run_requests
from probes.model import RequestAnswer, RequestState

pytestmark = pytest.mark.slow

NO_SIDEWAYS = "() => document.querySelector('main').scrollWidth <= document.querySelector('main').clientWidth"


def outage(site: Any) -> Any:
    return next(one for one in site.world.store.read(open_incidents) if one.subject == "hubspot")


def test_an_incident_is_taken_and_muted_from_the_list_with_the_keyboard(visitor: Any, site: Any) -> None:
    found = outage(site)
    page = visitor.open("/incidents")
    card = f"#incident-{found.incident_id}"
    page.focus(f"{card} [data-act-open=acknowledge]")
    page.keyboard.press("Enter")
    page.wait_for_selector(".act-dialog[open]")
    assert page.is_disabled(".act-dialog .primary")
    page.keyboard.press("Escape")
    page.wait_for_selector(".act-dialog", state="detached")
    page.wait_for_function("() => document.activeElement.dataset.actOpen === 'acknowledge'")
    page.keyboard.press("Enter")
    page.keyboard.type("ada")
    page.keyboard.press("Enter")
    page.wait_for_selector(f"{card}:has-text('acknowledged by ada')")
    page.wait_for_selector("#acts-told:has-text('acknowledged by ada')")
    page.click(f"{card} [data-act-open=silence]")
    page.wait_for_selector(f".act-dialog .preview:has-text('Would mute now: {found.title}')")
    page.fill(".act-dialog [name=match]", "integration=nobody")
    page.wait_for_selector(".act-dialog .preview:has-text('no open incident')")
    page.fill(".act-dialog [name=match]", "subject=hubspot")
    page.click(".act-dialog .chip:has-text('4 h')")
    page.fill(".act-dialog textarea", "known")
    assert "as ada" in page.inner_text(".act-dialog")
    page.click(".act-dialog .primary")
    page.wait_for_selector("td:has-text('subject hubspot')")
    page.evaluate("() => document.querySelectorAll('#acts-told .close').forEach((one) => one.click())")
    page.click("[data-act-open=end-silence]")
    page.click(".act-dialog .primary")
    page.wait_for_selector("text=Nothing is silenced.")
    acts = [(row.who, row.action) for row in site.world.store.read(audit_log)[:3]]
    assert acts == [("ada", "silence.end"), ("ada", "silence.add"), ("ada", "incident.acknowledge")]


def test_a_run_is_asked_for_and_its_result_linked_without_a_reload(visitor: Any, site: Any) -> None:
    world = site.world
    page = visitor.open(f"/incident/{outage(site).incident_id}")
    page.click("text=Run roundtrip now")
    page.wait_for_selector(".act-dialog:has-text('outside the timetable')")
    page.fill(".act-dialog [name=author]", "ada")
    page.click(".act-dialog .primary")
    page.wait_for_selector("#acts-told:has-text('asked for')")
    now = datetime.now(UTC)
    (asked,) = world.store.read(lambda con: run_requests(con, now))
    run_id = UUID(world.failed_run())
    declined = RequestAnswer(asked.request_id, RequestState.RUNNING)
    done = RequestAnswer(asked.request_id, RequestState.DONE, run_id)
    world.store.write(lambda con: note_answers(con, [declined, done], asked.region, now)).result()
    page.click("#acts-told a:has-text('failed – open the run')")
    page.wait_for_url(f"**/run/{run_id}")


def test_promises_and_weeks_read_well_on_a_phone_and_are_a_key_away(visitor: Any) -> None:
    page = visitor.open("/incidents")
    page.keyboard.press("g")
    page.keyboard.press("b")
    page.wait_for_url("**/objectives")
    page.wait_for_selector(".burn-down")
    page.click(".chip:has-text('critical')")
    page.wait_for_url("**/objectives?tier=critical")
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_function(NO_SIDEWAYS)
    page = visitor.open("/weekly")
    page.click(".review-around a:has-text('so far')")
    page.wait_for_selector("h1:has-text('so far')")
    page.wait_for_function(NO_SIDEWAYS)
    assert page.locator(".review-files a[href*='format=pdf']").count() == 1
    page.emulate_media(media="print")
    assert page.is_hidden(".review-around")
