"""Who we are, whom we ask for, and what the other side's certificates say."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from certificate_world import asking, caller, chained, client, handshaking, new_authority
from probe_world import Authority, Heard, answer, integration, make_runner, run_once, wall_clock
from pydantic import SecretStr

from probes.http import Request, Response
from probes.model import FailureKind, Outcome
from probes.transport import ProbeTransport, TransportFailure, Trust
from probes.transport.trust import client_context


async def get(transport: ProbeTransport, url: str) -> Response:
    return await transport.handle_async_request(Request("GET", url, extensions={"timeout": {"total": 5.0}}))


async def failure(trust: Trust, url: str) -> TransportFailure:
    probe = ProbeTransport(trust=trust)
    with pytest.raises(TransportFailure) as caught:
        await get(probe, url)
    await probe.aclose()
    return caught.value


async def greet(_: Heard, writer: asyncio.StreamWriter) -> None:
    writer.write(answer(200, {"caller": caller(writer)}))


class TestClientCertificate:
    @pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["TLS 1.2", "TLS 1.3"])
    async def test_it_is_presented_to_a_server_that_asks(
        self, serve: Any, authority: Authority, tmp_path: Path, version: ssl.TLSVersion
    ) -> None:
        us = client(authority, tmp_path)
        server = await serve(greet, context=asking(authority.server_context("asks"), authority, version=version))
        for trust in (
            Trust(authority.ca_file, us.certificate, us.key),
            Trust(authority.ca_file, us.both),
        ):
            probe = ProbeTransport(trust=trust)
            assert (await get(probe, server.url)).json() == {"caller": "CN=probe"}
            await probe.aclose()

    async def test_an_encrypted_key_is_opened_with_its_password(
        self, serve: Any, authority: Authority, tmp_path: Path
    ) -> None:
        us = client(authority, tmp_path, password="hunter2")
        server = await serve(greet, context=asking(authority.server_context("asks"), authority))
        trust = Trust(authority.ca_file, us.certificate, us.key, SecretStr("hunter2"))
        probe = ProbeTransport(trust=trust)
        assert (await get(probe, server.url)).json() == {"caller": "CN=probe"}
        await probe.aclose()
        assert "hunter2" not in repr(trust)

    @pytest.mark.parametrize(
        ("version", "words"),
        [
            (ssl.TLSVersion.TLSv1_3, "the server requires a client certificate; set tls.client_certificate"),
            (ssl.TLSVersion.TLSv1_2, "it may require a client certificate"),
        ],
        ids=["TLS 1.3", "TLS 1.2"],
    )
    async def test_a_server_that_misses_it_says_so(
        self, authority: Authority, version: ssl.TLSVersion, words: str
    ) -> None:
        with handshaking(asking(authority.server_context("asks"), authority, version=version)) as url:
            failed = await failure(Trust(authority.ca_file), url)
        assert (failed.kind, words in failed.message) == (FailureKind.TLS, True), failed.message

    async def test_one_of_another_authority_or_an_expired_one_is_refused_in_words(
        self, authority: Authority, tmp_path: Path
    ) -> None:
        stranger = client(new_authority(tmp_path, "Other CA"), tmp_path)
        late = client(authority, tmp_path, "late", expired=True)
        with handshaking(asking(authority.server_context("asks"), authority)) as url:
            first = await failure(Trust(authority.ca_file, stranger.both), url)
            second = await failure(Trust(authority.ca_file, late.both), url)
        assert (first.kind, second.kind) == (FailureKind.TLS, FailureKind.TLS)
        assert first.message == "the server does not trust the authority of our client certificate"
        assert second.message == "the server says that our client certificate has expired"

    async def test_a_rotated_file_is_used_from_the_next_connection_on(
        self, serve: Any, authority: Authority, tmp_path: Path
    ) -> None:
        us = client(authority, tmp_path, "old")
        server = await serve(greet, context=asking(authority.server_context("asks"), authority))
        trust = Trust(authority.ca_file, us.both)
        seen = []
        for name in ("old", "new"):
            os.replace(client(authority, tmp_path, name).both, us.both)
            probe = ProbeTransport(trust=trust)
            seen.append((await get(probe, server.url)).json()["caller"])
            await probe.aclose()
        assert seen == ["CN=old", "CN=new"]

    async def test_unchanged_files_are_read_once(self, authority: Authority, tmp_path: Path) -> None:
        us = client(authority, tmp_path)
        first = await client_context(Trust(authority.ca_file, us.both), "1.1")
        assert await client_context(Trust(authority.ca_file, us.both), "1.1") is first
        assert await client_context(Trust(authority.ca_file, us.both), "auto") is not first
        assert await client_context(Trust(authority.ca_file), "1.1") is not first


class TestUnusableFiles:
    """Our own fault, in words that name the option and the file, before anything is sent."""

    async def told(self, trust: Trust) -> str:
        failed = await failure(trust, "https://127.0.0.1:1/")
        assert (failed.kind, failed.retryable) == (FailureKind.INTERNAL, False)
        return failed.message

    async def test_a_missing_file(self, authority: Authority, tmp_path: Path) -> None:
        us = client(authority, tmp_path)
        assert await self.told(Trust(None, "/no/such.pem")) == (
            "cannot read the tls.client_certificate /no/such.pem: No such file or directory"
        )
        assert await self.told(Trust(None, us.certificate, "/no/such.key")) == (
            "cannot read the tls.client_key /no/such.key: No such file or directory"
        )

    async def test_the_key_of_another_certificate(self, authority: Authority, tmp_path: Path) -> None:
        us, other = client(authority, tmp_path), client(authority, tmp_path, "other")
        assert await self.told(Trust(None, us.certificate, other.key)) == (
            f"tls.client_key {other.key} holds another key than that of tls.client_certificate {us.certificate}"
        )

    async def test_an_encrypted_key(self, authority: Authority, tmp_path: Path) -> None:
        us = client(authority, tmp_path, password="hunter2")
        assert await self.told(Trust(None, us.certificate, us.key)) == (
            f"the key in tls.client_key {us.key} is encrypted; set tls.client_key_password"
        )
        for wrong in ("wrong", "x" * 2_000):
            assert await self.told(Trust(None, us.certificate, us.key, SecretStr(wrong))) == (
                f"tls.client_key_password does not open the key in tls.client_key {us.key}"
            )

    async def test_a_file_without_what_it_should_hold(self, authority: Authority, tmp_path: Path) -> None:
        us = client(authority, tmp_path)
        assert "which holds no private key," in await self.told(Trust(None, us.certificate))
        assert "which holds no certificate," in await self.told(Trust(None, us.key, us.key))
        empty = tmp_path / "empty.pem"
        empty.write_text("")
        assert "which holds no certificate," in await self.told(Trust(None, str(empty), us.key))
        assert "cannot read the tls.ca_file" in await self.told(Trust(str(empty)))
        broken = tmp_path / "broken.pem"
        broken.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
        assert "is not usable as PEM" in await self.told(Trust(None, str(broken), us.key))


class TestServerName:
    async def test_it_is_asked_for_and_expected_instead_of_the_host(self, serve: Any, authority: Authority) -> None:
        context = authority.server_context("inner", host="api.internal")
        asked: list[str | None] = []
        context.sni_callback = lambda _, name, __: asked.append(name)
        server = await serve(context=context)
        trust = Trust(authority.ca_file, names=(("127.0.0.1", "api.internal"),))
        probe = ProbeTransport(trust=trust)
        await get(probe, server.url)
        await probe.aclose()
        assert asked == ["api.internal"]
        assert server.heard[0].headers["host"] == f"127.0.0.1:{server.port}"

    async def test_a_certificate_for_another_name_is_refused(self, serve: Any, authority: Authority) -> None:
        server = await serve(context=authority.server_context("plain"))
        failed = await failure(Trust(authority.ca_file, names=(("127.0.0.1", "api.internal"),)), server.url)
        assert failed.message == "certificate is for 127.0.0.1, not for api.internal"

    async def test_it_is_for_the_host_of_base_url_alone(self, serve: Any, authority: Authority) -> None:
        server = await serve(context=authority.server_context("plain"))
        probe = ProbeTransport(trust=Trust(authority.ca_file, names=(("api.example.com", "other"),)))
        assert (await get(probe, server.url)).status_code == 200
        await probe.aclose()


class TestChain:
    async def test_every_certificate_is_told_with_subject_issuer_and_expiry(
        self, serve: Any, authority: Authority, tmp_path: Path
    ) -> None:
        middle_ends = wall_clock().replace(microsecond=0) + timedelta(days=7)
        server = await serve(context=chained(authority, tmp_path, middle_ends=middle_ends))
        probe = ProbeTransport(ca_file=authority.ca_file)
        first, second = await get(probe, server.url), await get(probe, server.url)
        await probe.aclose()
        chain = first.extensions["certificate_chain"]
        assert [(one.subject, one.issuer) for one in chain] == [
            ("CN=api", "CN=Middle CA"),
            ("CN=Middle CA", "CN=Test CA"),
            ("CN=Test CA", "CN=Test CA"),
        ]
        assert min(one.expires_at for one in chain) == middle_ends
        assert first.extensions["certificate_expires_at"] == chain[0].expires_at
        assert second.extensions["certificate_chain"] == ()
        assert second.extensions["certificate_expires_at"] == chain[0].expires_at

    async def test_a_run_tells_it_once(self, serve: Any, authority: Authority, tmp_path: Path) -> None:
        closing = answer(200, {}, {"Connection": "close"})
        server = await serve(closing, closing, context=authority.server_context("once"))
        steps = [{"name": name, "request": {"path": "/"}} for name in ("a", "b")]
        declared = integration(server, *steps, tls={"ca_file": authority.ca_file})
        run = await run_once(make_runner(), declared)
        assert run.outcome is Outcome.PASSED
        assert server.connections == 2
        assert [len(step.certificate_chain) for step in run.steps] == [2, 0]
        assert {step.certificate_expires_at for step in run.steps} == {run.steps[0].certificate_chain[0].expires_at}


class TestRun:
    async def test_what_an_integration_declares_is_what_is_presented(
        self, serve: Any, authority: Authority, tmp_path: Path
    ) -> None:
        us = client(authority, tmp_path, password="hunter2-hunter2")
        context = asking(authority.server_context("inner", host="api.internal"), authority)
        server = await serve(greet, context=context)
        tls = {
            "ca_file": authority.ca_file,
            "client_certificate": us.certificate,
            "client_key": us.key,
            "client_key_password": "${env:KEY_PASSWORD}",
            "server_name": "api.internal",
        }
        step = {"name": "a", "request": {"path": "/"}, "expect": {"json": {"$.caller": "CN=probe"}}}
        declared = integration(server, step, tls=tls)
        run = await run_once(make_runner({"KEY_PASSWORD": "hunter2-hunter2"}), declared)
        assert (run.outcome, run.failure) == (Outcome.PASSED, None)
        run = await run_once(make_runner({"KEY_PASSWORD": "wrong-password"}), declared)
        assert run.failure is not None
        assert run.failure.kind is FailureKind.INTERNAL
        assert run.failure.message.startswith("tls.client_key_password does not open the key in")
        assert "wrong-password" not in repr(run)

    async def test_the_addresses_that_did_not_answer_are_in_the_row(self, serve: Any) -> None:
        server = await serve()
        declared = integration(f"http://localhost:{server.port}", {"name": "a", "request": {"path": "/"}})
        run = await run_once(make_runner(), declared)
        (step,) = run.steps
        assert step.remote_address == f"127.0.0.1:{server.port}"
        assert all("connection refused" in one for one in step.unreachable_addresses)


@pytest.mark.parametrize("name", [".example.com", "a..b", "x" * 64], ids=["a dot first", "two dots", "too long"])
async def test_a_name_that_tls_cannot_ask_for_is_no_rejected_credential_and_leaves_no_socket_open(
    serve: Any, authority: Authority, name: str
) -> None:
    server = await serve()
    tls = {"ca_file": authority.ca_file, "server_name": name}
    step = {"name": "get", "request": {"path": "/"}, "retry": {"attempts": 1}}
    run = await run_once(make_runner(), integration(server.url.replace("http:", "https:"), step, tls=tls))
    assert run.failure is not None
    assert run.failure.kind is FailureKind.TLS
    assert name in run.failure.message
    async with asyncio.timeout(5):
        while server.ended < server.connections or not server.connections:
            await asyncio.sleep(0.01)


async def test_finding_out_what_is_wrong_with_a_certificate_is_in_no_duration(authority: Authority) -> None:
    context = authority.server_context("untrusted", self_signed=True)

    def once(listener: socket.socket) -> None:
        connected, _ = listener.accept()
        with suppress(OSError), connected, context.wrap_socket(connected, server_side=True):
            pass

    # The second connection, made to look at the certificate, is never accepted.
    with socket.create_server(("127.0.0.1", 0)) as listener:
        base_url = f"https://127.0.0.1:{listener.getsockname()[1]}"
        serving = asyncio.create_task(asyncio.to_thread(once, listener))
        step = {"name": "get", "request": {"path": "/"}, "retry": {"attempts": 1}}
        began = time.perf_counter()
        run = await run_once(make_runner(), integration(base_url, step, tls={"ca_file": authority.ca_file}))
        spent_ms = (time.perf_counter() - began) * 1000
        await serving
    assert run.failure is not None
    assert run.failure.kind is FailureKind.TLS
    assert run.duration_ms < spent_ms - 1500
