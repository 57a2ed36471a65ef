"""What holds for each vendor of the registry, so that a new one is tested the day it is added."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from app.sandbox import Sandbox, start
from app.sandbox.vendors import VENDOR_SIMULATORS
from tests.support.sandbox_world import Caller, Clock, calling

pytestmark = pytest.mark.asyncio(loop_scope="module")

every_vendor = pytest.mark.parametrize("vendor", VENDOR_SIMULATORS)
every_token_vendor = pytest.mark.parametrize("vendor", ["hubspot", "salesforce", "marketo", "google_ads"])

# Status and the vendor's own sign, at the place in the body where it stands.
DENIED: dict[str, tuple[int, list[Any], Any]] = {
    "hubspot": (401, ["category"], "INVALID_AUTHENTICATION"),
    "salesforce": (401, [0, "errorCode"], "INVALID_SESSION_ID"),
    "marketo": (200, ["errors", 0, "code"], "601"),
    "meta": (400, ["error", "code"], 190),
    "google_ads": (401, ["error", "status"], "UNAUTHENTICATED"),
    "shopify": (401, ["errors"], "[API] Invalid API key or access token (unrecognized login or wrong password)"),
    "klaviyo": (401, ["errors", 0, "code"], "authentication_failed"),
    "github": (401, ["message"], "Bad credentials"),
}
THROTTLED: dict[str, tuple[int, list[Any], Any]] = {
    "hubspot": (429, ["policyName"], "TEN_SECONDLY_ROLLING"),
    "salesforce": (403, [0, "errorCode"], "REQUEST_LIMIT_EXCEEDED"),
    "marketo": (200, ["errors", 0, "code"], "606"),
    "meta": (403, ["error", "code"], 4),
    "google_ads": (429, ["error", "status"], "RESOURCE_EXHAUSTED"),
    "shopify": (
        429,
        ["errors"],
        "Exceeded 2 calls per second for api client. Reduce request rates to resume uninterrupted service.",
    ),
    "klaviyo": (429, ["errors", 0, "code"], "throttled"),
    "github": (403, ["documentation_url"], "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api"),
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Sandbox, Clock]]:
    """One sandbox for the module: there are a hundred tests."""
    clock = Clock()
    async with await start(
        tmp_path_factory.mktemp("sandbox"), ports_from=None, latency_scale=0, clock=clock, seed=7
    ) as running:
        yield running, clock


@pytest.fixture
def clock(shared: tuple[Sandbox, Clock]) -> Clock:
    # A minute later no rate limit remembers the test before.
    shared[1].advance(minutes=1)
    return shared[1]


@pytest_asyncio.fixture(loop_scope="module")
async def sandbox(shared: tuple[Sandbox, Clock], clock: Clock) -> AsyncIterator[Sandbox]:
    yield shared[0]
    for name in shared[0].vendors:
        await shared[0].clear_faults(name)


@pytest_asyncio.fixture(loop_scope="module")
async def caller(sandbox: Sandbox) -> AsyncIterator[Caller]:
    async with calling(sandbox) as made:
        yield made


def shows(answer: httpx.Response, expected: tuple[int, list[Any], Any]) -> None:
    status, path, value = expected
    found = answer.json()
    for part in path:
        found = found[part]
    assert (answer.status_code, found) == (status, value)


async def test_the_registry_names_each_vendor_as_it_names_itself() -> None:
    assert {name: kind.name for name, kind in VENDOR_SIMULATORS.items()} == {name: name for name in VENDOR_SIMULATORS}
    assert set(DENIED) == set(THROTTLED) == set(VENDOR_SIMULATORS)


@every_vendor
async def test_a_call_with_its_credentials_succeeds_over_tls(caller, vendor) -> None:
    answer = await caller.good_call(vendor)
    assert answer.is_success, answer.text
    assert answer.url.scheme == "https"


@every_vendor
async def test_a_wrong_credential_is_denied_in_the_vendors_words(caller, vendor) -> None:
    wrong = {name: value[:-4] + "zzzz" for name, value in (await caller.headers(vendor)).items()}
    if vendor == "klaviyo":
        wrong["revision"] = "2026-07-15"
    shows(await caller.good_call(vendor, wrong), DENIED[vendor])


@every_vendor
async def test_a_call_without_any_credential_is_denied(caller, vendor) -> None:
    answer = await caller.good_call(vendor, {})
    body = answer.text
    assert not answer.is_success or '"success":false' in body


@every_vendor
async def test_throttle_gives_the_vendors_own_throttled_form(caller, set_faults, vendor) -> None:
    await set_faults(vendor, throttle=True)
    shows(await caller.good_call(vendor), THROTTLED[vendor])


@every_vendor
async def test_a_revoked_credential_is_denied_and_works_again_when_cleared(caller, sandbox, set_faults, vendor) -> None:
    headers = await caller.headers(vendor)
    await set_faults(vendor, token_revoked=True)
    answer = await caller.good_call(vendor, headers)
    if vendor == "hubspot":
        assert answer.status_code == 401
    else:
        shows(answer, DENIED[vendor])
    await sandbox.clear_faults(vendor)
    assert (await caller.good_call(vendor, headers)).is_success


@every_token_vendor
async def test_a_revoked_credential_gets_no_new_token(caller, set_faults, vendor) -> None:
    await set_faults(vendor, token_revoked=True)
    answer = await caller.grant(vendor)
    assert answer.status_code in (400, 401)
    assert "access_token" not in answer.text


@every_token_vendor
async def test_a_wrong_client_secret_gets_no_token(caller, vendor) -> None:
    answer = await caller.grant(vendor, client_secret="wrong")
    assert answer.status_code in (400, 401)


@every_token_vendor
async def test_an_expired_token_is_denied(caller, clock, vendor) -> None:
    headers = await caller.headers(vendor)
    clock.advance(hours=3)
    answer = await caller.good_call(vendor, headers)
    assert answer.status_code == 401 or answer.json()["errors"][0]["code"] == "602"


@every_vendor
async def test_error_rate_one_breaks_every_api_call_but_no_token_call(caller, set_faults, vendor) -> None:
    await set_faults(vendor, error_rate=1)
    assert (await caller.good_call(vendor)).status_code >= 500


@every_vendor
async def test_error_rate_breaks_that_share_of_the_calls(caller, set_faults, vendor) -> None:
    await set_faults(vendor, error_rate=0.5)
    headers = await caller.headers(vendor)
    broken = [(await caller.good_call(vendor, headers)).status_code >= 500 for _ in range(8)]
    assert 0 < sum(broken) < 8


@every_vendor
async def test_a_corrupt_body_keeps_its_status_and_is_no_json(caller, set_faults, vendor) -> None:
    await set_faults(vendor, corrupt_body=True)
    answer = await caller.good_call(vendor)
    assert answer.is_success
    with pytest.raises((json.JSONDecodeError, UnicodeDecodeError)):
        answer.json()


@every_vendor
async def test_a_changed_schema_is_valid_json_without_what_it_had(caller, set_faults, vendor) -> None:
    before = (await caller.good_call(vendor)).json()
    await set_faults(vendor, schema_change=True)
    after = (await caller.good_call(vendor)).json()
    assert shape(before) != shape(after)


def shape(value: Any) -> Any:
    """Names and types without values."""
    if isinstance(value, dict):
        return {name: shape(item) for name, item in value.items()}
    return [shape(item) for item in value] if isinstance(value, list) else type(value).__name__


@every_vendor
async def test_an_unknown_path_is_not_found(caller, vendor) -> None:
    answer = await caller.call(vendor, "GET", "/no/such/path")
    assert answer.status_code in (400, 404) or answer.json()["errors"][0]["code"] == "610"
