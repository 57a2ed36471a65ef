"""Requests through a proxy: what is measured, and whose fault it is when it fails."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from http2_world import Http2Server, answer2
from probe_world import Authority, Server, after, answer, integration, make_runner, run_once
from proxy_world import Proxy, raw_server
from pydantic import SecretStr

from config.proxy import ProxyAddress
from probes.http import Request, Response
from probes.model import FailureKind, Outcome, Timings
from probes.transport import Limits, Phase, ProbeTransport, TransportFailure
from probes.wire import dump_run

StartProxy = Callable[..., Awaitable[Proxy]]
PASSWORD = "p@ss/w:rd ü"


@pytest.fixture
async def proxied() -> AsyncIterator[StartProxy]:
    running: list[Proxy] = []

    async def start(**switches: Any) -> Proxy:
        proxy = Proxy(**switches)
        await proxy.start()
        running.append(proxy)
        return proxy

    yield start
    for proxy in running:
        await proxy.stop()


def address(proxy: Proxy, user: str | None = None, password: str | None = None) -> ProxyAddress:
    hidden = [SecretStr(text) if text is not None else None for text in (user, password)]
    return ProxyAddress("127.0.0.1", proxy.port, *hidden)


async def get(transport: ProbeTransport, url: str, *, total: float = 5.0, **more: Any) -> Response:
    clocks = {"total": total, "connect": more.pop("connect", 5.0)}
    request = Request(more.pop("method", "GET"), url, extensions={"timeout": clocks}, **more)
    return await transport.handle_async_request(request)


async def failure(transport: ProbeTransport, url: str, **more: Any) -> TransportFailure:
    with pytest.raises(TransportFailure) as caught:
        await get(transport, url, **more)
    await transport.aclose()
    return caught.value


def timings(response: Response) -> Timings:
    found = response.extensions["timings"]
    assert isinstance(found, Timings)
    return found


class TestPlain:
    async def test_a_request_without_tls_goes_out_with_its_whole_address(self, serve: Any, proxied: StartProxy) -> None:
        server, proxy = await serve(answer(200, {"a": 1})), await proxied(credentials=f"probe:{PASSWORD}")
        probe = ProbeTransport(proxy=address(proxy, "probe", PASSWORD))
        first = await get(probe, server.url + "/v1/x?y=1", method="POST", json={"b": 2})
        second = await get(probe, server.url + "/again")
        await probe.aclose()
        assert (first.json(), second.status_code) == ({"a": 1}, 200)
        assert [(asked.method, asked.target) for asked in proxy.asked] == [
            ("POST", f"{server.url}/v1/x?y=1"),
            ("GET", f"{server.url}/again"),
        ]
        assert server.heard[0].json == {"b": 2}
        assert "proxy-authorization" not in server.heard[0].headers
        assert first.extensions["peer"] == f"127.0.0.1:{proxy.port}"
        assert timings(first).connect_ms is not None
        assert timings(second).connect_ms is None

    async def test_the_credentials_are_no_part_of_the_request_that_evidence_is_taken_from(
        self, serve: Any, proxied: StartProxy
    ) -> None:
        server, proxy = await serve(), await proxied(credentials="u:p")
        probe = ProbeTransport(proxy=address(proxy, "u", "p"))
        response = await get(probe, server.url)
        await probe.aclose()
        assert "proxy-authorization" not in response.request.headers

    async def test_a_proxy_that_refuses_the_credentials_is_not_the_vendor_answering(
        self, serve: Any, proxied: StartProxy
    ) -> None:
        server, proxy = await serve(), await proxied(credentials="u:p")
        failed = await failure(ProbeTransport(proxy=address(proxy, "u", "wrong")), server.url)
        assert (failed.kind, failed.retryable, failed.partial) == (FailureKind.PROXY, False, None)
        assert failed.message == f"the proxy 127.0.0.1:{proxy.port} refuses our credentials (407)"
        assert server.heard == []


class TestTunnel:
    async def test_tls_is_with_the_vendor_and_not_with_the_proxy(
        self, serve: Any, proxied: StartProxy, authority: Authority
    ) -> None:
        server = await serve(answer(200, {"a": 1}), context=authority.server_context())
        proxy = await proxied(credentials=f"probe:{PASSWORD}", delay_s=0.05)
        probe = ProbeTransport(ca_file=authority.ca_file, proxy=address(proxy, "probe", PASSWORD))
        first, second = await get(probe, server.url), await get(probe, server.url)
        await probe.aclose()
        assert first.json() == {"a": 1}
        (asked,) = proxy.asked
        assert (asked.method, asked.target) == ("CONNECT", f"127.0.0.1:{server.port}")
        assert asked.headers["host"] == f"127.0.0.1:{server.port}"
        measured = timings(first)
        assert (measured.connect_ms or 0) >= 49, "the tunnel is a part of connecting"
        assert (measured.tls_ms or 0) > 0
        assert (measured.ttfb_ms or 0) >= (measured.connect_ms or 0) + (measured.tls_ms or 0)
        assert (timings(second).connect_ms, timings(second).tls_ms) == (None, None)
        assert first.extensions["certificate_chain"][-1].subject == "CN=Test CA"
        assert first.extensions["peer"] == f"127.0.0.1:{proxy.port}"

    async def test_http_2_goes_through_it_with_tls_and_without(self, proxied: StartProxy, authority: Authority) -> None:
        for context in (authority.server_context("h2"), None):
            server, proxy = Http2Server([answer2(200, {"n": 1})]), await proxied()
            await server.start(context)
            probe = ProbeTransport(ca_file=authority.ca_file, http="2", proxy=address(proxy))
            response = await get(probe, server.url)
            await probe.aclose()
            await server.stop()
            assert (response.json(), response.extensions["http_version"]) == ({"n": 1}, b"HTTP/2")
            assert [asked.method for asked in proxy.asked] == ["CONNECT"]

    async def test_an_untrusted_certificate_is_explained_through_the_tunnel_too(
        self, serve: Any, proxied: StartProxy, authority: Authority
    ) -> None:
        server = await serve(context=authority.server_context(expired=True))
        proxy = await proxied()
        failed = await failure(ProbeTransport(ca_file=authority.ca_file, proxy=address(proxy)), server.url)
        assert (failed.kind, failed.message) == (FailureKind.TLS, "certificate expired on 2020-03-04 05:06 UTC")

    @pytest.mark.parametrize(
        ("says", "kind", "retryable", "words"),
        [
            (b"HTTP/1.1 403 Forbidden\r\n\r\n", FailureKind.PROXY, False, "refuses to connect to 127.0.0.1:{port}: 4"),
            (b"HTTP/1.1 407 X\r\n\r\n", FailureKind.PROXY, False, "asks for credentials; write them into the address"),
            (b"HTTP/1.1 502 Bad\r\n\r\n", FailureKind.CONNECT, True, "cannot connect to 127.0.0.1:{port}: 502 Bad"),
            (b"HTTP/1.0 503\r\n\r\n", FailureKind.CONNECT, True, "cannot connect to 127.0.0.1:{port}: 503"),
            (b"HTTP/1.1 504 \xff\r\n\r\n", FailureKind.CONNECT, True, "cannot connect to 127.0.0.1:{port}: 504"),
            (b"SSH-2.0-OpenSSH\r\n\r\n", FailureKind.PROXY, False, "does not answer in HTTP"),
            (b"HTTP/1.1 200 O", FailureKind.PROXY, False, "does not answer in HTTP"),
            (b"x" * 40_000, FailureKind.PROXY, False, "does not answer in HTTP"),
            (b"", FailureKind.PROXY, True, "closed the connection when asked for 127.0.0.1:{port}"),
        ],
        ids=[
            "forbidden", "no credentials", "bad gateway", "unavailable", "odd bytes", "not HTTP", "half a line",
            "endless head", "closed",
        ],
    )  # fmt: skip
    async def test_a_refusal_says_who_refuses_what(
        self, proxied: StartProxy, says: bytes, kind: FailureKind, retryable: bool, words: str
    ) -> None:
        proxy = await proxied(says=says)
        failed = await failure(ProbeTransport(proxy=address(proxy)), "https://127.0.0.1:9/")
        assert (failed.kind, failed.retryable, failed.phase) == (kind, retryable, Phase.CONNECT)
        assert words.format(port=9) in failed.message
        assert f"the proxy 127.0.0.1:{proxy.port} " in failed.message
        assert failed.timings.dns_ms is not None
        assert failed.timings.connect_ms is None

    async def test_a_vendor_that_refuses_the_connection_is_told_by_a_real_proxys_502(self, proxied: StartProxy) -> None:
        proxy = await proxied()
        failed = await failure(ProbeTransport(proxy=address(proxy)), f"https://127.0.0.1:{closed_port()}/")
        assert failed.kind is FailureKind.CONNECT
        assert failed.message.endswith("502 Bad Gateway")

    async def test_a_proxy_that_never_gets_through_is_given_up_after_the_connect_limit(
        self, proxied: StartProxy
    ) -> None:
        proxy = await proxied(silent=True)
        failed = await failure(ProbeTransport(proxy=address(proxy)), "https://127.0.0.1:9/", connect=0.1)
        assert (failed.kind, failed.timed_out, failed.phase) == (FailureKind.CONNECT, True, Phase.CONNECT)
        assert failed.message == f"the proxy 127.0.0.1:{proxy.port} has not connected to 127.0.0.1:9 within 0.1 s"

    async def test_the_attempts_own_clock_ends_it_too_and_leaves_no_socket(self, proxied: StartProxy) -> None:
        proxy = await proxied(silent=True)
        failed = await failure(ProbeTransport(proxy=address(proxy)), "https://127.0.0.1:9/", total=0.1)
        assert (failed.kind, failed.phase) == (FailureKind.CONNECT, Phase.CONNECT)
        assert failed.peer == f"127.0.0.1:{proxy.port}"


class TestUnreachable:
    async def test_a_proxy_that_is_not_there_is_our_own_trouble(self) -> None:
        port = closed_port()
        for url in ("http://127.0.0.1:9/", "https://127.0.0.1:9/"):
            failed = await failure(ProbeTransport(proxy=ProxyAddress("127.0.0.1", port)), url)
            assert (failed.kind, failed.retryable) == (FailureKind.PROXY, True)
            assert failed.message == (
                f"the proxy 127.0.0.1:{port} cannot be reached: connection refused (127.0.0.1, port {port})"
            )

    async def test_a_proxy_without_an_address_is_our_own_trouble(self) -> None:
        proxy = ProxyAddress("no-such-proxy.invalid", 3128)
        failed = await failure(ProbeTransport(proxy=proxy), "https://127.0.0.1:9/")
        assert (failed.kind, failed.phase) == (FailureKind.PROXY, Phase.DNS)
        assert "cannot resolve no-such-proxy.invalid" in failed.message

    async def test_a_slow_vendor_behind_a_proxy_is_slow_and_not_the_proxys_fault(
        self, serve: Any, proxied: StartProxy
    ) -> None:
        server, proxy = await serve(after(5.0, answer(200, {}))), await proxied()
        failed = await failure(ProbeTransport(proxy=address(proxy)), server.url, total=0.2)
        assert (failed.kind, failed.phase) == (FailureKind.TIMEOUT, Phase.WAIT)


class TestRun:
    """Through the whole engine, as it is declared."""

    async def test_declared_credentials_reach_the_proxy_and_nothing_else(self, serve: Any, proxied: StartProxy) -> None:
        server, proxy = await serve(answer(500, {"echo": PASSWORD})), await proxied(credentials=f"probe:{PASSWORD}")
        environ = {"PROXY_USER": "probe", "PROXY_PASSWORD": PASSWORD}
        declared = through(f"http://${{env:PROXY_USER}}:${{env:PROXY_PASSWORD}}@127.0.0.1:{proxy.port}", server)
        run = await run_once(make_runner(environ), declared)
        assert run.failure is not None
        assert run.failure.kind is FailureKind.STATUS_5XX
        assert proxy.asked[0].target == f"{server.url}/x"
        assert PASSWORD not in dump_run(run).decode()
        assert PASSWORD not in repr(declared)

    async def test_a_whole_address_in_one_reference_is_unescaped(self, serve: Any, proxied: StartProxy) -> None:
        server, proxy = await serve(), await proxied(credentials="probe:p@ss")
        environ = {"PROXY": f"http://probe:p%40ss@127.0.0.1:{proxy.port}"}
        run = await run_once(make_runner(environ), through("${env:PROXY}", server))
        assert run.outcome is Outcome.PASSED

    async def test_what_stands_in_the_environment_for_other_programs_is_not_used(
        self, serve: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        server = await serve()
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port()}")
        run = await run_once(make_runner(), integration(server, {"name": "s", "request": {"path": "/x"}}))
        assert run.outcome is Outcome.PASSED

    async def test_a_reference_that_is_no_proxys_address_fails_without_being_quoted(self, serve: Any) -> None:
        server = await serve()
        run = await run_once(make_runner({"PROXY": "hunter2 is no address"}), through("${env:PROXY}", server))
        assert run.failure is not None
        assert run.failure.kind is FailureKind.INTERNAL
        assert run.failure.message.startswith("proxy: not a proxy's address; write http://host:port")
        assert server.heard == []

    async def test_a_token_is_fetched_through_it_as_well(self, serve: Any, proxied: StartProxy) -> None:
        server = await serve(answer(200, {"access_token": "t", "expires_in": 3600}), answer(200, {}))
        proxy = await proxied()
        auth = {
            "kind": "oauth2_client_credentials",
            "token_url": f"{server.url}/token",
            "client_id": "me",
            "client_secret": "${env:SECRET}",
        }
        declared = through(f"http://127.0.0.1:{proxy.port}", server, auth=auth)
        run = await run_once(make_runner({"SECRET": "s3cret-s3cret"}), declared)
        assert run.outcome is Outcome.PASSED
        assert [asked.target for asked in proxy.asked] == [f"{server.url}/token", f"{server.url}/x"]


class TestLimits:
    async def test_an_answer_to_connect_that_drips_is_cut_by_the_connect_limit(self) -> None:
        async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while not writer.is_closing():
                writer.write(b"H")
                await asyncio.sleep(0.01)

        async with raw_server(drip) as port:
            probe = ProbeTransport(proxy=ProxyAddress("127.0.0.1", port), limits=Limits(connect_s=0.1))
            with pytest.raises(TransportFailure) as caught:
                await probe.handle_async_request(Request("GET", "https://127.0.0.1:9/"))
        assert caught.value.timed_out


def through(proxy: str, server: Server, **more: Any) -> Any:
    return integration(server, {"name": "s", "request": {"path": "/x"}, "retry": {"attempts": 1}}, proxy=proxy, **more)


def closed_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


async def test_a_host_of_foreign_letters_is_asked_for_as_it_is_on_the_wire(proxied: StartProxy) -> None:
    proxy = await proxied(says=b"HTTP/1.1 403 No\r\n\r\n")
    refused = await failure(ProbeTransport(proxy=address(proxy)), "https://straße.example/")
    assert [asked.target for asked in proxy.asked] == ["xn--strae-oqa.example:443"]
    assert refused.kind is FailureKind.PROXY
