"""Names, addresses and certificates that are wrong, and servers that are no TLS servers, through the whole engine."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import time
import warnings
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hostile_world import OK, Play, blurts, replays, request_head
from probe_world import Authority, certificate, distinguished, integration, make_runner, run_once, wall_clock

from probes.model import FailureKind, Outcome
from probes.runner import Runner
from probes.transport import Phase, TransportFailure
from probes.transport.connecting import Address

STEP: dict[str, Any] = {"name": "call", "request": {"path": "/"}, "retry": {"attempts": 1}}


class TestCertificates:
    @pytest.mark.parametrize(
        ("leaf", "words"),
        [
            ({"expired": True}, "certificate expired on 2020-03-04 05:06 UTC"),
            ({"host": "api.example.com"}, "certificate is for api.example.com, not for 127.0.0.1"),
            ({"self_signed": True}, "self-signed"),
        ],
        ids=["expired", "wrong host", "self-signed"],
    )
    async def test_a_certificate_that_is_not_good_is_tls_and_says_why(
        self, serve: Any, probe: Any, authority: Authority, leaf: dict[str, Any], words: str
    ) -> None:
        server = await serve(replays(OK), authority.server_context("bad", **leaf))
        run = await probe(server, tls={"ca_file": authority.ca_file})
        assert run.failure is not None
        assert (run.failure.kind, words in run.failure.message) == (FailureKind.TLS, True), run.failure
        assert server.requests == []

    async def test_a_certificate_of_an_unknown_issuer_names_it(
        self, serve: Any, probe: Any, authority: Authority
    ) -> None:
        run = await probe(await serve(replays(OK), authority.server_context()))
        assert run.failure is not None
        assert run.failure.kind is FailureKind.TLS
        assert "Test CA" in run.failure.message

    async def test_a_certificate_that_is_not_valid_yet_says_from_when(
        self, serve: Any, probe: Any, authority: Authority
    ) -> None:
        begins = wall_clock() + timedelta(days=2)
        server = await serve(replays(OK), not_yet_valid(authority, begins))
        run = await probe(server, tls={"ca_file": authority.ca_file})
        assert run.failure is not None
        assert run.failure.message == f"certificate is not valid before {begins:%Y-%m-%d %H:%M} UTC"

    async def test_a_server_of_tls_1_1_is_not_spoken_to(self, probe: Any, authority: Authority) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            served = asyncio.create_task(asyncio.to_thread(refuse_politely, listener, outdated(authority)))
            url = f"https://127.0.0.1:{listener.getsockname()[1]}"
            run = await probe(url, tls={"ca_file": authority.ca_file})
            await served
        assert run.failure is not None
        assert run.failure.kind is FailureKind.TLS
        assert "no TLS version from 1.2 on" in run.failure.message

    async def test_the_server_of_tls_1_1_is_really_one(self, serve: Any, authority: Authority) -> None:
        server = await serve(replays(OK), outdated(authority))
        client = old_client()
        _, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=client, server_hostname="127.0.0.1")
        assert writer.get_extra_info("ssl_object").version() == "TLSv1.1"
        writer.transport.abort()


def not_yet_valid(authority: Authority, begins: Any) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    leaf = certificate(
        distinguished("later"), authority.certificate.subject, key, authority.key, begins, begins + timedelta(days=9),
        "127.0.0.1",
    )  # fmt: skip
    pem, der = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    file = Path(authority.directory) / "later.pem"
    file.write_bytes(key.private_bytes(pem, der, serialization.NoEncryption()) + leaf.public_bytes(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


def outdated(authority: Authority) -> ssl.SSLContext:
    context = authority.server_context("old")
    return only_1_1(context)


def refuse_politely(listener: socket.socket, context: ssl.SSLContext) -> None:
    """One connection as real servers end it: with an alert, which asyncio's do not send."""
    accepted, _ = listener.accept()
    with accepted, suppress(OSError):
        context.wrap_socket(accepted, server_side=True)


def old_client() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return only_1_1(context)


def only_1_1(context: ssl.SSLContext) -> ssl.SSLContext:
    # OpenSSL 3 still speaks it at its lowest security level.
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1_1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    return context


async def garbage_under_tls(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """After the handshake and the request: bytes that are no TLS records."""
    await request_head(reader)
    os.write(writer.get_extra_info("socket").fileno(), b"HTTP/1.1 200 OK\r\n\r\n" * 20)
    await reader.read()


async def garbage_within_the_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await request_head(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    await writer.drain()
    os.write(writer.get_extra_info("socket").fileno(), b"\0" * 500)
    await reader.read()


class TestBrokenTls:
    @pytest.mark.parametrize(
        ("play", "kind", "words"),
        [
            (garbage_under_tls, FailureKind.PROTOCOL, "before the answer's header section was complete"),
            (garbage_within_the_answer, FailureKind.BODY, "after 4 bytes of body"),
        ],
        ids=["after the handshake", "within the answer"],
    )
    async def test_bytes_that_are_no_tls_break_the_connection(
        self, serve: Any, probe: Any, authority: Authority, play: Play, kind: FailureKind, words: str
    ) -> None:
        server = await serve(play, authority.server_context())
        run = await probe(server, tls={"ca_file": authority.ca_file}, timeout="5s")
        assert run.failure is not None
        assert (run.failure.kind, words in run.failure.message) == (kind, True), run.failure
        assert run.duration_ms < 2000

    @pytest.mark.parametrize(
        ("play", "words"),
        [
            (blurts(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "does not speak TLS"),
            (blurts(b"SSH-2.0-OpenSSH_9.2\r\n", then="wait"), "does not speak TLS"),
            (blurts(os.urandom(64) * 1000), "TLS"),
            (blurts(), "ended within the TLS handshake"),
            (blurts(then="reset"), "ended within the TLS handshake"),
            (blurts(b"\x15\x03\x03\x00\x02\x02\x28"), "handshake"),
            (blurts(b"\x16\x03\x03\x40\x00" + b"\x02" + b"\xff" * 16383), "TLS handshake failed"),
        ],
        ids=["HTTP in clear", "SSH", "noise", "the end", "a reset", "an alert", "a message without end"],
    )
    async def test_what_is_no_tls_server_is_tls(self, serve: Any, probe: Any, play: Play, words: str) -> None:
        server = await serve(play)
        run = await probe(f"https://127.0.0.1:{server.port}", timeout="5s")
        assert run.failure is not None
        assert (run.failure.kind, words in run.failure.message) == (FailureKind.TLS, True), run.failure
        assert run.duration_ms < 2500

    @pytest.mark.parametrize(
        "play", [blurts(then="wait"), blurts(*[b"\x16"] + [b"\x03"] * 90, then="wait")], ids=["silence", "a drip"]
    )
    async def test_a_handshake_that_never_ends_is_cut_by_the_clock(self, serve: Any, probe: Any, play: Play) -> None:
        server = await serve(play)
        step = {"name": "call", "request": {"path": "/", "timeout": "200ms"}, "retry": {"attempts": 1}}
        run = await probe(f"https://127.0.0.1:{server.port}", step, timeout="5s")
        assert run.failure is not None
        assert run.failure.kind in (FailureKind.TIMEOUT, FailureKind.TLS)
        assert "TLS" in run.failure.message
        assert run.duration_ms < 1000

    async def test_an_answer_that_comes_with_the_handshake_is_read(
        self, serve: Any, probe: Any, authority: Authority
    ) -> None:
        server = await serve(blurts(OK, then="wait"), authority.server_context())
        run = await probe(server, tls={"ca_file": authority.ca_file})
        assert run.outcome is Outcome.PASSED, run.failure


class TestNames:
    async def test_a_name_that_does_not_exist_is_dns(self, probe: Any) -> None:
        run = await probe("http://no-such-host.invalid")
        assert run.failure is not None
        assert run.failure.kind is FailureKind.DNS
        assert run.steps[0].timings.dns_ms is None

    @pytest.mark.parametrize("host", ["a" * 64 + ".example", "..", "xn--a", "-", "a b"])
    async def test_a_name_that_cannot_be_one_is_a_failure_like_any_other(self, probe: Any, host: str) -> None:
        step = {"name": "call", "request": {"url": f"http://{host}/"}, "retry": {"attempts": 1}}
        run = await probe("http://127.0.0.1:1", step)
        assert run.failure is not None
        assert run.failure.kind in (FailureKind.DNS, FailureKind.INTERNAL)

    async def test_a_port_that_cannot_be_one_is_a_failure_like_any_other(self, probe: Any) -> None:
        step = {"name": "call", "request": {"url": "http://127.0.0.1:99999/"}, "retry": {"attempts": 1}}
        run = await probe("http://127.0.0.1:1", step)
        assert run.failure is not None
        assert run.failure.kind is FailureKind.INTERNAL

    async def test_a_server_of_ipv6_alone_is_reached(self, serve: Any, probe: Any) -> None:
        server = await serve(replays(OK), host="::1")
        run = await probe(server)
        assert run.outcome is Outcome.PASSED, run.failure
        assert run.steps[0].remote_address == f"[::1]:{server.port}"

    async def test_a_look_up_that_never_ends_is_dns_and_cut_by_the_clock(self) -> None:
        async def silent(host: str, port: int) -> list[Address]:
            await asyncio.sleep(60)
            return []

        began = time.perf_counter()
        step = {"name": "call", "request": {"path": "/", "timeout": "200ms"}, "retry": {"attempts": 1}}
        run = await run_once(make_runner(resolver=silent), integration("http://slow.example", step))
        assert run.failure is not None
        assert run.failure.kind is FailureKind.DNS
        assert time.perf_counter() - began < 1

    async def test_a_name_that_moves_is_followed_by_the_next_run_and_not_within_one(self, serve: Any) -> None:
        first = await serve(replays(OK))
        second = await serve(replays(OK), host="127.0.0.2", port=first.port)
        where = {"vendor.example": "127.0.0.1"}
        runner, declared = (
            moving(where),
            integration(f"http://vendor.example:{first.port}", STEP, {**STEP, "name": "2"}),
        )
        before = await run_once(runner, declared)
        where["vendor.example"] = "127.0.0.2"
        after = await run_once(runner, declared)
        where.clear()
        gone = await run_once(runner, declared)
        assert second.met == 1
        assert {step.remote_address for step in before.steps} == {f"127.0.0.1:{first.port}"}
        assert {step.remote_address for step in after.steps} == {f"127.0.0.2:{first.port}"}
        assert gone.failure is not None
        assert gone.failure.kind is FailureKind.DNS


def moving(where: dict[str, str]) -> Runner:
    async def resolve(host: str, port: int) -> list[Address]:
        address = where.get(host)
        found = socket.getaddrinfo(address or f"{host}.invalid", port, type=socket.SOCK_STREAM) if address else []
        if not found:
            raise TransportFailure(FailureKind.DNS, f"cannot resolve {host}", phase=Phase.DNS, retryable=False)
        return [(family, sockaddr) for family, _, _, _, sockaddr in found]  # type: ignore[misc]

    return make_runner(resolver=resolve)
