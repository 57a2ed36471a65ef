"""What must hold before a consent is believed, and what of it may be seen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, RSAKey

from app.enrolment.consent import Asked
from app.enrolment.problem import EnrolmentError, told
from app.enrolment.provider import Provider, provider_of
from probes.auth.oauth2_authorization_code import Options
from probes.transport import ProbeTransport

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ISSUER = "https://login.example.com"
PROVIDER = Provider(f"{ISSUER}/authorize?tenant=7", f"{ISSUER}/token", ISSUER, f"{ISSUER}/jwks")
KEY, OTHER = (RSAKey.generate_key(2048, {"kid": name}) for name in ("k1", "k2"))
KEYS = KeySet([KEY])


def asked(**more: Any) -> Asked:
    known: dict[str, Any] = {"scopes": ("openid", "offline_access"), "params": {"prompt": "consent"}}
    return Asked(PROVIDER, "client-1", "http://127.0.0.1:4711/callback", **{**known, **more})


def query(one: Asked, **more: str) -> str:
    return urlencode({"code": "c0de", "state": one.state, **more})


def test_the_address_asks_with_pkce_state_and_nonce_and_keeps_what_stood_there() -> None:
    one = asked()
    parts = urlsplit(one.address)
    found = {name: values[0] for name, values in parse_qs(parts.query).items()}
    assert (parts.scheme, parts.netloc, parts.path, found["tenant"]) == (
        "https",
        "login.example.com",
        "/authorize",
        "7",
    )
    assert found["response_type"] == "code"
    assert found["redirect_uri"] == "http://127.0.0.1:4711/callback"
    assert found["scope"] == "openid offline_access"
    assert found["code_challenge_method"] == "S256"
    assert found["code_challenge"] != one.verifier
    assert (found["state"], found["nonce"], found["prompt"]) == (one.state, one.nonce, "consent")
    assert one.verifier not in one.address


def test_no_two_log_ins_share_anything() -> None:
    first, second = asked(), asked()
    assert not {first.state, first.nonce, first.verifier} & {second.state, second.nonce, second.verifier}
    assert len(first.verifier) >= 43


def test_what_is_for_this_once_shows_in_no_repr() -> None:
    one = asked()
    assert not [secret for secret in (one.state, one.nonce, one.verifier) if secret in repr(one)]


def test_a_provider_on_this_machine_is_asked_without_tls() -> None:
    one = asked()
    local = Asked(Provider("http://127.0.0.1:9/auth", "http://127.0.0.1:9/token"), "c", one.redirect_uri)
    assert local.address.startswith("http://127.0.0.1:9/auth?")
    assert "nonce" not in local.address


def test_the_code_is_taken_from_the_answer_to_this_log_in_only() -> None:
    one = asked()
    assert one.code(query(one)) == "c0de"
    for wrong in (query(asked()), urlencode({"code": "c0de"}), urlencode({"code": "c0de", "state": ""})):
        with pytest.raises(EnrolmentError, match="its state differs"):
            one.code(wrong)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"error": "access_denied", "error_description": "no"}, "consent was denied"),
        ({"error": "invalid_scope", "error_description": "what?"}, "invalid_scope: what?"),
        ({"error": "made_up"}, "made_up"),
        ({"iss": "https://evil.example.com"}, "came from https://evil.example.com, not from"),
    ],
)
def test_an_answer_that_is_a_refusal_says_why(more: dict[str, str], words: str) -> None:
    one = asked()
    with pytest.raises(EnrolmentError, match=words):
        one.code(query(one, **more))


def test_an_answer_without_a_code_is_refused() -> None:
    one = asked()
    with pytest.raises(EnrolmentError):
        one.code(urlencode({"state": one.state}))


def test_a_strangers_words_are_short_and_cannot_steer_the_terminal() -> None:
    assert told("\x1b[31mred\r\nline\x9b2J" + "x" * 500).startswith("[31mred line 2Jxx")
    assert len(told("x" * 500)) == 200


def id_token(one: Asked, key: Any = KEY, header: dict[str, Any] | None = None, **more: Any) -> str:
    claims = {
        "iss": ISSUER, "aud": "client-1", "sub": "ada", "nonce": one.nonce, "email": "ada@example.com",
        "iat": int(NOW.timestamp()), "exp": int((NOW + timedelta(minutes=10)).timestamp()), **more,
    }  # fmt: skip
    known = {name: value for name, value in claims.items() if value is not None}
    return str(jwt.encode(header or {"alg": "RS256", "kid": "k1"}, known, key))


@pytest.mark.parametrize(
    ("more", "whose"),
    [
        ({}, "ada@example.com"),
        ({"email": None}, "ada"),
        ({"email": None, "preferred_username": "ada.l"}, "ada.l"),
        ({"aud": ["client-1", "other"], "azp": "client-1"}, "ada@example.com"),
    ],
)
def test_a_good_id_token_says_whose_consent_it_is(more: dict[str, Any], whose: str) -> None:
    one = asked()
    assert one.account(id_token(one, **more), KEYS, NOW) == whose


@pytest.mark.parametrize(
    "more",
    [
        pytest.param({"nonce": "of-another-log-in"}, id="another nonce"),
        pytest.param({"nonce": None}, id="no nonce"),
        pytest.param({"aud": "client-2"}, id="for another client"),
        pytest.param({"aud": ["client-1", "client-2"]}, id="for several, and made for none of them"),
        pytest.param({"aud": ["client-1", "client-2"], "azp": "client-2"}, id="for several, and made for another"),
        pytest.param({"aud": None}, id="for nobody"),
        pytest.param({"iss": "https://evil.example.com"}, id="of another issuer"),
        pytest.param({"iss": None}, id="of no issuer"),
        pytest.param({"exp": int((NOW - timedelta(minutes=2)).timestamp())}, id="expired"),
        pytest.param({"exp": None}, id="for ever"),
        pytest.param({"sub": None}, id="of nobody"),
        pytest.param({"key": OTHER, "header": {"alg": "RS256", "kid": "k1"}}, id="signed by another key"),
        pytest.param({"key": OTHER, "header": {"alg": "RS256", "kid": "k2"}}, id="signed by an unknown key"),
        pytest.param({"key": OctKey.generate_key(256, {"kid": "k1"}), "header": {"alg": "HS256", "kid": "k1"}},
                     id="signed with a shared secret"),
    ],
)  # fmt: skip
def test_an_id_token_that_does_not_hold_is_refused_and_not_quoted(more: dict[str, Any]) -> None:
    one = asked()
    token = id_token(one, **more)
    with pytest.raises(EnrolmentError, match="not to be trusted") as caught:
        one.account(token, KEYS, NOW)
    assert not [part for part in token.split(".") if part in str(caught.value)]


@pytest.mark.parametrize("token", ["", "a.b.c", "e30.e30.", "not a token", "eyJhbGciOiJub25lIn0.e30."])
def test_what_is_no_signed_token_is_refused(token: str) -> None:
    with pytest.raises(EnrolmentError, match="not to be trusted"):
        asked().account(token, KEYS, NOW)


async def test_an_issuer_that_cannot_be_reached_is_a_sentence() -> None:
    options = Options.model_validate({"issuer": "http://127.0.0.1:9", "client_id": "c"})
    async with httpx.AsyncClient(transport=ProbeTransport(), trust_env=False) as client:
        with pytest.raises(EnrolmentError, match=r"127\.0\.0\.1:9.*check `issuer`"):
            await provider_of(client, options, {})


async def test_what_is_declared_is_not_looked_up() -> None:
    options = Options.model_validate(
        {"authorization_url": "https://a.example/x", "token_url": "https://a.example/t", "client_id": "c"}
    )
    async with httpx.AsyncClient(transport=httpx.MockTransport(lambda _: pytest.fail("asked"))) as client:
        assert await provider_of(client, options, {}) == Provider("https://a.example/x", "https://a.example/t")


GOOD = {"issuer": ISSUER, "authorization_endpoint": f"{ISSUER}/a", "token_endpoint": f"{ISSUER}/t"}


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({**GOOD, "issuer": "https://evil.example.com"}, "calls itself https://evil.example.com"),
        ({**GOOD, "token_endpoint": "http://login.example.com/t"}, "must not travel unencrypted"),
        ({"issuer": ISSUER, "token_endpoint": f"{ISSUER}/t"}, "does not say its authorization_endpoint"),
        ([], "HTTP 200"),
    ],
)
async def test_a_discovery_document_is_not_believed_blindly(document: Any, words: str) -> None:
    options = Options.model_validate({"issuer": ISSUER, "client_id": "c"})
    answer = httpx.MockTransport(lambda _: httpx.Response(200, json=document))
    async with httpx.AsyncClient(transport=answer) as client:
        with pytest.raises(EnrolmentError, match=words):
            await provider_of(client, options, {})


async def test_an_oauth_server_without_openid_is_found_by_its_own_document() -> None:
    issuer = "https://login.example.com/tenant"

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/.well-known/oauth-authorization-server/tenant":
            return httpx.Response(200, json={**GOOD, "issuer": issuer})
        return httpx.Response(404, text="nothing here")

    options = Options.model_validate({"issuer": issuer, "client_id": "c"})
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        assert (await provider_of(client, options, {})).token_url == f"{ISSUER}/t"
