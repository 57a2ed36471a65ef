"""The admin endpoint and its pages."""

from __future__ import annotations

from app.sandbox.faults import RECEIVER_FAULTS, VENDOR_FAULTS


async def test_faults_are_merged_shown_and_cleared(caller) -> None:
    url = caller.sandbox.admin_url + "/faults"
    assert (await caller.http.put(f"{url}/hubspot", json={"error-rate": 1})).json() == {"error-rate": 1.0}
    both = await caller.http.put(f"{url}/hubspot", json={"throttle": True})
    assert both.json() == {"error-rate": 1.0, "throttle": True}
    shown = (await caller.http.get(url)).json()
    assert shown["hubspot"] == both.json()
    assert shown["slack"] == {}
    assert (await caller.http.get(f"{url}/hubspot")).json() == both.json()
    assert (await caller.http.delete(f"{url}/hubspot/throttle")).json() == {"error-rate": 1.0}
    assert (await caller.http.delete(f"{url}/hubspot")).json() == {}


async def test_an_unknown_vendor_gets_the_list_of_the_known_ones(caller) -> None:
    answer = await caller.http.put(caller.sandbox.admin_url + "/faults/hubspott", json={"throttle": True})
    assert answer.status_code == 404
    assert answer.json()["error"].startswith("unknown vendor or receiver 'hubspott'; valid: hubspot, salesforce")


async def test_an_unknown_fault_gets_the_list_of_the_known_ones(caller) -> None:
    url = caller.sandbox.admin_url + "/faults"
    vendor = await caller.http.put(f"{url}/hubspot", json={"explode": True})
    receiver = await caller.http.delete(f"{url}/slack/explode")
    assert (vendor.status_code, receiver.status_code) == (400, 400)
    assert vendor.json()["error"] == f"unknown fault 'explode'; valid: {', '.join(VENDOR_FAULTS)}"
    assert receiver.json()["error"] == f"unknown fault 'explode'; valid: {', '.join(RECEIVER_FAULTS)}"


async def test_a_bad_value_or_body_is_refused_in_a_sentence(caller) -> None:
    url = caller.sandbox.admin_url + "/faults/hubspot"
    value = await caller.http.put(url, json={"error-rate": 7})
    body = await caller.http.put(url, content=b"throttle")
    nothing = await caller.http.put(url, json=[])
    method = await caller.http.post(url, json={})
    assert (value.status_code, value.json()["error"]) == (400, "error-rate takes a share from 0 to 1, not 7")
    assert body.json()["error"].startswith("the body is no JSON")
    assert nothing.json()["error"].startswith("the body names no fault")
    assert method.status_code == 405


async def test_the_front_page_shows_everything_and_no_credential(caller, set_faults) -> None:
    await set_faults("marketo", latency="x3")
    page = await caller.http.get(caller.sandbox.admin_url + "/")
    assert page.headers["content-type"].startswith("text/html")
    for word in ("HubSpot CRM", "PagerDuty Events v2", "latency=x3", "error-rate", 'href="/received/slack"'):
        assert word in page.text
    secrets = [v for name, v in caller.environ.items() if name.endswith(("_SECRET", "_TOKEN", "_KEY", "_PATH"))]
    assert len(secrets) >= 12
    assert not [secret for secret in secrets if secret in page.text]


async def test_what_was_received_is_json_for_programs_and_a_page_for_people(caller) -> None:
    await caller.http.post(caller.environ["SLACK_WEBHOOK_URL"], json={"text": "<script>alert(1)</script> & more"})
    url = caller.sandbox.admin_url + "/received/slack"
    as_json = (await caller.http.get(url)).json()
    page = (await caller.http.get(url, headers={"Accept": "text/html,*/*"})).text
    assert as_json["received"][0]["text"] == "<script>alert(1)</script> & more"
    assert "&lt;script&gt;" in page
    assert "<script>" not in page
    assert set((await caller.http.get(caller.sandbox.admin_url + "/received")).json()) >= {"slack", "smtp"}


async def test_a_receiver_can_be_emptied(caller) -> None:
    await caller.http.post(caller.environ["SLACK_WEBHOOK_URL"], json={"text": "x"})
    url = caller.sandbox.admin_url + "/received/slack"
    assert (await caller.http.delete(url)).json()["received"] == []
    assert (await caller.http.get(caller.sandbox.admin_url + "/received/fax")).status_code == 404


async def test_a_foreign_host_name_is_refused(caller) -> None:
    answer = await caller.http.get(caller.sandbox.admin_url + "/faults", headers={"Host": "evil.example"})
    assert answer.status_code == 403


async def test_an_unknown_page_is_not_found(caller) -> None:
    assert (await caller.http.get(caller.sandbox.admin_url + "/nothing")).status_code == 404
