"""Signing in at a provider that somebody else has written and certified."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from oidc_server import OidcServer, consent
from plain_http import TRUSTS_NOBODY
from probe_world import wall_clock
from sign_in_world import OWN, World

from config.model import Hub


@pytest.mark.slow
async def test_somebody_signs_in_at_an_independent_provider_and_is_known_by_its_word(
    world: World, oidc: OidcServer
) -> None:
    declared = {
        "issuer": oidc.issuer,
        "client_id": "sign-in",
        "client_secret": "${env:OIDC_SECRET}",
        "scopes": ["openid", "email"],
        "role_claim": "email",
        "roles": {"admin": ["ada@example.com"], "viewer": ["bob@example.com"]},
    }
    world.clock.now = wall_clock()
    world.environ["OIDC_SECRET"] = oidc.secret
    world.hub = Hub.model_validate({"sign_in": {"passwords": False, "oidc": declared}})
    world.provider = httpx.AsyncClient(verify=TRUSTS_NOBODY, trust_env=False)
    async with world.browser() as browser:
        browser.base_url = httpx.URL("http://127.0.0.1:9")
        away = await browser.get("/sign-in/oidc?next=/incidents")
        assert away.status_code == 303, away.text
        back = httpx.URL(await asyncio.to_thread(consent, away.headers["location"]))
        answer = await browser.get(f"{back.path}?{back.query.decode()}")
        assert (answer.status_code, answer.headers.get("location")) == (303, "/incidents"), answer.text
        assert (await browser.get("/session")).json() == {"name": "ada@example.com", "role": "admin"}
        assert (await browser.get(f"{back.path}?{back.query.decode()}")).status_code == 401
        out = await browser.post("/sign-out", headers={**OWN, "Origin": "http://127.0.0.1:9"})
        assert out.headers["location"] == "/sign-in?out=1"
