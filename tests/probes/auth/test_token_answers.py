"""What a token endpoint's refusal means, and that it never tells a secret."""

from __future__ import annotations

import json
import tracemalloc
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.auth import AuthFailure
from probes.auth.token_answer import Grant, read_grant
from probes.model import FailureKind

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
REQUEST = httpx.Request("POST", "https://auth.example.com/token")


def read(
    status: int,
    body: object,
    headers: dict[str, str] | None = None,
    secrets: tuple[str, ...] = (),
    grant_type: str = "refresh_token",
) -> Grant:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    response = httpx.Response(status, content=content, headers=headers, request=REQUEST)
    return read_grant(response, NOW, grant_type=grant_type, default_life=timedelta(hours=1), secrets=secrets)


@pytest.mark.parametrize(
    ("status", "body", "headers", "kind", "retryable", "words"),
    [
        pytest.param(
            401, {"error": "invalid_client"}, {}, FailureKind.AUTH, False, "client id or secret", id="a wrong client"
        ),
        pytest.param(
            400,
            {"error": "invalid_grant", "error_description": "Token has been expired or revoked."},
            {},
            FailureKind.AUTH,
            False,
            "no token (HTTP 400): invalid_grant: Token has been expired or revoked.; re-consent needed",
            id="a dead refresh token needs a new consent",
        ),
        pytest.param(
            400,
            {"status": "BAD_CLIENT_ID", "message": "missing or unknown client id", "correlationId": "c"},
            {},
            FailureKind.AUTH,
            False,
            "BAD_CLIENT_ID: missing or unknown client id",
            id="a vendor's own words, as HubSpot's",
        ),
        pytest.param(400, {"error": "invalid_scope"}, {}, FailureKind.AUTH, False, "scope", id="a scope not granted"),
        pytest.param(
            400,
            {"error": {"message": "bad secret", "type": "OAuthException", "code": 1}},
            {},
            FailureKind.AUTH,
            False,
            "(HTTP 400): 1: bad secret",
            id="an error object, as Meta sends it",
        ),
        pytest.param(200, {"error": "bad_code"}, {}, FailureKind.AUTH, False, "bad_code", id="a refusal inside a 200"),
        pytest.param(403, b"<html>", {}, FailureKind.AUTH, False, "403", id="a denial without a body to read"),
        pytest.param(404, b"", {}, FailureKind.STATUS_4XX, False, "404", id="a wrong address is no denial"),
        pytest.param(429, {}, {"Retry-After": "12"}, FailureKind.THROTTLED, True, "429", id="too many token requests"),
        pytest.param(503, b"", {"Retry-After": "12"}, FailureKind.STATUS_5XX, True, "503", id="an outage"),
        pytest.param(
            400,
            {"error": "temporarily_unavailable"},
            {},
            FailureKind.STATUS_5XX,
            True,
            "temporarily_unavailable",
            id="an outage in OAuth's words",
        ),
        pytest.param(
            503,
            {"error": "invalid_grant"},
            {},
            FailureKind.STATUS_5XX,
            True,
            "(HTTP 503): invalid_grant",
            id="an outage that calls the grant invalid",
        ),
        pytest.param(
            200,
            {"access": "opaque", "ok": True, "error": ""},
            {},
            FailureKind.BODY,
            False,
            "none is in the answer, which holds access, ok, error",
            id="a token under another name",
        ),
        pytest.param(302, b"", {}, FailureKind.PROTOCOL, False, "302", id="a redirect is not followed with a secret"),
        pytest.param(
            200, b"{nonsense", {}, FailureKind.BODY, False, "none is in the answer", id="a 200 that is no JSON"
        ),
        pytest.param(200, [1], {}, FailureKind.BODY, False, "none is in the answer", id="a 200 that is no object"),
        pytest.param(
            200, {"access_token": ""}, {}, FailureKind.BODY, False, "none is in the answer", id="an empty token"
        ),
    ],
)
def test_a_refusal_says_what_it_is_and_whether_retrying_helps(
    status: int, body: object, headers: dict[str, str], kind: FailureKind, retryable: bool, words: str
) -> None:
    with pytest.raises(AuthFailure) as caught:
        read(status, body, headers)
    failure = caught.value.failure
    assert (failure.kind, failure.retryable) == (kind, retryable)
    assert words in failure.message
    assert failure.retry_after_s == (12 if headers else None)


def test_a_machine_that_asks_in_its_own_name_is_not_told_to_consent_again() -> None:
    body = {"error": "invalid_grant", "error_description": "no client credentials user enabled"}
    with pytest.raises(AuthFailure, match="does not grant this client a token of its own") as caught:
        read(400, body, grant_type="client_credentials")
    assert "consent" not in str(caught.value)


@pytest.mark.parametrize("token", ["\ud800half", "two\r\nX-Lines: 1", "nul\0"])
def test_a_token_that_no_request_can_carry_is_none(token: str) -> None:
    with pytest.raises(AuthFailure, match="no request can carry") as caught:
        read(200, {"access_token": token})
    assert caught.value.kind is FailureKind.BODY
    assert token[:3] not in str(caught.value)
    assert read(200, {"access_token": "at", "refresh_token": token}).refresh_token is None


@pytest.mark.parametrize("status", [429, 500, 503])
def test_only_a_denial_asks_a_person_to_consent_again(status: int) -> None:
    with pytest.raises(AuthFailure) as caught:
        read(status, {"error": "invalid_grant"})
    assert not caught.value.needs_consent
    assert "consent" not in str(caught.value)


@pytest.mark.parametrize("error", ["", False, None])
def test_an_error_that_says_nothing_leaves_the_token_as_good_as_it_is(error: object) -> None:
    assert read(200, {"access_token": "at", "error": error}).token.value.get_secret_value() == "at"


@pytest.mark.parametrize(
    "body",
    [b'{"error":"x","a":[' + b"{}," * 1_000_000 + b"1]}", json.dumps({"error": "x", "message": " a" * 2_000_000})],
    ids=["a million objects", "four million characters"],
)
def test_what_a_hostile_endpoint_answers_costs_little_memory(body: bytes | str) -> None:
    content = body if isinstance(body, bytes) else body.encode()
    tracemalloc.start()
    try:
        with pytest.raises(AuthFailure):
            read(400, content)
        assert tracemalloc.get_traced_memory()[1] < 24 * 1024 * 1024
    finally:
        tracemalloc.stop()


def test_the_remedy_stands_behind_the_longest_words() -> None:
    with pytest.raises(AuthFailure, match="re-consent needed"):
        read(400, {"error": "invalid_grant", "error_description": "x" * 5000})


@pytest.mark.parametrize("spelling", ["p@ss word/+", "p%40ss%20word%2F%2B", "p%40ss+word%2F%2B"])
def test_a_secret_that_the_endpoint_echoes_is_taken_out(spelling: str) -> None:
    body = {"error": "invalid_client", "error_description": f"no client with secret {spelling}, sorry"}
    with pytest.raises(AuthFailure) as caught:
        read(401, body, secrets=("p@ss word/+", ""))
    assert spelling not in str(caught.value)
    assert "no client with secret •••, sorry" in str(caught.value)


def test_a_refusal_is_one_line_of_bounded_length() -> None:
    with pytest.raises(AuthFailure) as caught:
        read(401, {"error": "x", "error_description": "a\r\n\x1b[31m" * 1000})
    assert "\n" not in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value)) <= 300


_body = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.dictionaries(
        st.sampled_from(["access_token", "expires_in", "refresh_token", "error", "error_description", "code"]), inner
    ),
    max_leaves=8,
)


@given(status=st.sampled_from([200, 201, 302, 400, 401, 429, 500]), body=_body | st.binary(max_size=20))
def test_any_answer_is_a_token_or_an_auth_failure(status: int, body: object) -> None:
    try:
        grant = read(status, body)
    except AuthFailure as failure:
        assert len(failure.message) <= 300  # noqa: PT017 - either outcome is right
    else:
        assert NOW <= grant.token.expires_at <= NOW + timedelta(days=365)
