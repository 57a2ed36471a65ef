"""The port that a browser is sent back to takes one answer, shows one page, and tells nobody else anything."""

from __future__ import annotations

import socket
import threading

import httpx
import plain_http
import pytest

from app.enrolment.loopback import Loopback, listening
from app.enrolment.problem import EnrolmentError


def fetch_in_background(url: str) -> tuple[threading.Thread, list[httpx.Response]]:
    got: list[httpx.Response] = []
    thread = threading.Thread(target=lambda: got.append(plain_http.get(url)))
    thread.start()
    return thread, got


def answered(loopback: Loopback, query: str) -> tuple[threading.Thread, list[httpx.Response]]:
    thread, got = fetch_in_background(f"{loopback.redirect_uri}?{query}")
    assert loopback.answer.result(5) == query
    return thread, got


def test_the_browser_is_told_how_it_ended_and_nothing_it_sent() -> None:
    with listening("http://127.0.0.1/callback") as loopback:
        thread, got = answered(loopback, "code=c0de&state=s")
        loopback.show("Done", "<b>Acme</b> is enrolled.")
        thread.join(5)
    assert got[0].status_code == 200
    assert "&lt;b&gt;Acme&lt;/b&gt; is enrolled." in got[0].text
    assert "c0de" not in got[0].text
    assert "default-src 'none'" in got[0].headers["content-security-policy"]
    assert got[0].headers["cache-control"] == "no-store"
    assert got[0].headers["referrer-policy"] == "no-referrer"


def test_a_free_port_is_named_in_the_redirect() -> None:
    with listening("http://127.0.0.1/back/here") as loopback:
        assert httpx.URL(loopback.redirect_uri).port not in (None, 80)
        assert httpx.URL(loopback.redirect_uri).path == "/back/here"


def test_localhost_stays_localhost_for_the_vendor_who_compares() -> None:
    with listening("http://localhost/callback") as loopback:
        assert loopback.redirect_uri.startswith("http://localhost:")
        assert plain_http.get(loopback.redirect_uri.replace("localhost", "127.0.0.1")).status_code == 404


@pytest.mark.parametrize("path", ["/", "/favicon.ico", "/callback", "/callback/../x?code=1", "/other?code=1&state=2"])
def test_nothing_but_an_answer_to_the_redirect_counts(path: str) -> None:
    with listening("http://127.0.0.1/callback") as loopback:
        port = httpx.URL(loopback.redirect_uri).port
        assert plain_http.get(f"http://127.0.0.1:{port}{path}").status_code == 404
        assert not loopback.answer.done()


def test_the_first_answer_counts() -> None:
    with listening("http://127.0.0.1/callback") as loopback:
        thread, _ = answered(loopback, "code=first&state=s")
        assert plain_http.get(f"{loopback.redirect_uri}?code=second&state=s").status_code == 409
        loopback.show("Done", "")
        thread.join(5)
        assert loopback.answer.result() == "code=first&state=s"


def test_a_browser_that_waits_is_told_when_it_is_given_up() -> None:
    with listening("http://127.0.0.1/callback") as loopback:
        thread, got = answered(loopback, "code=1&state=s")
    thread.join(5)
    assert "given up" in got[0].text


def test_a_connection_that_says_nothing_holds_nobody_up() -> None:
    with listening("http://127.0.0.1/callback") as loopback:
        port = httpx.URL(loopback.redirect_uri).port or 0
        with socket.create_connection(("127.0.0.1", port)):
            thread, got = answered(loopback, "code=1&state=s")
            loopback.show("Done", "")
            thread.join(5)
        assert got[0].status_code == 200


def test_a_port_that_is_taken_is_an_error_with_a_remedy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(
                EnrolmentError, match=rf"cannot listen on 127\.0\.0\.1:{port}.*another port in `redirect_uri`"
            ),
            listening(f"http://127.0.0.1:{port}/callback"),
        ):
            pass
