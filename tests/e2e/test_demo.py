"""The whole path with real processes: vendors break, people are told once, and told when it is over."""

from __future__ import annotations

from typing import Any

import plain_http
import pytest
from leadline_processes import Demo, command, eventually

pytestmark = pytest.mark.slow


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


def test_an_outage_is_one_page_and_one_sms_and_its_end_resolves_the_same_key(demo: Demo) -> None:
    eventually(lambda: demo.state_of("hubspot") == "up", what="hubspot up")
    demo.fault("hubspot", "error-rate=1")
    try:
        pages = eventually(lambda: actions(demo, "trigger"), what="a page")
        eventually(lambda: demo.state_of("hubspot") == "down", what="hubspot down")
        details = str(pages[0]["payload"])
        assert "vendor" in details
        assert "create" in details
        evidence = pages[0]["payload"]["custom_details"]["Evidence"].split(", ")[0]
        assert plain_http.get(f"{demo.url}/evidence/{evidence}").status_code == 200
    finally:
        demo.fault("hubspot", "clear")
    resolved = eventually(lambda: actions(demo, "resolve"), what="the resolve")
    assert [page["dedup_key"] for page in actions(demo, "trigger")] == [resolved[0]["dedup_key"]]
    assert len([m for m in demo.received("twilio") if "HubSpot" in str(m)]) <= 2  # the page, and that it is over


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
