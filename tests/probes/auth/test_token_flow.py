"""One token per credential: fetched once, renewed before it expires, dropped when it is rejected."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from probes.auth import AuthFailure, TokenCache, authenticator_for
from probes.model import FailureKind

NewRequest = Callable[[], httpx.Request]


def granted(request: httpx.Request, access: str = "token-1", **more: object) -> httpx.Response:
    body = {"access_token": access, "token_type": "bearer", "expires_in": 3600, **more}
    return httpx.Response(200, json=body, request=request)


def fetch(auth: Any, request: httpx.Request, access: str = "token-1", **more: object) -> httpx.Request:
    """Drives one flow that must fetch; gives back the request as it is sent to the API."""
    flow = auth.auth_flow(request)
    asked = next(flow)
    assert asked.url.host == "auth.example.com"
    sent: httpx.Request = flow.send(granted(asked, access, **more))
    flow.close()
    return sent


def sent_without_asking(auth: Any, request: httpx.Request) -> str:
    """Drives one flow that must not fetch; gives back the token that it used."""
    sent: httpx.Request = next(auth.auth_flow(request))
    assert sent.url.host == "api.example.com"
    return sent.headers["authorization"].removeprefix("Bearer ")


def form(request: httpx.Request) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(request.content.decode()).items()}


def test_the_client_is_sent_in_the_body_by_default(bench: Any, request_to_api: NewRequest) -> None:
    auth = bench.client_credentials(scopes=["a", "b"], audience="aud", params={"resource": "r", "grant_type": "x"})
    asked = next(auth.auth_flow(request_to_api()))
    assert (asked.method, str(asked.url)) == ("POST", "https://auth.example.com/token")
    assert form(asked) == {
        "grant_type": "client_credentials",
        "scope": "a b",
        "audience": "aud",
        "resource": "r",
        "client_id": "client-1",
        "client_secret": "s3cr3t/+ü value",
    }


def test_basic_client_auth_encodes_both_parts_and_leaves_the_body_clean(bench: Any, request_to_api: NewRequest) -> None:
    asked = next(bench.client_credentials(client_auth="basic").auth_flow(request_to_api()))
    user, _, password = base64.b64decode(asked.headers["authorization"].split()[1]).decode().partition(":")
    assert (user, password) == ("client-1", "s3cr3t%2F%2B%C3%BC+value")
    assert form(asked) == {"grant_type": "client_credentials"}


def test_marketos_identity_endpoint_is_asked_by_get(bench: Any, request_to_api: NewRequest) -> None:
    asked = next(bench.client_credentials(method="get").auth_flow(request_to_api()))
    assert (asked.method, asked.content) == ("GET", b"")
    assert dict(asked.url.params) == {
        "grant_type": "client_credentials",
        "client_id": "client-1",
        "client_secret": "s3cr3t/+ü value",
    }


def test_the_token_request_has_the_timeouts_of_the_request_that_needs_it(bench: Any) -> None:
    timeout = {"connect": 1.0, "read": 2.0, "write": 3.0, "pool": 4.0}
    request = httpx.Request("GET", "https://api.example.com/", extensions={"timeout": timeout, "trace": object()})
    assert next(bench.client_credentials().auth_flow(request)).extensions == {"timeout": timeout}


def test_a_token_is_fetched_once_for_all_workflows(bench: Any, request_to_api: NewRequest) -> None:
    sent = fetch(bench.client_credentials(), request_to_api())
    assert sent.headers["authorization"] == "Bearer token-1"
    assert sent_without_asking(bench.client_credentials(), request_to_api()) == "token-1"


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"client_id": "client-2"}, id="another client"),
        pytest.param({"client_secret": "${env:KEY}"}, id="a rotated secret"),
        pytest.param({"scopes": ["admin"]}, id="another scope"),
        pytest.param({"token_url": "https://auth.example.com/other"}, id="another endpoint"),
    ],
)
def test_what_makes_another_token_is_not_given_this_one(
    bench: Any, request_to_api: NewRequest, other: dict[str, Any]
) -> None:
    fetch(bench.client_credentials(), request_to_api())
    assert fetch(bench.client_credentials(**other), request_to_api(), "token-2").headers["authorization"].endswith("2")


@pytest.mark.parametrize(
    ("life", "still_good_at", "renewed_at"),
    [
        pytest.param(3600, 3539, 3540, id="a minute before the end of a long life"),
        pytest.param(100, 89, 90, id="a tenth before the end of a short one"),
    ],
)
def test_a_token_is_renewed_before_it_expires(
    bench: Any, request_to_api: NewRequest, life: int, still_good_at: int, renewed_at: int
) -> None:
    auth = bench.client_credentials()
    fetch(auth, request_to_api(), expires_in=life)
    bench.clock.advance(seconds=still_good_at)
    assert sent_without_asking(auth, request_to_api()) == "token-1"
    bench.clock.advance(seconds=renewed_at - still_good_at)
    assert fetch(auth, request_to_api(), "token-2").headers["authorization"] == "Bearer token-2"


@pytest.mark.parametrize(
    ("expires_in", "life"),
    [
        pytest.param("1800", 1800, id="seconds as text"),
        pytest.param(None, 600, id="none at all, as Salesforce"),
        pytest.param(-5, 600, id="a negative life"),
        pytest.param("soon", 600, id="a word"),
        pytest.param(True, 600, id="a truth value"),
        pytest.param(10**11, 365 * 86400, id="three thousand years"),
    ],
)
def test_the_life_of_a_token_is_the_vendors_or_the_declared_one(
    bench: Any, request_to_api: NewRequest, expires_in: object, life: float
) -> None:
    auth = bench.client_credentials(token_lifetime="10m")
    fetch(auth, request_to_api(), expires_in=expires_in)
    bench.clock.advance(seconds=life - min(60, life / 10) - 1)
    assert sent_without_asking(auth, request_to_api()) == "token-1"
    bench.clock.advance(seconds=1)
    fetch(auth, request_to_api())


def test_a_token_that_is_dead_on_arrival_serves_the_request_it_was_fetched_for(
    bench: Any, request_to_api: NewRequest
) -> None:
    auth = bench.client_credentials()
    assert fetch(auth, request_to_api(), expires_in=0).headers["authorization"] == "Bearer token-1"
    fetch(auth, request_to_api(), "token-2")


def test_a_401_is_not_retried_silently_and_the_next_attempt_fetches_anew(
    bench: Any, request_to_api: NewRequest
) -> None:
    auth = bench.client_credentials()
    fetch(auth, request_to_api())
    flow = auth.auth_flow(request_to_api())
    sent = next(flow)
    with pytest.raises(StopIteration):
        flow.send(httpx.Response(401, request=sent))
    assert fetch(auth, request_to_api(), "token-2").headers["authorization"] == "Bearer token-2"


def test_a_403_leaves_the_token_alone(bench: Any, request_to_api: NewRequest) -> None:
    auth = bench.client_credentials()
    fetch(auth, request_to_api())
    flow = auth.auth_flow(request_to_api())
    sent = next(flow)
    with pytest.raises(StopIteration):
        flow.send(httpx.Response(403, request=sent))
    assert sent_without_asking(auth, request_to_api()) == "token-1"


def test_a_late_rejection_of_an_old_token_keeps_the_new_one(bench: Any, request_to_api: NewRequest) -> None:
    auth = bench.client_credentials()
    old = fetch(auth, request_to_api())
    assert auth.invalidate(old) is True
    fetch(auth, request_to_api(), "token-2")
    assert auth.invalidate(old) is True
    assert sent_without_asking(auth, request_to_api()) == "token-2"


def test_a_rejection_within_a_200_drops_the_token_too(bench: Any, request_to_api: NewRequest) -> None:
    auth = bench.client_credentials()
    fetch(auth, request_to_api())
    assert auth.invalidate() is True
    fetch(auth, request_to_api(), "token-2")


def test_a_rotated_refresh_token_replaces_the_configured_one(bench: Any, request_to_api: NewRequest) -> None:
    auth = bench.refresh_token()
    asked = next(auth.auth_flow(request_to_api()))
    assert form(asked)["refresh_token"] == "refresh-first"
    assert form(asked)["grant_type"] == "refresh_token"
    fetch(auth, request_to_api(), refresh_token="refresh-second")
    auth.invalidate()
    assert form(next(bench.refresh_token().auth_flow(request_to_api())))["refresh_token"] == "refresh-second"


def test_a_new_consent_in_the_configuration_beats_a_rotated_token(bench: Any, request_to_api: NewRequest) -> None:
    fetch(bench.refresh_token(), request_to_api(), refresh_token="refresh-second")
    bench.environ["REFRESH"] = "refresh-after-consent"
    asked = next(bench.refresh_token().auth_flow(request_to_api()))
    assert form(asked)["refresh_token"] == "refresh-after-consent"


def test_a_failed_fetch_is_raised_and_the_request_is_never_sent(bench: Any, request_to_api: NewRequest) -> None:
    flow = bench.client_credentials().auth_flow(request_to_api())
    asked = next(flow)
    with pytest.raises(AuthFailure) as caught:
        flow.send(httpx.Response(401, json={"error": "invalid_client"}, request=asked))
    assert caught.value.kind is FailureKind.AUTH
    assert caught.value.failure.retryable is False


def test_a_token_shows_no_part_of_itself(bench: Any, request_to_api: NewRequest) -> None:
    fetch(bench.client_credentials(), request_to_api())
    assert "token-1" not in repr(bench.tokens.__dict__)


class Vendor:
    """A token endpoint and an API that count, and that answer only when every flow is under way."""

    def __init__(self) -> None:
        self.grants = 0
        self.seen: list[str] = []

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0)
        if request.url.host == "auth.example.com":
            self.grants += 1
            return granted(request, f"token-{self.grants}")
        self.seen.append(request.headers["authorization"])
        return httpx.Response(200, json={})


async def test_concurrent_flows_of_one_credential_fetch_one_token(bench: Any) -> None:
    vendor = Vendor()
    async with httpx.AsyncClient(transport=httpx.MockTransport(vendor)) as client:
        auths = [bench.client_credentials() for _ in range(10)]
        await asyncio.gather(*(client.get("https://api.example.com/", auth=auth) for auth in auths))
    assert vendor.grants == 1
    assert vendor.seen == ["Bearer token-1"] * 10


async def test_a_cancelled_fetch_lets_the_next_one_through(bench: Any) -> None:
    stuck, vendor = asyncio.Event(), Vendor()

    async def hang(request: httpx.Request) -> httpx.Response:
        stuck.set()
        await asyncio.Event().wait()
        raise AssertionError

    async with httpx.AsyncClient(transport=httpx.MockTransport(hang)) as client:
        first = asyncio.create_task(client.get("https://api.example.com/", auth=bench.client_credentials()))
        await stuck.wait()
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
    async with httpx.AsyncClient(transport=httpx.MockTransport(vendor)) as client:
        answer = await client.get("https://api.example.com/", auth=bench.client_credentials())
    assert answer.status_code == 200


async def test_a_transport_error_at_the_token_endpoint_passes_through(bench: Any) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectTimeout("timed out", request=request)

    async with httpx.AsyncClient(transport=httpx.MockTransport(refuse)) as client:
        with pytest.raises(httpx.ConnectTimeout):
            await client.get("https://api.example.com/", auth=bench.client_credentials())


def test_caches_do_not_share_tokens(bench: Any, request_to_api: NewRequest) -> None:
    fetch(bench.client_credentials(), request_to_api())
    bench.tokens = TokenCache()
    fetch(bench.client_credentials(), request_to_api())


def test_a_resolved_integrations_spec_is_read_as_well(bench: Any) -> None:
    from config.model import Integration
    from config.secrets import resolve_integration

    options = {"token_url": "${env:HOST}/token", "client_id": "${env:ID}", "client_secret": "${env:SECRET}"}
    integration = Integration.model_validate(
        {
            "integration": "acme",
            "base_url": "https://api.example.com",
            "auth": {"kind": "oauth2_client_credentials", **options},
            "workflows": [{"name": "w", "steps": [{"name": "s", "request": {"path": "/"}}]}],
        }
    )
    resolved = resolve_integration(integration, bench.environ)
    for spec in (integration.auth, resolved.auth):
        auth = authenticator_for(spec, bench.environ, tokens=bench.tokens, clock=bench.clock)
        assert auth.credential == bench.client_credentials().credential
