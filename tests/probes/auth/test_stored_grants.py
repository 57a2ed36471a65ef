"""A refresh token is spent once, by one process at a time, and the next one is on disk before anything uses it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from pydantic import SecretStr

from probes.auth import AuthFailure, TokenCache
from probes.auth.oauth2_authorization_code import KIND, Options, grant_key
from probes.auth.token_file import FileTokenStore
from probes.auth.tokens import Consent
from probes.model import FailureKind

NewRequest = Callable[[], httpx.Request]
ENROLLED = {
    "token_url": "https://auth.example.com/token",
    "authorization_url": "https://auth.example.com/authorize",
    "client_id": "${env:ID}",
    "scopes": ["offline_access", "leads.read"],
}


class Provider:
    """Rotates refresh tokens; one that is spent twice revokes everything, as RFC 9700 advises."""

    def __init__(self, first: str = "refresh-first", *, life: int = 3600, **more: object) -> None:
        self.good, self.life, self.more = first, life, more
        self.spent: list[str] = []
        self.revoked = False
        self.access: list[str] = []

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0.005)  # others get their chance to spend it meanwhile
        if request.url.host != "auth.example.com":
            ok = request.headers["authorization"].removeprefix("Bearer ") in self.access
            return httpx.Response(200 if ok else 401, json={})
        token = parse_qs(request.content.decode())["refresh_token"][0]
        self.spent.append(token)
        if token != self.good or self.revoked:
            self.revoked = True
            return httpx.Response(400, json={"error": "invalid_grant", "error_description": "spent or revoked"})
        self.good = f"refresh-{len(self.spent)}"
        self.access.append(f"access-{len(self.spent)}")
        body = {"access_token": self.access[-1], "refresh_token": self.good, "expires_in": self.life, **self.more}
        return httpx.Response(200, json=body)


async def call(provider: Provider, *auths: Any) -> list[int]:
    async with httpx.AsyncClient(transport=httpx.MockTransport(provider)) as client:
        answers = await asyncio.gather(*(client.get("https://api.example.com/", auth=auth) for auth in auths))
    return [answer.status_code for answer in answers]


@pytest.fixture
def restart(bench: Any, tmp_path: Path) -> Callable[[], Any]:
    """The bench as a process of its own on the same data directory."""

    def start() -> Any:
        bench.tokens = TokenCache(FileTokenStore(tmp_path / "tokens", {}))
        return bench

    return start


async def test_a_restart_spends_no_refresh_token(restart: Callable[[], Any]) -> None:
    provider = Provider()
    for _ in range(3):
        assert await call(provider, restart().refresh_token()) == [200]
    assert provider.spent == ["refresh-first"]


async def test_rotation_goes_on_over_restarts(restart: Callable[[], Any]) -> None:
    provider = Provider()
    for _ in range(4):
        bench = restart()
        assert await call(provider, bench.refresh_token()) == [200]
        bench.clock.advance(hours=2)
    assert provider.spent == ["refresh-first", "refresh-1", "refresh-2", "refresh-3"]


async def test_two_processes_that_need_a_token_at_once_spend_one_refresh_token(restart: Callable[[], Any]) -> None:
    provider = Provider()
    auths = [restart().refresh_token() for _ in range(6)]
    assert await call(provider, *auths) == [200] * 6
    assert provider.spent == ["refresh-first"]


async def test_two_processes_take_turns_when_every_token_is_dead_at_once(restart: Callable[[], Any]) -> None:
    provider = Provider(life=0)
    auths = [restart().refresh_token() for _ in range(6)]
    assert await call(provider, *auths) == [200] * 6
    assert len(provider.spent) == len(set(provider.spent)) == 6


async def test_two_scopes_of_one_consent_take_turns_within_a_process(restart: Callable[[], Any]) -> None:
    provider, bench = Provider(), restart()
    auths = [bench.refresh_token(scopes=[scope]) for scope in ("a", "b", "c")]
    assert await call(provider, *auths) == [200] * 3
    assert len(set(provider.spent)) == 3
    assert await call(provider, *(restart().refresh_token(scopes=[scope]) for scope in ("a", "b", "c"))) == [200] * 3
    assert len(provider.spent) == 3


async def test_a_rotated_client_secret_keeps_the_consent(restart: Callable[[], Any]) -> None:
    provider = Provider()
    await call(provider, restart().refresh_token())
    bench = restart()
    bench.environ["SECRET"] = "another"
    assert await call(provider, bench.refresh_token()) == [200]
    assert provider.spent == ["refresh-first", "refresh-1"]


async def test_a_rejected_access_token_is_not_taken_from_the_disk_again(restart: Callable[[], Any]) -> None:
    provider, bench = Provider(), restart()
    await call(provider, bench.refresh_token())
    provider.access.clear()
    assert await call(provider, bench.refresh_token()) == [401]
    assert await call(provider, bench.refresh_token()) == [200]
    assert provider.spent == ["refresh-first", "refresh-1"]


def test_the_new_refresh_token_is_on_disk_before_the_access_token_is_used(
    restart: Callable[[], Any], request_to_api: NewRequest
) -> None:
    flow = restart().refresh_token().auth_flow(request_to_api())
    asked = next(flow)
    body = {"access_token": "access-1", "refresh_token": "refresh-2", "expires_in": 3600}
    sent = flow.send(httpx.Response(200, json=body, request=asked))
    assert sent.headers["authorization"] == "Bearer access-1"
    # As a process sees it that starts at this instant, the API's answer still on its way.
    bench = restart()
    bench.clock.advance(hours=2)
    asked = next(bench.refresh_token().auth_flow(request_to_api()))
    assert parse_qs(asked.content.decode())["refresh_token"] == ["refresh-2"]


async def test_a_token_that_cannot_be_stored_is_not_used_and_not_lost(
    restart: Callable[[], Any], tmp_path: Path
) -> None:
    folder, aside, provider = tmp_path / "tokens", tmp_path / "aside", Provider()

    async def losing_its_disk(request: httpx.Request) -> httpx.Response:
        assert request.url.host == "auth.example.com", "the API was called with a token that was not stored"
        folder.rename(aside)
        folder.write_text("not a folder any more")
        return await provider(request)

    bench = restart()
    async with httpx.AsyncClient(transport=httpx.MockTransport(losing_its_disk)) as client:
        with pytest.raises(AuthFailure, match="kept in memory only") as caught:
            await client.get("https://api.example.com/", auth=bench.refresh_token())
    assert caught.value.kind is FailureKind.INTERNAL
    folder.unlink()
    aside.rename(folder)
    assert await call(provider, bench.refresh_token()) == [200]
    assert await call(provider, restart().refresh_token()) == [200]
    assert provider.spent == ["refresh-first"]


async def test_a_cut_off_run_leaves_its_turn_to_the_next(restart: Callable[[], Any]) -> None:
    stuck = asyncio.Event()

    async def hang(_: httpx.Request) -> httpx.Response:
        stuck.set()
        await asyncio.Event().wait()
        raise AssertionError

    async with httpx.AsyncClient(transport=httpx.MockTransport(hang)) as client:
        first = asyncio.create_task(client.get("https://api.example.com/", auth=restart().refresh_token()))
        await stuck.wait()
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
    async with asyncio.timeout(5):
        assert await call(Provider(), restart().refresh_token()) == [200]


async def test_a_dead_consent_says_so_once_and_after_restarts_too(restart: Callable[[], Any]) -> None:
    provider = Provider("another")
    bench = restart()
    refused_at = bench.clock()
    for _ in range(2):
        with pytest.raises(AuthFailure, match="re-consent needed") as caught:
            await call(provider, bench.refresh_token())
        assert caught.value.needs_consent
        bench.clock.advance(minutes=1)
    life = restart().refresh_token().life()
    assert (life.refused_at, "invalid_grant" in life.refused) == (refused_at, True)


async def test_a_consent_that_works_again_is_not_refused_any_more(restart: Callable[[], Any]) -> None:
    provider = Provider("another")
    with pytest.raises(AuthFailure):
        await call(provider, restart().refresh_token())
    assert await call(Provider(), restart().refresh_token()) == [200]
    assert restart().refresh_token().life().refused_at is None


async def test_without_enrolment_the_failure_names_the_command(bench: Any, request_to_api: NewRequest) -> None:
    flow = bench.build(KIND, **ENROLLED).async_auth_flow(request_to_api())
    with pytest.raises(AuthFailure, match="not enrolled: run `leadline auth login") as caught:
        await anext(flow)
    assert caught.value.kind is FailureKind.AUTH
    assert bench.build(KIND, **ENROLLED).life().enrolled is False


def enrolled_key(bench: Any, **options: Any) -> str:
    auth = bench.build(KIND, **{**ENROLLED, **options})
    return grant_key(Options.model_validate({**ENROLLED, **options}), bench.environ, auth.credential)


async def test_an_enrolled_consent_is_refreshed_and_rotated(restart: Callable[[], Any]) -> None:
    bench, provider = restart(), Provider()
    bench.tokens.store.keep(enrolled_key(bench), Consent(SecretStr("refresh-first"), enrolled_at=bench.clock()))
    assert await call(provider, bench.build(KIND, **ENROLLED)) == [200]
    again = restart()
    again.clock.advance(hours=2)
    assert await call(provider, again.build(KIND, **ENROLLED)) == [200]
    assert provider.spent == ["refresh-first", "refresh-1"]
    life = again.build(KIND, **ENROLLED).life()
    assert (life.enrolled, life.enrolled_at) == (True, again.clock() - timedelta(hours=2))


async def test_where_to_spend_it_may_stand_in_the_consent(restart: Callable[[], Any]) -> None:
    bench, provider = restart(), Provider()
    options = {"issuer": "https://login.example.com", "client_id": "app"}
    key = grant_key(Options.model_validate(options), {}, bench.build(KIND, **options).credential)
    bench.tokens.store.keep(key, Consent(SecretStr("refresh-first"), token_url="https://auth.example.com/token"))
    assert await call(provider, bench.build(KIND, **options)) == [200]


@pytest.mark.parametrize(
    "other", [{"scopes": ["more"]}, {"credential": "somebody-else"}, {"token_url": "https://auth.example.com/other"}]
)
def test_what_needs_another_consent_does_not_find_this_one(bench: Any, other: dict[str, Any]) -> None:
    assert enrolled_key(bench, **other) != enrolled_key(bench)


def test_the_order_of_scopes_needs_no_new_consent(bench: Any) -> None:
    assert enrolled_key(bench, scopes=["leads.read", "offline_access"]) == enrolled_key(bench)


@pytest.mark.parametrize(
    ("more", "extended"),
    [
        pytest.param([{"refresh_token_expires_in": 86400}] * 2, True, id="each use moves the end on"),
        pytest.param(
            [{"refresh_expires_in": 86400}, {"refresh_expires_in": 86400 - 7200}], False, id="the end stands still"
        ),
        pytest.param([{}, {}], False, id="the vendor does not say"),
    ],
)
async def test_it_is_known_whether_use_extends_a_refresh_token(
    restart: Callable[[], Any], more: list[dict[str, int]], extended: bool
) -> None:
    bench, provider = restart(), Provider()
    for one in more:
        provider.more = dict(one)
        await call(provider, bench.refresh_token())
        bench.clock.advance(hours=2)
    assert bench.refresh_token().life().extended_by_use is extended


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"client_id": "x"}, "or `issuer` to have them found"),
        ({"client_id": "x", "token_url": "https://a.example/t"}, "write `authorization_url` and `token_url`"),
        ({**ENROLLED, "scopes": ["openid"]}, "checked against `issuer`"),
        ({**ENROLLED, "redirect_uri": "https://example.com/callback"}, "comes back to this machine"),
        ({**ENROLLED, "redirect_uri": "http://example.com/callback"}, "comes back to this machine"),
        ({**ENROLLED, "authorization_url": "http://auth.example.com/a"}, "must not travel unencrypted"),
    ],
)
def test_what_cannot_work_is_refused_at_load(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Options.model_validate(options)


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_a_turn_that_was_given_up_while_waiting_is_nobodys(tmp_path: Path) -> None:
    store, other = FileTokenStore(tmp_path / "tokens", {}), FileTokenStore(tmp_path / "tokens", {})
    open_before = open_files()
    async with store.turn("k"):
        for patience in (0.0, 0.001, 0.02, 0.12):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(patience), other.turn("k"):
                    pytest.fail("two had the turn at once")
    async with asyncio.timeout(5), other.turn("k"):
        pass
    await other.off_loop(lambda: None)
    await store.off_loop(lambda: None)
    # A thread that has just begun may hold one of its own; what leaked would be one for each that gave up.
    assert open_files() <= open_before + 1
