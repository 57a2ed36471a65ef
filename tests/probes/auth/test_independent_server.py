"""Every way to a token, in whole runs against a server that is not ours and enforces it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from oidc_server import OidcServer, enrol
from probe_world import integration, make_runner, run_once, wall_clock

from config.model import Integration
from probes.model import FailureKind, Outcome, Run
from probes.runner import Runner

pytestmark = pytest.mark.slow
READ: dict[str, Any] = {
    "name": "leads",
    "request": {"path": "/api/leads"},
    "expect": {"json": {"$.scope": "leads:read"}},
}


def declared(oidc: OidcServer, auth: dict[str, Any], *steps: dict[str, Any], **more: Any) -> Integration:
    given = {"kind": "oauth2_client_credentials", "token_url": oidc.token_url, "scopes": ["leads:read"], **auth}
    return integration(oidc.issuer, *(steps or (READ,)), auth=given, timeout="20s", **more)


def runner(oidc: OidcServer, **environ: str) -> Runner:
    return make_runner({"SECRET": oidc.secret, **environ})


def told(run: Run) -> list[tuple[str, int | None, Outcome]]:
    return [(step.name, step.status, step.outcome) for step in run.steps]


def with_key(oidc: OidcServer, client: str, file: str, **assertion: Any) -> dict[str, Any]:
    return {
        "client_id": client,
        "client_auth": "private_key_jwt",
        "assertion": {"key": f"${{file:{oidc.key(file)}}}", **assertion},
    }


GOOD = [("token", 200, Outcome.PASSED), ("leads", 200, Outcome.PASSED)]


@pytest.mark.parametrize(("client", "way"), [("basic", "basic"), ("post", "post")])
async def test_a_secret_is_taken_in_the_header_and_in_the_form(oidc: OidcServer, client: str, way: str) -> None:
    auth = {"client_id": client, "client_secret": "${env:SECRET}", "client_auth": way}
    assert told(await run_once(runner(oidc), declared(oidc, auth))) == GOOD
    (seen,) = oidc.seen()
    assert ("authorization" in seen["headers"]) is (way == "basic")
    assert ("client_secret" in seen["body"]) is (way == "post")


@pytest.mark.parametrize(
    ("client", "file", "algorithm"),
    [
        ("rs256", "rs256.pem", None),
        ("ps256", "rs256.pem", "PS256"),
        ("es256", "es256.pem", None),
        ("eddsa", "eddsa.pem", None),
    ],
)
async def test_a_signed_statement_is_taken_in_place_of_a_secret(
    oidc: OidcServer, client: str, file: str, algorithm: str | None
) -> None:
    auth = with_key(oidc, client, file, **({"algorithm": algorithm} if algorithm else {}))
    assert told(await run_once(runner(oidc), declared(oidc, auth))) == GOOD


async def test_a_statement_may_be_meant_for_the_issuer_and_name_its_key(oidc: OidcServer) -> None:
    auth = with_key(oidc, "rs256", "rs256.pem", audience=oidc.issuer, kid="rs", lifetime="5m")
    assert told(await run_once(runner(oidc), declared(oidc, auth))) == GOOD


async def test_a_statement_is_never_used_twice(oidc: OidcServer) -> None:
    # The server remembers every jti, so a second use would be refused.
    one = declared(oidc, with_key(oidc, "es256", "es256.pem"))
    outcomes = [(await run_once(runner(oidc), one)).outcome for _ in range(3)]
    assert outcomes == [Outcome.PASSED] * 3


@pytest.mark.parametrize(
    "auth",
    [
        pytest.param({"audience": "https://elsewhere.example"}, id="meant for somebody else"),
        pytest.param({"algorithm": "PS256"}, id="signed by another algorithm than was agreed"),
        pytest.param({"key": "es256.pem"}, id="signed by another's key"),
    ],
)
async def test_a_wrong_statement_is_an_auth_failure(oidc: OidcServer, auth: dict[str, Any]) -> None:
    file = auth.pop("key", "rs256.pem")
    run = await run_once(runner(oidc), declared(oidc, with_key(oidc, "rs256", file, **auth)))
    assert run.failure is not None
    assert (run.failure.kind, run.failed_step) == (FailureKind.AUTH, "token")
    assert "invalid_client" in run.failure.message


async def test_a_wrong_secret_says_so(oidc: OidcServer) -> None:
    auth = {"client_id": "post", "client_secret": "${env:WRONG}"}
    run = await run_once(runner(oidc, WRONG="guess"), declared(oidc, auth))
    assert run.failure is not None
    assert (run.failure.kind, run.failed_step) == (FailureKind.AUTH, "token")
    assert "invalid_client: client authentication failed; client id or secret" in run.failure.message


async def test_a_scope_that_was_not_granted_says_so(oidc: OidcServer) -> None:
    auth = {"client_id": "post", "client_secret": "${env:SECRET}", "scopes": ["admin"]}
    run = await run_once(runner(oidc), declared(oidc, auth))
    assert run.failure is not None
    assert (run.failure.kind, "invalid_scope" in run.failure.message) == (FailureKind.AUTH, True)


class TestDpop:
    AUTH: dict[str, Any] = {"client_id": "dpop", "client_secret": "${env:SECRET}", "dpop": True}  # noqa: RUF012

    async def test_the_servers_nonce_is_a_step_of_its_own_once(self, oidc: OidcServer) -> None:
        one, same = declared(oidc, self.AUTH), runner(oidc)
        first, second = await run_once(same, one), await run_once(same, one)
        assert told(first) == [("nonce", 400, Outcome.PASSED), *GOOD]
        assert told(second) == [GOOD[1]]
        assert (first.outcome, second.outcome) == (Outcome.PASSED, Outcome.PASSED)

    async def test_a_known_nonce_serves_the_next_token_too(self, oidc: OidcServer) -> None:
        same = runner(oidc)
        await run_once(same, declared(oidc, self.AUTH))
        # Another scope is another token of the same key.
        await run_once(same, declared(oidc, {**self.AUTH, "scopes": ["leads:write"]}, {**READ, "expect": {}}))
        assert len(oidc.seen()) == 4

    async def test_the_token_is_bound_and_every_request_proves_it(self, oidc: OidcServer) -> None:
        bound = {**READ, "expect": {"json": {"$.bound[0]": "jkt"}}}
        again = {**bound, "name": "again", "request": {"path": "/api/leads?page=2", "method": "POST"}}
        run = await run_once(runner(oidc), declared(oidc, self.AUTH, bound, again))
        assert run.outcome is Outcome.PASSED

    async def test_an_api_that_wants_a_nonce_gets_it_with_the_next_attempt(self, oidc: OidcServer) -> None:
        oidc.resource_nonce("first-nonce")
        one, same = declared(oidc, self.AUTH), runner(oidc)
        run = await run_once(same, one)
        assert told(run)[2:] == [("leads", 401, Outcome.FAILED), ("leads", 200, Outcome.UNSTABLE)]
        assert len(oidc.seen()) == 2  # the nonce and the token: the token was kept
        assert told(await run_once(same, one)) == [GOOD[1]]
        oidc.resource_nonce("second-nonce")
        assert told(await run_once(same, one)) == told(run)[2:]
        assert len(oidc.seen()) == 2

    async def test_a_key_of_our_own_choice_is_used(self, oidc: OidcServer) -> None:
        auth = {**self.AUTH, "dpop_key": f"${{file:{oidc.key('es256.pem')}}}"}
        assert told(await run_once(runner(oidc), declared(oidc, auth)))[1:] == GOOD

    async def test_without_a_proof_there_is_no_token(self, oidc: OidcServer) -> None:
        run = await run_once(runner(oidc), declared(oidc, {**self.AUTH, "dpop": False}))
        assert run.failure is not None
        assert (run.failure.kind, run.failed_step) == (FailureKind.AUTH, "token")

    async def test_a_refresh_token_bound_to_the_key_works(self, oidc: OidcServer) -> None:
        # A confidential client's refresh token is bound to the client; its access tokens are bound to the key.
        refresh = enrol(oidc, "person")["refresh_token"]
        auth = {
            "kind": "oauth2_refresh_token",
            "client_id": "person",
            "client_secret": "${env:SECRET}",
            "refresh_token": "${env:REFRESH}",
            "dpop": True,
            "dpop_key": f"${{file:{oidc.key('es256.pem')}}}",
        }
        bound = {**READ, "expect": {"json": {"$.bound[0]": "jkt"}}}
        run = await run_once(runner(oidc, REFRESH=refresh), declared(oidc, auth, bound))
        assert told(run) == GOOD


class TestTokens:
    AUTH: dict[str, Any] = {"client_id": "post", "client_secret": "${env:SECRET}"}  # noqa: RUF012

    async def test_runs_at_the_same_time_share_one_fetch(self, oidc: OidcServer) -> None:
        oidc.fault(delay_ms=100)
        one, same = declared(oidc, self.AUTH), runner(oidc)
        runs = await asyncio.gather(*(run_once(same, one) for _ in range(20)))
        assert {run.outcome for run in runs} == {Outcome.PASSED}
        assert len(oidc.seen()) == 1
        assert sum(step.name == "token" for run in runs for step in run.steps) == 1

    async def test_a_token_is_renewed_once_before_it_expires(self, oidc: OidcServer) -> None:
        # The server gives 600 s; only our clock is wound on, so that the old token would still be taken.
        now = wall_clock()
        same = make_runner({"SECRET": oidc.secret}, clock=lambda: now)
        one, fetched = declared(oidc, self.AUTH), []
        for seconds in (0, 539, 2):
            now += timedelta(seconds=seconds)
            runs = await asyncio.gather(*(run_once(same, one) for _ in range(10)))
            assert {run.outcome for run in runs} == {Outcome.PASSED}
            fetched.append(len(oidc.seen()))
        assert fetched == [1, 1, 2]

    async def test_a_token_that_the_api_takes_no_more_is_replaced_in_sight(self, oidc: OidcServer) -> None:
        slow = [timedelta(0), timedelta(seconds=-60)]
        same = make_runner({"SECRET": oidc.secret}, clock=lambda: wall_clock() + slow[0])
        one = declared(oidc, {**self.AUTH, "client_id": "hasty"})
        await run_once(same, one)
        await asyncio.sleep(3.1)  # the token's own life
        slow.reverse()  # our clock is wrong, so that the token looks fresh
        run = await run_once(same, one)
        assert told(run) == [
            ("leads", 401, Outcome.FAILED),
            ("token", 200, Outcome.PASSED),
            ("leads", 200, Outcome.UNSTABLE),
        ]

    async def test_the_fetch_is_measured_as_a_step_of_its_own(self, oidc: OidcServer) -> None:
        oidc.fault(delay_ms=500)
        run = await run_once(runner(oidc), declared(oidc, self.AUTH))
        token, leads = run.steps
        assert (token.name, token.position, token.method) == ("token", 0, "POST")
        assert token.timings.wait_ms is not None
        assert token.timings.wait_ms >= 499
        assert leads.timings.total_ms is not None
        assert leads.timings.total_ms < 499
        assert leads.timings.connect_ms is not None

    async def test_a_revoked_consent_needs_a_person(self, oidc: OidcServer) -> None:
        refresh = enrol(oidc, "person")["refresh_token"]
        oidc.revoke(refresh)
        auth = {**self.AUTH, "kind": "oauth2_refresh_token", "client_id": "person", "refresh_token": "${env:REFRESH}"}
        run = await run_once(runner(oidc, REFRESH=refresh), declared(oidc, auth))
        assert run.failure is not None
        assert (run.failure.kind, run.failed_step) == (FailureKind.AUTH, "token")
        assert "invalid_grant" in run.failure.message
        assert "re-consent needed" in run.failure.message

    async def test_a_rotated_refresh_token_is_the_next_one(self, oidc: OidcServer) -> None:
        refresh = enrol(oidc, "person")["refresh_token"]
        auth = {**self.AUTH, "kind": "oauth2_refresh_token", "client_id": "person", "refresh_token": "${env:REFRESH}"}
        same = runner(oidc, REFRESH=refresh)
        one, other = (
            declared(oidc, {**auth, "scopes": [scope]}, {**READ, "expect": {}}) for scope in ("leads:read", "")
        )
        assert [(await run_once(same, each)).outcome for each in (one, other)] == [Outcome.PASSED] * 2
        spent = [seen["body"]["refresh_token"] for seen in oidc.seen() if "refresh_token" in seen["body"]]
        assert len(spent) == len(set(spent)) == 2

    @pytest.mark.parametrize(
        ("status", "kind", "outcome"),
        [(429, FailureKind.THROTTLED, Outcome.THROTTLED), (503, FailureKind.STATUS_5XX, Outcome.FAILED)],
    )
    async def test_a_token_endpoint_in_trouble_is_not_a_wrong_credential(
        self, oidc: OidcServer, status: int, kind: FailureKind, outcome: Outcome
    ) -> None:
        oidc.fault(status, times=9, headers={"Retry-After": "0"})
        run = await run_once(runner(oidc), declared(oidc, self.AUTH))
        assert run.failure is not None
        assert (run.failure.kind, run.outcome, run.failed_step) == (kind, outcome, "token")

    async def test_the_quota_of_another_host_is_not_the_integrations(self, oidc: OidcServer) -> None:
        limits = {"X-RateLimit-Limit": "5", "X-RateLimit-Remaining": "1"}
        oidc.fault(429, times=1, headers={**limits, "Retry-After": "0"})
        elsewhere = oidc.token_url.replace("127.0.0.1", "localhost")
        run = await run_once(runner(oidc), declared(oidc, {**self.AUTH, "token_url": elsewhere}, vendor="generic"))
        assert run.outcome is Outcome.UNSTABLE
        assert {reading.limit for reading in run.quota} == {1000.0}


class TestSigV4:
    """`aws4`, which shares nothing with botocore, signs what arrived again and compares."""

    AUTH: dict[str, Any] = {  # noqa: RUF012
        "kind": "aws_sigv4",
        "region": "eu-central-1",
        "service": "execute-api",
        "access_key_id": "AKIDEXAMPLE",
        "secret_access_key": "${env:AWS}",
    }
    REQUESTS = (
        {"path": "/aws/leads"},
        {"path": "/aws/a b/é/*~'()"},
        {"path": "/aws/leads", "query": {"q": "a b+c/é*~", "empty": "", "Z": "1", "a": "2"}},
        {"path": "/aws/leads", "method": "POST", "json": {"name": "Zoë"}},
        {"path": "/aws/leads", "method": "PUT", "body": "text", "headers": {"X-Amz-Meta-A": " two   blanks "}},
        {"path": "/aws/leads", "method": "DELETE"},
    )

    @pytest.mark.parametrize("service", ["execute-api", "s3"])
    async def test_every_shape_of_request_is_signed_as_it_arrives(self, oidc: OidcServer, service: str) -> None:
        steps = [{"name": f"step {n}", "request": request} for n, request in enumerate(self.REQUESTS)]
        one = integration(oidc.issuer, *steps, auth={**self.AUTH, "service": service}, timeout="20s")
        run = await run_once(runner(oidc, AWS=oidc.aws["secretAccessKey"]), one)
        assert [(step.status, step.failure) for step in run.steps] == [(200, None)] * len(steps)

    async def test_a_session_token_goes_along(self, oidc: OidcServer) -> None:
        step = {"name": "leads", "request": {"path": "/aws/leads"}}
        step["expect"] = {"json": {"$.signed": "host;x-amz-date;x-amz-security-token"}}
        one = integration(oidc.issuer, step, auth={**self.AUTH, "session_token": "${env:SESSION}"})
        run = await run_once(runner(oidc, AWS=oidc.aws["secretAccessKey"], SESSION="session/token=="), one)
        assert run.outcome is Outcome.PASSED

    async def test_a_wrong_secret_is_refused(self, oidc: OidcServer) -> None:
        one = integration(oidc.issuer, {"name": "leads", "request": {"path": "/aws/leads"}}, auth=self.AUTH)
        run = await run_once(runner(oidc, AWS="wrong"), one)
        assert run.failure is not None
        assert (run.failure.kind, run.steps[0].status) == (FailureKind.STATUS_4XX, 403)


class TestMutualTls:
    @staticmethod
    def declared(oidc: OidcServer, client: str, certificate: str, **auth: Any) -> Integration:
        tls = {"ca_file": oidc.ca_file, "client_certificate": oidc.key(f"{certificate}.crt")}
        given = {
            "kind": "oauth2_client_credentials",
            "token_url": f"{oidc.tls_issuer}/token",
            "client_id": client,
            "client_auth": "tls_client_auth",
            "scopes": ["leads:read"],
            **auth,
        }
        tls["client_key"] = oidc.key(f"{certificate}.key")
        bound = {**READ, "expect": {"json": {"$.bound[0]": "x5t#S256"}}}
        return integration(oidc.tls_issuer, bound, auth=given, tls=tls)

    @pytest.mark.parametrize(("client", "certificate"), [("tls", "tls"), ("self-signed", "self")])
    async def test_the_certificate_gets_the_token_and_the_token_is_bound_to_it(
        self, oidc: OidcServer, client: str, certificate: str
    ) -> None:
        run = await run_once(runner(oidc), self.declared(oidc, client, certificate))
        assert told(run) == GOOD
        assert [seen["secure"] for seen in oidc.seen()] == [True]
        assert "client_secret" not in oidc.seen()[0]["body"]

    @pytest.mark.parametrize(("client", "certificate"), [("tls", "self"), ("self-signed", "tls")])
    async def test_another_certificate_gets_none(self, oidc: OidcServer, client: str, certificate: str) -> None:
        run = await run_once(runner(oidc), self.declared(oidc, client, certificate))
        assert run.failure is not None
        assert (run.failure.kind, run.failed_step) == (FailureKind.AUTH, "token")
        assert "invalid_client" in run.failure.message

    async def test_plain_mtls_sends_nothing_but_the_certificate(self, oidc: OidcServer) -> None:
        one = self.declared(oidc, "tls", "tls")
        step = {"name": "who", "request": {"path": "/test/certificate"}}
        step["expect"] = {"json": {"$.subject": "CN=tls", "$.authorized": True, "$.authorization": None}}
        plain = integration(oidc.tls_issuer, step, auth={"kind": "mtls"}, tls=one.tls.model_dump())
        run = await run_once(runner(oidc), plain)
        assert (run.failure, run.outcome) == (None, Outcome.PASSED)
