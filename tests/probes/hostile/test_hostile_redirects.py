"""Redirects: an answer unless the request says to follow, and never a way to take a credential somewhere else."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from probe_world import Authority, Server, answer, integration, make_runner, run_once

from probes import redirects
from probes.http import Headers, Request
from probes.model import FailureKind, Outcome, Run
from probes.redirects import RefusedRedirect, Trail, following, forbidden, is_public, location, shown

SECRET = "s3cr3t-of-acme-0815"
Start = Callable[..., Awaitable[Server]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    running: list[Server] = []

    async def serve(*script: Any, **more: Any) -> Server:
        server = Server(list(script))
        await server.start(**more)
        running.append(server)
        return server

    yield serve
    for server in running:
        await server.stop()


def to(where: str, status: int = 302, body: bytes = b"") -> bytes:
    return answer(status, body, {"Location": where})


def step(most: int = 3, **request: Any) -> dict[str, Any]:
    return {"name": "call", "request": {"path": "/a", "redirects": most, **request}, "retry": {"attempts": 1}}


async def run(server: Server | str, *steps: dict[str, Any], **more: Any) -> Run:
    return await run_once(make_runner({"KEY": SECRET}), integration(server, *(steps or (step(),)), **more))


class TestNotFollowed:
    async def test_off_by_default_and_the_failure_says_where_it_leads_and_what_to_do(self, start: Start) -> None:
        server = await start(to("/b?session=abc123secret"))
        found = await run(server, {"name": "call", "request": {"path": "/a"}})
        assert len(server.heard) == 1
        assert found.failure is not None
        assert found.failure.kind is FailureKind.ASSERTION
        assert found.failure.message == (
            f"status: expected 2xx, got 302: it redirects to {server.url}/b; "
            "set redirects: 1 on the request to follow, or expect the 302"
        )

    async def test_a_redirect_that_is_expected_is_good(self, start: Start) -> None:
        server = await start(to("/b"))
        found = await run(server, {"name": "call", "request": {"path": "/a"}, "expect": {"status": 302}})
        assert found.outcome is Outcome.PASSED

    async def test_a_secret_in_the_address_is_not_shown(self, start: Start) -> None:
        server = await start(to(f"/b/{SECRET}?k={SECRET}"))
        found = await run(server, {"name": "call", "request": {"path": "/a"}}, headers={"X-Key": "${env:KEY}"})
        assert found.failure is not None
        assert "/b/[redacted]" in found.failure.message
        assert SECRET not in repr(found)

    @pytest.mark.parametrize("headers", [{}, {"Location": ""}, {"Location": "  "}], ids=["none", "empty", "blank"])
    async def test_a_redirect_to_nowhere_is_an_answer(self, start: Start, headers: dict[str, str]) -> None:
        server = await start(answer(302, b"", headers))
        found = await run(server)
        assert found.failure is not None
        assert found.failure.message == "status: expected 2xx, got 302"

    async def test_300_and_304_are_answers(self, start: Start) -> None:
        server = await start(to("/b", 300), to("/b", 304))
        found = [await run(server), await run(server)]
        assert [one.steps[0].status for one in found] == [300, 304]
        assert len(server.heard) == 2


class TestFollowed:
    async def test_every_answer_on_the_way_is_a_row_with_timings_of_its_own(self, start: Start) -> None:
        server = await start(to("/b"), to("c?q=1", 307), answer(200, {"a": 1}))
        found = await run(server, {**step(), "expect": {"json": {"$.a": 1}}, "capture": {"place": "url"}})
        assert found.outcome is Outcome.PASSED
        assert [(one.name, one.attempt, one.position, one.status) for one in found.steps] == [
            ("call (redirect 1)", 1, 1, 302),
            ("call (redirect 2)", 1, 1, 307),
            ("call", 1, 1, 200),
        ]
        assert [heard.target for heard in server.heard] == ["/a", "/b", "/c?q=1"]
        assert [one.outcome for one in found.steps] == [Outcome.PASSED] * 3
        assert found.steps[0].timings.connect_ms is not None
        assert found.steps[2].timings.connect_ms is None
        totals = [one.timings.total_ms for one in found.steps]
        assert sum(total or 0.0 for total in totals) <= found.duration_ms
        assert found.steps[2].captured == {"place": f"{server.url}/c?q=1"}

    @pytest.mark.parametrize(
        ("status", "method", "then"),
        [
            (301, "GET", "GET"), (301, "POST", "GET"), (301, "PUT", "PUT"), (301, "HEAD", "HEAD"),
            (302, "GET", "GET"), (302, "POST", "GET"), (302, "PATCH", "PATCH"), (302, "DELETE", "DELETE"),
            (303, "POST", "GET"), (303, "PUT", "GET"), (303, "DELETE", "GET"), (303, "HEAD", "HEAD"),
            (307, "POST", "POST"), (307, "GET", "GET"), (308, "POST", "POST"), (308, "PUT", "PUT"),
        ],
    )  # fmt: skip
    async def test_the_method_changes_as_rfc_9110_says(self, start: Start, status: int, method: str, then: str) -> None:
        server = await start(to("/b", status), answer(200))
        body = {} if method in ("GET", "HEAD", "DELETE") else {"json": {"a": 1}}
        found = await run(server, step(method=method, **body))
        assert found.outcome is Outcome.PASSED, found.failure
        first, second = server.heard
        assert (first.method, second.method) == (method, then)
        kept = body and then == method
        assert second.body == (first.body if kept else b"")
        assert ("content-type" in second.headers) is bool(kept)

    async def test_the_same_host_gets_the_credential_again(self, start: Start) -> None:
        server = await start(to("/b"), answer(200))
        auth = {"kind": "bearer", "token": "${env:KEY}"}
        found = await run(server, auth=auth, headers={"X-Own": "1"})
        assert found.outcome is Outcome.PASSED
        assert [heard.headers["authorization"] for heard in server.heard] == [f"Bearer {SECRET}"] * 2
        assert [heard.headers["x-own"] for heard in server.heard] == ["1", "1"]

    async def test_all_of_them_have_the_requests_own_time(self, start: Start) -> None:
        async def slow(_: Any, writer: asyncio.StreamWriter) -> None:
            await asyncio.sleep(0.15)
            writer.write(to("/" + "b" * server.connections))

        server = await start(slow)
        loop = [to(f"/{n}") for n in range(9)]
        server.script = [slow, slow, *loop]
        found = await run(server, step(10, timeout="250ms"))
        assert found.failure is not None
        assert found.failure.kind is FailureKind.TIMEOUT
        assert found.duration_ms < 800

    async def test_a_retry_starts_from_the_first_address_and_passes_as_unstable(self, start: Start) -> None:
        server = await start(to("/b"), answer(503), to("/b"), answer(200))
        found = await run(server, {**step(), "retry": {"attempts": 2}})
        assert found.outcome is Outcome.UNSTABLE
        assert [(one.name, one.attempt, one.outcome) for one in found.steps] == [
            ("call (redirect 1)", 1, Outcome.PASSED),
            ("call", 1, Outcome.FAILED),
            ("call (redirect 1)", 2, Outcome.UNSTABLE),
            ("call", 2, Outcome.UNSTABLE),
        ]

    async def test_a_hop_that_breaks_fails_the_step(self, start: Start) -> None:
        server = await start(to("http://127.0.0.1:1/"))
        found = await run(server)
        assert (found.failed_step, len(found.steps)) == ("call", 2)
        assert found.failure is not None
        assert found.failure.kind is FailureKind.CONNECT


class TestRefused:
    @pytest.mark.parametrize(
        ("script", "most", "words"),
        [
            ([to("/a")], 10, "redirect loop: GET"),
            ([to("/b"), to("/a")], 10, "redirect loop: GET"),
            ([to(f"/{n}") for n in range(20)], 10, "more redirects than the request allows"),
            ([to("/b"), to("/c")], 1, "more redirects than the request allows"),
            ([to("ftp://127.0.0.1/")], 3, "is no http or https address"),
            ([to("file:///etc/passwd")], 3, "is no http or https address"),
            ([to("javascript:alert(1)")], 3, "is no http or https address"),
            ([to("http://")], 3, "redirect loop: GET"),
            ([to("http://127.0.0.1:99999/")], 3, "is no http or https address"),
            ([to("http://[::1/")], 3, "its address cannot be read"),
            ([to("http://169.254.169.254/latest/meta-data/")], 3, "an address where clouds hand out credentials"),
            ([to("http://[fd00:ec2::254]/")], 3, "an address where clouds hand out credentials"),
            ([to("http://[::ffff:169.254.169.254]/")], 3, "an address where clouds hand out credentials"),
            ([to("http://2852039166/")], 3, "an address where clouds hand out credentials"),
            ([to("http://[fe80::1]/")], 3, "an address that no vendor has"),
            ([to("http://0.0.0.0/")], 3, "an address that no vendor has"),
        ],
    )
    async def test_a_redirect_that_must_not_be_followed_says_why(
        self, start: Start, script: list[bytes], most: int, words: str
    ) -> None:
        server = await start(*script)
        found = await run(server, step(most))
        assert found.failure is not None
        assert (found.failure.kind, words in found.failure.message) == (FailureKind.PROTOCOL, True), found.failure
        assert found.evidence
        assert len(server.heard) <= most + 1
        assert found.duration_ms < 2000

    async def test_several_addresses_are_none(self, start: Start) -> None:
        server = await start(b"HTTP/1.1 302 Found\r\nLocation: /b\r\nLocation: /c\r\nContent-Length: 0\r\n\r\n")
        found = await run(server)
        assert found.failure is not None
        assert "it names several addresses" in found.failure.message

    async def test_https_is_not_left_for_http(self, start: Start, authority: Authority) -> None:
        plain = await start(answer(200))
        server = await start(to(f"{plain.url}/b"), context=authority.server_context())
        found = await run(server, tls={"ca_file": authority.ca_file})
        assert found.failure is not None
        assert "it leaves https for http" in found.failure.message
        assert plain.heard == []


KEYS: dict[str, Any] = {
    "headers": {"X-Integration-Key": "${env:KEY}", "Accept": "application/json"},
    "auth": {"kind": "bearer", "token": "${env:KEY}"},
}


class TestAnotherHost:
    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    async def test_it_gets_no_credential_no_cookie_and_no_header_of_ours(self, start: Start, status: int) -> None:
        other = await start(answer(200))
        server = await start(to(f"{other.url}/b", status))
        headers = {"Cookie": "session=${env:KEY}", "X-Step-Key": "${env:KEY}"}
        found = await run(server, step(headers=headers), **KEYS)
        assert found.outcome is Outcome.PASSED, found.failure
        assert SECRET in server.heard[0].headers["authorization"]
        heard = other.heard[0]
        assert SECRET not in repr(heard)
        assert set(heard.headers) <= {
            "host", "user-agent", "accept", "accept-encoding", "x-request-id", "traceparent", "connection",
        }  # fmt: skip
        assert heard.headers["host"] == f"127.0.0.1:{other.port}"

    async def test_on_its_way_back_the_credential_stays_away(self, start: Start) -> None:
        server = await start()
        other = await start(to(f"{server.url}/evil"))
        server.script = [to(f"{other.url}/b"), answer(200)]
        found = await run(server, **KEYS)
        assert found.outcome is Outcome.PASSED, found.failure
        assert [heard.target for heard in server.heard] == ["/a", "/evil"]
        assert SECRET in repr(server.heard[0])
        assert SECRET not in repr(server.heard[1])

    @pytest.mark.parametrize("status", [307, 308])
    async def test_a_body_is_not_taken_there(self, start: Start, status: int) -> None:
        other = await start(answer(200))
        server = await start(to(f"{other.url}/b", status))
        found = await run(server, step(method="POST", form={"client_secret": "${env:KEY}"}))
        assert found.failure is not None
        assert "it would take the request's body to" in found.failure.message
        assert other.heard == []

    @pytest.mark.parametrize("where", ["?k=s3cr3t-of-acme-0815", "/s3cr3t-of-acme-0815", "?k=s3cr3t%2Dof%2Dacme-0815"])
    async def test_a_secret_in_the_address_is_not_taken_there(self, start: Start, where: str) -> None:
        other = await start(answer(200))
        server = await start(to(f"{other.url}/{where}"))
        found = await run(server, **KEYS)
        assert found.failure is not None
        assert "it would take a credential to" in found.failure.message
        assert other.heard == []
        assert SECRET not in repr(found)

    async def test_our_certificate_is_not_shown_there(self, start: Start, authority: Authority) -> None:
        shown_to: list[Any] = []

        async def look(_: Any, writer: asyncio.StreamWriter) -> None:
            shown_to.append(writer.get_extra_info("ssl_object").getpeercert(binary_form=True))
            writer.write(answer(200))

        other = await start(look, context=asking(authority))

        async def first(_: Any, writer: asyncio.StreamWriter) -> None:
            shown_to.append(writer.get_extra_info("ssl_object").getpeercert(binary_form=True))
            writer.write(to(f"{other.url}/b"))

        server = await start(first, context=asking(authority))
        authority.server_context("client")
        own = {"ca_file": authority.ca_file, "client_certificate": str(authority.directory / "client.pem")}
        found = await run(server, tls=own)
        assert found.outcome is Outcome.PASSED, found.failure
        assert shown_to[0] is not None
        assert shown_to[1] is None


def asking(authority: Authority) -> Any:
    """A server's context that asks for a certificate, and takes none as well."""
    context = authority.server_context("asking")
    context.verify_mode = ssl.CERT_OPTIONAL
    context.load_verify_locations(authority.ca_file)
    return context


class TestPrivateNetworks:
    @pytest.mark.parametrize(
        ("address", "from_public", "from_private"),
        [
            ("93.184.216.34", True, True),
            ("2606:2800:220:1::1", True, True),
            ("10.0.0.1", False, True),
            ("192.168.1.1", False, True),
            ("127.0.0.1", False, True),
            ("::1", False, True),
            ("fd12::1", False, True),
            ("::ffff:10.0.0.1", False, True),
            ("64:ff9b::a00:1", False, True),
            ("2002:a00:1::", False, True),
            ("100.64.0.1", False, True),
            ("100.100.100.200", False, False),
            ("169.254.169.254", False, False),
            ("64:ff9b::a9fe:a9fe", False, False),
            ("fe80::1%eth0", False, False),
            ("0.0.0.0", False, False),  # noqa: S104 - nothing is bound
            ("224.0.0.1", False, False),
            ("240.0.0.1", False, False),
        ],
    )
    def test_what_a_redirect_may_lead_to(self, address: str, from_public: bool, from_private: bool) -> None:
        assert (forbidden(address, from_public=True) is None) is from_public
        assert (forbidden(address, from_public=False) is None) is from_private

    def test_what_is_not_known_is_taken_for_public(self) -> None:
        assert is_public(None)
        assert is_public("vendor.example")
        assert not is_public("[::1]")

    @pytest.mark.parametrize("where", ["http://127.0.0.1:{port}/b", "http://10.1.2.3/", "http://[::1]:{port}/"])
    async def test_from_the_internet_no_private_address_is_asked(self, start: Start, where: str) -> None:
        inside = await start(answer(200))
        # A public address, spoken to by way of a proxy on loopback: nothing leaves this machine.
        proxy = await start(to(where.format(port=inside.port)))
        found = await run("http://93.184.216.34", proxy=proxy.url)
        assert found.failure is not None
        assert found.failure.kind is FailureKind.PROTOCOL
        assert "a loopback address" in found.failure.message or "a private address" in found.failure.message
        assert len(proxy.heard) == 1
        assert inside.heard == []

    async def test_a_name_that_leads_to_a_forbidden_address_is_not_connected_to(self, start: Start) -> None:
        server = await start(to("http://inside.example/b"))

        async def resolve(host: str, port: int) -> Any:
            literal = {"inside.example": "169.254.169.254"}.get(host, host)
            return [(socket.AF_INET, (literal, port))]

        found = await run_once(make_runner(resolver=resolve), integration(server, step()))
        assert found.failure is not None
        assert "http://inside.example/b is at 169.254.169.254" in found.failure.message
        assert found.steps[-1].timings.connect_ms is None


URLS = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        ["/b", "//h/x", "http://127.0.0.1/", "https://h:8443/?a#b", "http://u:p@h/", "..", "?", "#", "\\\\h"]
    ),
    st.text(max_size=20).map(lambda tail: f"http://h.example/{tail}"),
)


@given(where=URLS, status=st.sampled_from([301, 303, 307, 200]), method=st.sampled_from(["GET", "POST", "HEAD"]))
def test_no_location_raises_anything_but_a_refusal(where: str, status: int, method: str) -> None:
    request = Request(method, "https://api.example/v1", headers={"Authorization": SECRET, "Cookie": SECRET})
    headers = Headers([(b"location", where.encode("utf-8", "replace"))])
    shown(where)
    redirects.absolute("https://api.example/v1", where)
    if location(status, headers) is None:
        return
    trail = Trail(frozenset({(method, str(request.url))}), public=True)
    try:
        follow = following(request, status, headers, trail, {SECRET})
    except RefusedRedirect:
        return
    assert follow.url.scheme == "https"
    if (follow.url.host, follow.url.port) != ("api.example", None):
        assert SECRET not in repr(follow.headers.raw)
