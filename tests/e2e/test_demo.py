"""The whole path with real processes: vendors break, people are told once, and told when it is over."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import plain_http
import pytest
from chromium import chromium
from leadline_processes import PATIENCE_S, Demo, command, eventually
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with chromium() as browser:
        yield browser.new_page()


def reporting(demo: Demo) -> list[str]:
    return [i["name"] for i in demo.status().get("integrations", []) if i["last_run_at"] and i["state"] != "no_data"]


def test_eight_integrations_report_real_probes_within_90_seconds(demo: Demo) -> None:
    eventually(lambda: len(reporting(demo)) >= 8, within=90, what="eight integrations reporting")


def test_status_as_json_holds_the_fields_of_the_contract(demo: Demo) -> None:
    eventually(demo.status, what="status")
    done = command("status", "--json", "--data", str(demo.data))
    assert done.returncode == 0, done.stderr
    import json

    document = json.loads(done.stdout)
    assert set(document) >= {"integrations", "incidents", "probers"}
    expected = "name vendor state last_run_at runs_24h p95_ms normal_p95_ms availability_30d budget_left firing"
    for integration in document["integrations"]:
        assert set(expected.split()) <= set(integration)


def actions(demo: Demo, action: str, subject: str = "hubspot") -> list[dict[str, Any]]:
    events = demo.received("pagerduty")
    return [e for e in events if e["event_action"] == action and f"/{subject}/" in e["dedup_key"]]


def test_an_outage_is_one_page_whose_link_leads_to_the_evidence_and_its_end_resolves_the_same_key(
    demo: Demo, page: Page
) -> None:
    """03:00, in a real browser: from the page to the cause, the evidence, and the recovery seen live."""
    foreign: list[str] = []
    page.on("request", lambda request: foreign.append(request.url) if _is_foreign(request.url) else None)
    eventually(lambda: demo.state_of("hubspot") == "up", what="hubspot up")
    demo.fault("hubspot", "error-rate=1")
    try:
        [alert] = eventually(lambda: actions(demo, "trigger"), what="a page")
        eventually(lambda: demo.state_of("hubspot") == "down", what="hubspot down")
        assert "vendor" in str(alert["payload"])
        assert "create" in str(alert["payload"])
        page.goto(alert["links"][0]["href"])
        expect(page.get_by_text("contact-roundtrip DOWN").first).to_be_visible()
        expect(page.get_by_text("the vendor", exact=False).first).to_be_visible()
        evidence = alert["payload"]["custom_details"]["Evidence"].split(", ")[0]
        page.get_by_role("link", name=evidence).first.click()
        expect(page.get_by_text(evidence, exact=True)).to_be_visible()
        expect(page.get_by_text("authorization: [redacted]")).to_be_visible()
        page.goto(demo.url)
        expect(page.get_by_text("1 down")).to_be_visible()
    finally:
        demo.fault("hubspot", "clear")
    # No reload from here on: the page itself must say that it is over.
    expect(page.get_by_text("1 down")).to_be_hidden(timeout=PATIENCE_S * 1000)
    resolved = eventually(lambda: actions(demo, "resolve"), what="the resolve")
    assert [one["dedup_key"] for one in actions(demo, "trigger")] == [resolved[0]["dedup_key"]]
    assert len([m for m in demo.received("twilio") if "HubSpot" in str(m)]) <= 2  # the page, and that it is over
    assert foreign == []


def _is_foreign(url: str) -> bool:
    return urlsplit(url).scheme in ("http", "https", "ws", "wss") and urlsplit(url).hostname != "127.0.0.1"


def test_throttling_is_its_own_state_and_wakes_nobody(demo: Demo) -> None:
    eventually(lambda: "marketo" in reporting(demo), what="marketo reporting")
    demo.fault("marketo", "throttle")
    try:
        eventually(lambda: demo.state_of("marketo") == "throttled", what="marketo throttled")
        assert actions(demo, "trigger", "marketo") == []
    finally:
        demo.fault("marketo", "clear")
    # One of its workflows runs every two minutes.
    eventually(lambda: demo.state_of("marketo") == "up", what="marketo up again")


def test_a_corrupt_body_in_a_200_is_a_failure(demo: Demo) -> None:
    eventually(lambda: "klaviyo" in reporting(demo), what="klaviyo reporting")
    demo.fault("klaviyo", "corrupt-body")
    try:
        eventually(lambda: demo.state_of("klaviyo") == "down", what="klaviyo down")
        [page] = eventually(lambda: actions(demo, "trigger", "klaviyo"), what="a page")
        assert "body" in str(page["payload"])
    finally:
        demo.fault("klaviyo", "clear")
    eventually(lambda: demo.state_of("klaviyo") != "down", what="klaviyo recovered")


def test_an_unknown_vendor_or_fault_is_named_with_the_ones_there_are(demo: Demo) -> None:
    vendor = command("demo", "fault", "hubspt", "throttle", "--data", str(demo.data))
    assert vendor.returncode == 2
    assert "hubspot" in vendor.stderr
    fault = command("demo", "--data", str(demo.data), "fault", "hubspot", "trottle")
    assert fault.returncode == 2
    assert "throttle" in fault.stderr


def test_the_hub_turns_away_a_foreign_host_name(demo: Demo) -> None:
    answer = plain_http.get(f"{demo.url}/api/v1/status", headers={"Host": "evil.example"})
    assert answer.status_code == 400
