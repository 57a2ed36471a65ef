"""Signing in at a provider: what its answer must hold to be believed."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey
from sign_in_world import OWN, PASSWORD, World

from app.hub.actor import Role
from app.hub.auth.oidc import role_of
from config.model import Hub, Oidc

ISSUER = "https://id.example.com"
DECLARED = {
    "issuer": ISSUER,
    "client_id": "leadline",
    "client_secret": "${env:OIDC_SECRET}",
    "title": "Example ID",
    "roles": {"viewer": ["staff"], "responder": ["on-call"], "admin": ["platform"]},
}
OLD_KEY = RSAKey.generate_key(2048, {"kid": "old"})
NEW_KEY = RSAKey.generate_key(2048, {"kid": "new"})

Change = Callable[[dict[str, Any]], None]


@dataclass
class FakeProvider:
    """Answers as a provider does, and misbehaves as a test says."""

    world: World
    keys: list[RSAKey] = field(default_factory=lambda: [OLD_KEY])
    signs_with: RSAKey = field(default_factory=lambda: OLD_KEY)
    algorithm: str = "RS256"
    change: Change = lambda claims: None
    asked: list[httpx.Request] = field(default_factory=list)
    nonce: str = ""
    userinfo: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        self.world.hub = Hub.model_validate({"sign_in": {"oidc": DECLARED}})
        self.world.provider = httpx.AsyncClient(transport=httpx.MockTransport(self.answer))

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return httpx.Response(
            200, json=getattr(self, f"_{request.url.path.strip('/').split('/')[-1].replace('-', '_')}")()
        )

    def _openid_configuration(self) -> dict[str, Any]:
        return {
            "issuer": ISSUER,
            "authorization_endpoint": f"{ISSUER}/authorize",
            "token_endpoint": f"{ISSUER}/token",
            "jwks_uri": f"{ISSUER}/keys",
            "end_session_endpoint": f"{ISSUER}/out",
            **({"userinfo_endpoint": f"{ISSUER}/userinfo"} if self.userinfo is not None else {}),
        }

    def _keys(self) -> dict[str, Any]:
        return {"keys": [key.as_dict(private=False) for key in self.keys]}

    def _userinfo(self) -> dict[str, Any]:
        return self.userinfo or {}

    def _token(self) -> dict[str, Any]:
        now = int(self.world.clock().timestamp())
        claims: dict[str, Any] = {
            "iss": ISSUER, "aud": "leadline", "sub": "7", "exp": now + 300, "iat": now, "nonce": self.nonce,
            "email": "ada@example.com", "email_verified": True, "groups": ["staff", "on-call"],
        }  # fmt: skip
        self.change(claims)
        header = {"alg": self.algorithm, "kid": self.signs_with.kid}
        return {"id_token": jwt.encode(header, claims, self.signs_with), "access_token": "at", "token_type": "Bearer"}

    async def sign_in(self, browser: httpx.AsyncClient, wanted: str = "/incidents", **back: str) -> httpx.Response:
        """There, a consent, and back."""
        away = await browser.get("/sign-in/oidc", params={"next": wanted})
        query = dict(parse_qsl(urlsplit(away.headers["location"]).query))
        self.nonce = query["nonce"]
        return await browser.get("/sign-in/oidc/back", params={"code": "c0de", "state": query["state"], **back})


@pytest.fixture
def provider(world: World) -> FakeProvider:
    return FakeProvider(world)


async def test_who_comes_back_from_the_provider_is_signed_in_with_the_role_of_the_claim(provider: FakeProvider) -> None:
    world = provider.world
    async with world.browser() as browser:
        assert "Sign in with Example ID" in (await browser.get("/sign-in")).text
        away = await browser.get("/sign-in/oidc?next=/incidents")
        asked = parse_qs(urlsplit(away.headers["location"]).query)
        assert asked["redirect_uri"] == ["http://hub/sign-in/oidc/back"]
        assert asked["code_challenge_method"] == ["S256"]
        assert asked["scope"] == ["openid profile email"]
        answer = await provider.sign_in(browser)
        assert (answer.status_code, answer.headers["location"]) == (303, "/incidents")
        assert (await browser.get("/session")).json() == {"name": "ada@example.com", "role": "responder"}
    exchange = next(request for request in provider.asked if request.url.path == "/token")
    form = parse_qs(exchange.content.decode())
    assert set(form) == {"grant_type", "code", "redirect_uri", "code_verifier"}
    assert len(form["code_verifier"][0]) >= 43
    assert exchange.headers["authorization"].startswith("Basic ")


def tampered(claims: dict[str, Any]) -> None:
    claims["nonce"] = "another"


BAD: dict[str, Change] = {
    "another nonce": tampered,
    "another issuer": lambda claims: claims.update(iss="https://evil.example"),
    "another audience": lambda claims: claims.update(aud="another"),
    "made for another of several clients": lambda claims: claims.update(aud=["leadline", "x"], azp="x"),
    "expired": lambda claims: claims.update(exp=claims["exp"] - 400),
    "without an expiry": lambda claims: claims.pop("exp"),
    "an address that nobody verified": lambda claims: claims.update(email_verified=False),
    "without a name": lambda claims: claims.pop("email"),
}


async def test_an_id_token_that_does_not_hold_signs_nobody_in(provider: FakeProvider) -> None:
    async with provider.world.browser() as browser:
        for what, change in BAD.items():
            provider.change = change
            answer = await provider.sign_in(browser)
            assert answer.status_code == 401, what
            assert "did not work" in answer.text
        assert (await browser.get("/session")).status_code == 401
    assert ("(unknown name)", "sign_in.failed", "at the provider, from 198.51.100.7") in provider.world.audit()


async def test_a_signature_by_a_key_that_the_provider_does_not_publish_signs_nobody_in(provider: FakeProvider) -> None:
    provider.signs_with = NEW_KEY
    async with provider.world.browser() as browser:
        assert (await provider.sign_in(browser)).status_code == 401


async def test_a_new_key_of_the_provider_is_looked_up_but_not_with_every_bad_token(provider: FakeProvider) -> None:
    async with provider.world.browser() as browser:
        assert (await provider.sign_in(browser)).status_code == 303
        provider.keys, provider.signs_with = [OLD_KEY, NEW_KEY], NEW_KEY
        provider.world.clock.advance(minutes=2)
        assert (await provider.sign_in(browser)).status_code == 303
        provider.change = tampered
        for _ in range(3):
            assert (await provider.sign_in(browser)).status_code == 401
    assert len([request for request in provider.asked if request.url.path == "/keys"]) == 2


async def test_an_answer_counts_once_for_the_browser_that_began_and_for_ten_minutes(provider: FakeProvider) -> None:
    world = provider.world
    async with world.browser() as browser, world.browser() as thief:
        away = await browser.get("/sign-in/oidc")
        query = dict(parse_qsl(urlsplit(away.headers["location"]).query))
        provider.nonce = query["nonce"]
        back = {"code": "c0de", "state": query["state"]}
        assert (await thief.get("/sign-in/oidc/back", params=back)).status_code == 401
        assert (await browser.get("/sign-in/oidc/back", params=back)).status_code == 401
        assert (await provider.sign_in(browser, state="another")).status_code == 401
        assert (await provider.sign_in(browser, iss="https://evil.example")).status_code == 401
        away = await browser.get("/sign-in/oidc")
        query = dict(parse_qsl(urlsplit(away.headers["location"]).query))
        world.clock.advance(minutes=11)
        late = {"code": "c0de", "state": query["state"]}
        assert (await browser.get("/sign-in/oidc/back", params=late)).status_code == 401


async def test_whoever_the_provider_knows_without_a_role_is_told_so(provider: FakeProvider) -> None:
    provider.change = lambda claims: claims.update(groups=["sales"])
    async with provider.world.browser() as browser:
        answer = await provider.sign_in(browser)
        assert answer.status_code == 403
        assert "Ask its admin for a role" in answer.text


async def test_claims_may_come_from_userinfo_of_the_same_person_only(provider: FakeProvider) -> None:
    provider.change = lambda claims: claims.pop("groups")
    async with provider.world.browser() as browser:
        provider.userinfo = {"sub": "7", "groups": ["platform"]}
        assert (await provider.sign_in(browser)).status_code == 303
        assert (await browser.get("/session")).json()["role"] == "admin"
        provider.userinfo = {"sub": "8", "groups": ["platform"]}
        assert (await provider.sign_in(browser)).status_code == 401


async def test_signing_out_offers_to_sign_out_of_the_provider_as_well(provider: FakeProvider) -> None:
    async with provider.world.browser() as browser:
        await provider.sign_in(browser)
        answer = await browser.post("/sign-out", headers=OWN)
        page = (await browser.get(answer.headers["location"])).text
        found = re.search(r'href="(https://id\.example\.com/out\?[^"]+)"', page)
        assert found is not None
        assert "post_logout_redirect_uri=http%3A%2F%2Fhub%2Fsign-in" in found[1]


async def test_a_provider_that_is_away_leaves_passwords_to_sign_in_with(provider: FakeProvider) -> None:
    world = provider.world
    world.provider = httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(502, text="<html>")))
    await world.auth.accounts.add("ada", Role.ADMIN, PASSWORD, "root")
    async with world.browser() as browser:
        answer = await browser.get("/sign-in/oidc")
        assert answer.status_code == 502
        assert "Example ID cannot be reached just now" in answer.text
        signed = await browser.post("/sign-in", data={"name": "ada", "password": PASSWORD}, headers=OWN)
        assert signed.status_code == 303


@pytest.mark.parametrize(
    ("claim", "role"),
    [
        (["staff"], Role.VIEWER),
        (["platform", "staff"], Role.ADMIN),
        ("on-call", Role.RESPONDER),
        ([], None),
        (None, None),
        ([{"a": 1}, 3], None),
        ({"staff": True}, None),
    ],
)
def test_the_highest_role_that_the_claim_gives_counts(claim: object, role: Role | None) -> None:
    assert role_of(Oidc.model_validate(DECLARED), {"groups": claim}) == role
