"""Each vendor's own habits: quota headers, codes, limits that are really counted."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta

import pytest

from app.sandbox.limits import CalendarDay, FixedWindow, RollingWindow


async def test_marketo_returns_the_same_token_with_the_life_it_has_left(caller, clock) -> None:
    first = (await caller.grant("marketo")).json()
    clock.advance(seconds=100)
    second = (await caller.grant("marketo")).json()
    assert first["access_token"] == second["access_token"]
    assert (first["expires_in"], second["expires_in"]) == (3600, 3500)


async def test_marketo_counts_a_hundred_calls_in_twenty_seconds(caller, clock) -> None:
    headers = await caller.headers("marketo")
    codes = []
    for _ in range(101):
        answer = await caller.call("marketo", "GET", "/rest/v1/stats/usage.json", headers=headers)
        codes.append(answer.json().get("errors", [{"code": "ok"}])[0]["code"])
    assert codes == ["ok"] * 100 + ["606"]
    assert answer.status_code == 200
    clock.advance(seconds=21)
    assert (await caller.good_call("marketo", headers)).json()["success"]


async def test_marketo_says_607_when_the_day_is_spent(caller) -> None:
    caller.sandbox.vendors["marketo"].daily = CalendarDay(limit=2, timezone="US/Central")
    headers = await caller.headers("marketo")
    answers = [(await caller.good_call("marketo", headers)).json() for _ in range(3)]
    assert [answer["success"] for answer in answers] == [True, True, False]
    assert answers[-1]["errors"][0]["code"] == "607"


async def test_marketo_refuses_the_eleventh_call_at_a_time(caller, set_faults) -> None:
    headers = await caller.headers("marketo")
    await set_faults("marketo", latency=1500)
    answers = await asyncio.gather(*(caller.good_call("marketo", headers) for _ in range(11)))
    codes = [answer.json().get("errors", [{"code": "ok"}])[0]["code"] for answer in answers]
    assert sorted(codes) == ["615"] + ["ok"] * 10


async def test_marketo_finds_and_deletes_what_was_upserted(caller) -> None:
    headers = await caller.headers("marketo")
    created = (await caller.good_call("marketo", headers)).json()["result"][0]
    updated = (await caller.good_call("marketo", headers)).json()["result"][0]
    assert (created["status"], updated["status"], created["id"]) == ("created", "updated", updated["id"])
    query = {"filterType": "email", "filterValues": "a@example.com"}
    found = await caller.call("marketo", "GET", "/rest/v1/leads.json", headers=headers, params=query)
    assert found.json()["result"][0]["id"] == created["id"]
    body = {"input": [{"id": created["id"]}]}
    for status in ("deleted", "skipped"):
        gone = await caller.call("marketo", "POST", "/rest/v1/leads/delete.json", headers=headers, json=body)
        assert gone.json()["result"][0]["status"] == status


async def test_hubspot_search_lags_behind_the_write(caller, clock) -> None:
    headers = await caller.headers("hubspot")
    method, path, body = caller.good_request("hubspot")
    created = (await caller.call("hubspot", method, path, headers=headers, json=body)).json()
    email = body["properties"]["email"]
    wanted = {"filterGroups": [{"filters": [{"propertyName": "email", "operator": "EQ", "value": email}]}]}
    search = ("hubspot", "POST", "/crm/v3/objects/contacts/search")
    early = await caller.call(*search, headers=headers, json=wanted)
    clock.advance(seconds=1.6)
    late = await caller.call(*search, headers=headers, json=wanted)
    assert (early.json()["total"], late.json()["total"]) == (0, 1)
    assert late.json()["results"][0]["id"] == created["id"]
    assert not [name for name in late.headers if "ratelimit" in name]


async def test_hubspot_reports_the_day_to_private_apps_only(caller) -> None:
    oauth = (await caller.good_call("hubspot")).headers
    private = {"Authorization": f"Bearer {caller.environ['HUBSPOT_PRIVATE_APP_TOKEN']}"}
    app = (await caller.good_call("hubspot", private)).headers
    assert "x-hubspot-ratelimit-daily" not in oauth
    assert oauth["x-hubspot-ratelimit-interval-milliseconds"] == "10000"
    assert (oauth["x-hubspot-ratelimit-max"], oauth["x-hubspot-ratelimit-remaining"]) == ("110", "109")
    assert app["x-hubspot-ratelimit-daily"] == "250000"
    assert int(app["x-hubspot-ratelimit-daily-remaining"]) < 250000
    assert app["x-hubspot-correlation-id"]


async def test_hubspot_gives_a_token_for_a_refresh_token_too(caller) -> None:
    refresh = caller.environ["HUBSPOT_REFRESH_TOKEN"]
    answer = await caller.grant("hubspot", grant_type="refresh_token", refresh_token=refresh)
    assert answer.json()["refresh_token"] == refresh
    refused = await caller.grant("hubspot", grant_type="refresh_token", refresh_token="stolen")
    assert (refused.status_code, refused.json()["status"]) == (400, "BAD_REFRESH_TOKEN")


async def test_hubspot_counts_110_calls_in_ten_seconds(caller) -> None:
    headers = await caller.headers("hubspot")
    statuses = [
        (await caller.call("hubspot", "GET", "/crm/v3/objects/contacts/1", headers=headers)).status_code
        for _ in range(111)
    ]
    assert statuses == [404] * 110 + [429]


async def test_hubspot_usage_is_told_to_private_apps(caller) -> None:
    private = {"Authorization": f"Bearer {caller.environ['HUBSPOT_PRIVATE_APP_TOKEN']}"}
    path = "/account-info/v3/api-usage/daily/private-apps"
    row = (await caller.call("hubspot", "GET", path, headers=private)).json()["results"][0]
    assert row["usageLimit"] == 250_000
    assert row["currentUsage"] > 0
    assert (await caller.call("hubspot", "GET", path)).status_code == 403


async def test_salesforce_tells_used_and_limit_and_agrees_with_its_limits_resource(caller) -> None:
    headers = await caller.headers("salesforce")
    created = await caller.good_call("salesforce", headers)
    assert created.headers["sforce-limit-info"] == "api-usage=10001/100000"
    limits = (await caller.call("salesforce", "GET", "/services/data/v61.0/limits", headers=headers)).json()
    assert limits["DailyApiRequests"] == {"Max": 100_000, "Remaining": 89_998}


async def test_salesforce_queries_reads_and_deletes_a_lead(caller) -> None:
    headers = await caller.headers("salesforce")
    lead_id = (await caller.good_call("salesforce", headers)).json()["id"]
    query = {"q": "SELECT Id, Company FROM Lead WHERE Email = 'a@example.com'"}
    found = await caller.call("salesforce", "GET", "/services/data/v61.0/query", headers=headers, params=query)
    assert (found.json()["totalSize"], found.json()["records"][0]["Id"]) == (1, lead_id)
    path = f"/services/data/v61.0/sobjects/Lead/{lead_id}"
    assert (await caller.call("salesforce", "GET", path, headers=headers)).json()["Company"] == "Leadline"
    statuses = [(await caller.call("salesforce", "DELETE", path, headers=headers)).status_code for _ in range(2)]
    assert statuses == [204, 404]


async def test_salesforce_names_the_fields_that_are_missing(caller) -> None:
    answer = await caller.call("salesforce", "POST", "/services/data/v61.0/sobjects/Lead", json={"LastName": "x"})
    assert (answer.status_code, answer.json()[0]["fields"]) == (400, ["Company"])


@pytest.mark.parametrize(
    ("version", "status", "warns"), [("30.0", 410, False), ("40.0", 200, True), ("61.0", 200, False)]
)
async def test_salesforce_versions_die(caller, version, status, warns) -> None:
    answer = await caller.call("salesforce", "GET", f"/services/data/v{version}/limits")
    assert (answer.status_code, "warning" in answer.headers) == (status, warns)


async def test_meta_reports_usage_as_percentages_in_json(caller) -> None:
    headers = (await caller.good_call("meta")).headers
    assert set(json.loads(headers["x-app-usage"])) == {"call_count", "total_time", "total_cputime"}
    usage = json.loads(headers["x-business-use-case-usage"])[caller.environ["META_PIXEL_ID"]][0]
    assert usage["estimated_time_to_regain_access"] == 0
    assert "x-ad-api-version-warning" not in headers


async def test_meta_counts_an_event_id_once_and_scores_the_match_quality(caller) -> None:
    path = f"/v21.0/{caller.environ['META_PIXEL_ID']}/events"
    for _ in range(2):
        answer = await caller.call("meta", "POST", path, json={"data": [caller.event("same", ph=["cd" * 32])]})
        assert answer.json()["events_received"] == 1
    query = {"dataset_id": caller.environ["META_PIXEL_ID"]}
    row = (await caller.call("meta", "GET", "/v21.0/dataset_quality", params=query)).json()["web"][0]
    assert row["event_match_quality"]["composite_score"] == 7.0
    assert row["dedupe_key_feedback"][0]["overall_browser_coverage_from_dedupe_key"]["percentage"] == 100.0


async def test_meta_upgrades_an_old_version_with_a_warning_and_refuses_a_dead_one(caller) -> None:
    pixel = caller.environ["META_PIXEL_ID"]
    old = await caller.call("meta", "POST", f"/v19.0/{pixel}/events", json={"data": [caller.event("1")]})
    dead = await caller.call("meta", "POST", f"/v12.0/{pixel}/events", json={"data": [caller.event("1")]})
    assert "auto-upgraded to v21.0" in old.headers["x-ad-api-version-warning"]
    assert dead.json()["error"]["code"] == 2635


async def test_meta_says_17_when_the_pixel_is_over_and_4_when_the_app_is(caller) -> None:
    vendor = caller.sandbox.vendors["meta"]
    vendor.pixel_calls, vendor.app_calls = (RollingWindow(limit, timedelta(hours=1)) for limit in (1, 2))
    answers = [await caller.good_call("meta") for _ in range(3)]
    assert answers[0].status_code == 200
    assert [answer.json()["error"]["code"] for answer in answers[1:]] == [17, 4]
    assert json.loads(answers[1].headers["x-app-usage"])["call_count"] == 100


async def test_google_ads_is_exhausted_after_its_operations_without_a_header_that_told(caller) -> None:
    caller.sandbox.vendors["google_ads"].operations = CalendarDay(limit=1, timezone="America/Los_Angeles")
    fine, refused = [await caller.good_call("google_ads") for _ in range(2)]
    assert set(fine.headers) == {"date", "content-type", "content-length", "request-id"}
    error = refused.json()["error"]
    details = error["details"][0]["errors"][0]["details"]["quotaErrorDetails"]
    assert (refused.status_code, error["status"], details["rateScope"]) == (429, "RESOURCE_EXHAUSTED", "DEVELOPER")


async def test_google_ads_throttling_carries_a_retry_delay(caller, set_faults) -> None:
    await set_faults("google_ads", throttle=True)
    error = (await caller.good_call("google_ads")).json()["error"]["details"][0]["errors"][0]
    assert error["errorCode"] == {"quotaError": "RESOURCE_EXHAUSTED"}
    assert error["details"]["quotaErrorDetails"]["retryDelay"] == "30s"


async def test_google_ads_reports_a_bad_conversion_inside_a_200(caller) -> None:
    path = f"/v25/customers/{caller.environ['GOOGLE_ADS_CUSTOMER_ID']}:uploadClickConversions"
    good = {"gclid": "x", "conversionAction": "y", "conversionDateTime": "2026-11-18 12:00:00+00:00"}
    fine = await caller.call("google_ads", "POST", path, json={"conversions": [good], "partialFailure": True})
    bad = await caller.call("google_ads", "POST", path, json={"conversions": [{**good, "gclid": ""}]})
    assert fine.json() == {"results": [good]}
    assert (bad.status_code, bad.json()["partialFailureError"]["code"]) == (200, 3)


async def test_google_ads_wants_a_developer_token(caller) -> None:
    headers = await caller.headers("google_ads")
    del headers["developer-token"]
    error = (await caller.good_call("google_ads", headers)).json()["error"]["details"][0]["errors"][0]
    assert error["errorCode"] == {"requestError": "DEVELOPER_TOKEN_PARAMETER_MISSING"}


async def test_github_counts_down_and_its_rate_limit_resource_is_free(caller) -> None:
    first = (await caller.good_call("github")).headers
    assert (first["x-ratelimit-limit"], first["x-ratelimit-remaining"]) == ("5000", "4999")
    assert first["x-ratelimit-resource"] == "core"
    for _ in range(2):
        answer = await caller.call("github", "GET", "/rate_limit")
        assert answer.json()["rate"]["remaining"] == 4999
    assert int(first["x-ratelimit-reset"]) == answer.json()["rate"]["reset"]


async def test_github_answers_403_with_nothing_remaining_when_the_hour_is_spent(caller, clock) -> None:
    caller.sandbox.vendors["github"].core = FixedWindow(limit=1, window=timedelta(hours=1))
    fine, refused = [await caller.good_call("github") for _ in range(2)]
    assert (fine.status_code, refused.status_code, refused.headers["x-ratelimit-remaining"]) == (200, 403, "0")
    clock.advance(hours=1)
    assert (await caller.good_call("github")).status_code == 200


async def test_shopify_bucket_fills_overflows_and_leaks(caller, clock) -> None:
    levels = []
    for _ in range(41):
        answer = await caller.call("shopify", "GET", "/admin/api/2026-07/shop.json")
        levels.append(answer.headers["x-shopify-shop-api-call-limit"])
    assert (levels[0], levels[39], levels[40]) == ("1/40", "40/40", "40/40")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "2.0")
    clock.advance(seconds=10)
    after = await caller.call("shopify", "GET", "/admin/api/2026-07/shop.json")
    assert after.headers["x-shopify-shop-api-call-limit"] == "21/40"


async def test_shopify_graphql_costs_points_and_throttles_inside_a_200(caller, set_faults) -> None:
    path, query = "/admin/api/2026-07/graphql.json", {"query": "{ products(first: 8) { nodes { id } } }"}
    fine = (await caller.call("shopify", "POST", path, json=query)).json()
    cost = fine["extensions"]["cost"]
    assert (cost["requestedQueryCost"], cost["actualQueryCost"]) == (11, 11)
    assert cost["throttleStatus"] == {"maximumAvailable": 2000.0, "currentlyAvailable": 1989, "restoreRate": 100.0}
    await set_faults("shopify", throttle=True)
    throttled = await caller.call("shopify", "POST", path, json=query)
    assert throttled.status_code == 200
    assert throttled.json()["errors"][0]["extensions"]["code"] == "THROTTLED"


async def test_shopify_graphql_points_run_out_and_come_back(caller, clock) -> None:
    path, query = "/admin/api/2026-07/graphql.json", {"query": "{ products(first: 900) { nodes { id } } }"}
    answers = [(await caller.call("shopify", "POST", path, json=query)).json() for _ in range(3)]
    assert ["errors" in answer for answer in answers] == [False, False, True]
    clock.advance(seconds=10)
    assert "errors" not in (await caller.call("shopify", "POST", path, json=query)).json()


async def test_shopify_falls_forward_from_an_old_version_and_says_so(caller) -> None:
    old = (await caller.call("shopify", "GET", "/admin/api/2024-01/shop.json")).headers
    new = (await caller.call("shopify", "GET", "/admin/api/2026-07/shop.json")).headers
    assert (old["x-shopify-api-version"], new["x-shopify-api-version"]) == ("2025-10", "2026-07")
    assert "x-shopify-api-deprecated-reason" in old
    assert "x-shopify-api-deprecated-reason" not in new


async def test_klaviyo_reports_the_steady_window_and_swaps_it_for_retry_after(caller, clock) -> None:
    fine = (await caller.good_call("klaviyo")).headers
    assert (fine["ratelimit-limit"], fine["ratelimit-remaining"], fine["ratelimit-reset"]) == ("150", "149", "60")
    clock.advance(seconds=2)
    for _ in range(11):
        answer = await caller.call("klaviyo", "GET", "/api/accounts")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
    assert not [name for name in answer.headers if name.startswith("ratelimit")]


async def test_klaviyo_wants_a_revision_and_knows_duplicates(caller) -> None:
    headers = await caller.headers("klaviyo")
    bare = {"Authorization": headers["Authorization"]}
    assert (await caller.good_call("klaviyo", bare)).status_code == 400
    method, path, body = caller.good_request("klaviyo")
    created = await caller.call("klaviyo", method, path, headers=headers, json=body)
    again = await caller.call("klaviyo", method, path, headers=headers, json=body)
    error = again.json()["errors"][0]
    assert (again.status_code, error["code"]) == (409, "duplicate_profile")
    assert error["meta"]["duplicate_profile_id"] == created.json()["data"]["id"]
