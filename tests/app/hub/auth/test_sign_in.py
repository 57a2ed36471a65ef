"""Signing in by password, sessions, and what ends them."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher
from sign_in_world import CHEAP, KEY, OWN, PASSWORD, World

from alerts.store.sign_in.accounts import accounts
from app.hub.actor import Role
from app.hub.auth.door import BY_ADDRESS, BY_NAME
from app.hub.auth.passwords import Costs, Passwords, unfit
from config.model import Hub

SILENCE = {"match": {"integration": ["hubspot"]}, "comment": "known", "for": "1h"}


async def tried(browser: httpx.AsyncClient, name: str, password: str, **more: str) -> httpx.Response:
    return await browser.post("/sign-in", data={"name": name, "password": password, **more}, headers=OWN)


async def test_who_signs_in_gets_a_session_and_the_page_that_was_wanted(world: World) -> None:
    await world.auth.accounts.add("Ada", Role.VIEWER, PASSWORD, "root")
    async with world.browser() as browser:
        turned = await browser.get("/my-sessions?x=1", headers={"Accept": "text/html"})
        assert turned.headers["location"] == "/sign-in?next=%2Fmy-sessions%3Fx%3D1"
        assert 'value="/my-sessions?x=1"' in (await browser.get(turned.headers["location"])).text
        answer = await tried(browser, "ADA", PASSWORD, next="/my-sessions?x=1")
        assert (answer.status_code, answer.headers["location"]) == (303, "/my-sessions?x=1")
        given = answer.headers["set-cookie"]
        assert "HttpOnly" in given
        assert "SameSite=lax" in given
        assert (await browser.get("/session")).json() == {"name": "ada", "role": "viewer"}
    assert world.audit()[0] == ("ada", "sign_in", "by password from 198.51.100.7")


async def test_behind_tls_the_cookie_is_bound_to_the_host_and_to_https(world: World) -> None:
    world.hub = Hub.model_validate({"sign_in": {}, "public_url": "https://hub.example.com"})
    await world.auth.accounts.add("ada", Role.VIEWER, PASSWORD, "root")
    async with world.browser() as browser:
        given = (await tried(browser, "ada", PASSWORD)).headers["set-cookie"]
    assert given.startswith("__Host-leadline-session=")
    assert "; Secure" in given
    assert "Path=/;" in given
    assert "Domain" not in given


async def test_a_wrong_password_and_a_name_that_nobody_has_look_the_same(world: World) -> None:
    await world.auth.accounts.add("ada", Role.VIEWER, PASSWORD, "root")
    async with world.browser() as browser:
        wrong, nobody = await tried(browser, "ada", "x" * 20), await tried(browser, "eve", "x" * 20)
    assert (wrong.status_code, nobody.status_code) == (401, 401)
    assert wrong.text.replace('"ada"', "") == nobody.text.replace('"eve"', "")
    failures = [row for row in world.audit() if row[1] == "sign_in.failed"]
    assert [who for who, _, _ in failures] == ["(unknown name)", "ada"]


def test_an_unknown_name_is_held_against_a_hash_of_the_same_costs() -> None:
    seen: list[str] = []

    class Watched(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Any:  # noqa: A002 - the library's name
            seen.append(str(hash).rsplit("$", 2)[0])
            return super().verify(hash, password)

    passwords = Passwords(CHEAP, hasher=Watched)
    assert passwords.fits(passwords.hash(PASSWORD), PASSWORD)
    assert not passwords.fits(None, PASSWORD)
    assert seen == ["$argon2id$v=19$m=64,t=1,p=1"] * 2


def test_what_a_try_costs_is_what_is_recommended() -> None:
    assert Costs() == Costs(rounds=3, memory_kib=64 * 1024, lanes=1)


async def test_passwords_and_cookies_are_nowhere_in_the_store(world: World) -> None:
    async with world.signed_in() as browser:
        cookie = browser.cookies["leadline-session"]
    held = str(world.store.read(lambda con: con.execute("SELECT * FROM accounts, sessions").fetchall()))
    assert PASSWORD not in held
    assert cookie not in held
    assert "$argon2id$" in held
    assert PASSWORD not in repr(world.store.read(accounts))
    assert "argon2id" not in repr(world.store.read(accounts))


async def test_too_many_tries_on_one_name_are_turned_away_until_the_time_is_over(world: World) -> None:
    await world.auth.accounts.add("ada", Role.VIEWER, PASSWORD, "root")
    async with world.browser() as browser:
        for _ in range(BY_NAME):
            assert (await tried(browser, "ada", "x" * 20)).status_code == 401
        world.clock.advance(minutes=5)
        turned = await tried(browser, "ada", PASSWORD)
        assert (turned.status_code, turned.headers["retry-after"]) == (429, "600")
        assert "Wait 10 minutes" in turned.text
        world.clock.advance(minutes=10)
        assert (await tried(browser, "ada", PASSWORD)).status_code == 303


async def test_too_many_tries_from_one_address_are_turned_away_whatever_the_name(world: World) -> None:
    await world.auth.accounts.add("ada", Role.VIEWER, PASSWORD, "root")
    async with world.browser("2001:db8::1") as browser:
        for number in range(BY_ADDRESS):
            assert (await tried(browser, f"somebody-{number}", "x" * 20)).status_code == 401
        assert (await tried(browser, "ada", PASSWORD)).status_code == 429
    async with world.browser("2001:db8::2") as neighbour:
        assert (await tried(neighbour, "ada", PASSWORD)).status_code == 429
    async with world.browser("2001:db8:0:1::1") as stranger:
        assert (await tried(stranger, "ada", PASSWORD)).status_code == 303


ELSEWHERE = (
    "//evil.example/x",
    "https://evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "javascript:alert(1)",
    "/x\nSet-Cookie: a=b",
    "evil.example",
    "/sign-in?next=//evil.example",
    "/api/v1/status",
    " //evil.example",
    "/\t/evil.example",
)


async def test_after_signing_in_nobody_is_led_away(world: World) -> None:
    async with world.signed_in() as browser:
        led = [(await tried(browser, "ada", PASSWORD, next=wanted)).headers["location"] for wanted in ELSEWHERE]
    assert led == ["/"] * len(ELSEWHERE)


async def test_a_session_ends_when_it_is_not_used_and_in_any_case_after_its_time(world: World) -> None:
    world.hub = Hub.model_validate({"sign_in": {"idle": "2h", "lasts": "5h"}})
    async with world.signed_in() as browser:
        for _ in range(4):
            world.clock.advance(minutes=70)
            assert (await browser.get("/session")).status_code == 200
        world.clock.advance(minutes=25)
        assert (await browser.get("/session")).status_code == 401
    async with world.signed_in() as browser:
        world.clock.advance(hours=2)
        assert (await browser.get("/session")).status_code == 401


async def test_signing_in_again_ends_the_session_before(world: World) -> None:
    async with world.signed_in() as browser:
        before = browser.cookies["leadline-session"]
        await tried(browser, "ada", PASSWORD)
        assert browser.cookies["leadline-session"] != before
    assert world.auth.sessions.find(before) is None
    assert len(world.auth.sessions.of("ada")) == 1


async def test_sessions_are_listed_and_ended_one_by_one_and_all_of_a_user(world: World) -> None:
    async with world.signed_in() as first, world.signed_in() as second:
        page = (await first.get("/my-sessions")).text
        assert page.count("this one") == 1
        assert "198.51.100.7" in page
        found = re.search(r'name="id" value="(se-[0-9a-f]+)"', page)
        assert found is not None
        await first.post("/my-sessions/end", data={"id": found[1]}, headers=OWN)
        assert (await second.get("/session")).status_code == 401
        assert (await first.get("/session")).status_code == 200
        assert await world.auth.sessions.end_all("ADA", "root") == 1
        assert (await first.get("/session")).status_code == 401


async def test_nobody_ends_the_session_of_somebody_else_but_an_admin(world: World) -> None:
    async with world.signed_in("ada") as ada, world.signed_in("bob") as bob:
        of_bob = world.auth.sessions.of("bob")[0].session_id
        await ada.post("/my-sessions/end", data={"id": of_bob}, headers=OWN)
        assert (await ada.post(f"/api/v1/sessions/{of_bob}/end", json={}, headers=OWN)).status_code == 403
        assert (await bob.get("/session")).status_code == 200


async def test_signing_out_ends_the_session_and_takes_the_cookie(world: World) -> None:
    async with world.signed_in() as browser:
        cookie = browser.cookies["leadline-session"]
        answer = await browser.post("/sign-out", headers=OWN)
        assert answer.headers["location"] == "/sign-in?out=1"
        assert "leadline-session" not in browser.cookies
        assert "You are signed out" in (await browser.get("/sign-in?out=1")).text
    assert world.auth.sessions.find(cookie) is None


async def test_sessions_accounts_and_tokens_outlast_a_restart_and_ended_ones_do_not_come_back(world: World) -> None:
    async with world.signed_in("ada") as kept, world.signed_in("bob") as ended:
        token, _ = await world.auth.accounts.issue("ci", Role.VIEWER, world.hub.read_timeout, "root")
        await ended.post("/sign-out", headers=OWN)
        gone = ended.cookies.get("leadline-session", "")
        again = world.restarted()
        assert again.sessions.find(kept.cookies["leadline-session"]) is not None
        assert again.sessions.find(gone) is None
        assert again.accounts.by_token(token) is not None
        assert [one.name for one in again.accounts.everybody()] == ["ada", "bob"]


async def test_another_role_counts_from_the_next_request_and_a_disabled_user_is_out(world: World) -> None:
    async with world.signed_in(role="viewer") as browser:
        assert (await browser.post("/api/v1/silences", json=SILENCE, headers=OWN)).status_code == 403
        await world.auth.accounts.set_role("ada", Role.RESPONDER, "root")
        assert (await browser.post("/api/v1/silences", json=SILENCE, headers=OWN)).status_code == 201
        await world.auth.accounts.set_disabled("ada", True, "root")
        assert (await browser.get("/session")).status_code == 401
        assert (await tried(browser, "ada", PASSWORD)).status_code == 401


async def test_what_is_done_is_done_by_who_is_signed_in_whatever_the_request_says(world: World) -> None:
    async with world.signed_in("ada") as browser:
        made = await browser.post("/api/v1/silences", json={**SILENCE, "author": "the boss"}, headers=OWN)
    assert made.json()["author"] == "ada"
    assert world.audit()[0][:2] == ("ada", "silence.add")


async def test_scripts_come_with_tokens_that_have_a_role_an_end_and_can_be_revoked(world: World) -> None:
    async with world.browser() as script:
        by_key = {"Authorization": f"Bearer {KEY}"}
        told = await script.post(
            "/api/v1/tokens", json={"name": "ci", "role": "viewer", "for": "1d", "author": "root"}, headers=by_key
        )
        token = {"Authorization": f"Bearer {told.json()['token']}"}
        assert (await script.get("/api/v1/silences", headers=token)).status_code == 200
        refused = await script.post("/api/v1/silences", json=SILENCE, headers=token)
        assert refused.json() == {"error": "this takes the role responder, and ci is viewer; ask an admin"}
        assert told.json()["token"] not in str((await script.get("/api/v1/tokens", headers=by_key)).json())
        world.clock.advance(days=1)
        assert (await script.get("/api/v1/silences", headers=token)).status_code == 401
        again = await script.post(
            "/api/v1/tokens", json={"name": "cd", "role": "admin", "author": "root"}, headers=by_key
        )
        other = {"Authorization": f"Bearer {again.json()['token']}"}
        assert (await script.post("/api/v1/tokens/cd/revoke", json={}, headers=other)).json() == {"revoked": "cd"}
        assert (await script.get("/api/v1/tokens", headers=other)).status_code == 401


async def test_without_sign_in_everybody_is_admin_unless_the_hub_was_opened_to_the_network(world: World) -> None:
    world.hub = Hub()
    async with world.browser() as browser:
        assert (await browser.get("/session")).json() == {"name": "", "role": "admin"}
        made = await browser.post("/api/v1/silences", json={**SILENCE, "author": "ada"})
        assert made.json()["author"] == "ada"


async def test_a_hub_on_the_network_stays_closed_when_the_section_leaves_the_configuration(world: World) -> None:
    world.exposed = True
    async with world.browser() as browser:
        world.hub = Hub()
        assert (await browser.get("/session")).status_code == 401


@pytest.mark.parametrize(
    ("password", "fits"),
    [
        ("short", False),
        ("aaaaaaaaaaaaaaaa", False),
        ("my name is Ada ok", False),
        ("x" * 2000, False),
        (PASSWORD, True),
    ],
)
def test_what_may_be_a_password(password: str, fits: bool) -> None:
    assert (unfit(password, "ada") is None) is fits
