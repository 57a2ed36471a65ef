"""The port that the browser is sent back to: one answer is taken, and one page shown."""

from __future__ import annotations

import html
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import AF_INET, AF_INET6
from typing import Any, Final
from urllib.parse import urlsplit

from app.enrolment.problem import EnrolmentError

SHOWN_WITHIN_S: Final = 60.0
"""Longest that the browser waits for the word on how it ended."""
_PAGE: Final = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Leadline</title>
<style>body{{font:18px/1.5 system-ui,sans-serif;max-width:34rem;margin:18vh auto;padding:0 1.5rem}}
:root{{color-scheme:light dark}}
h1{{font-size:1.5rem}}</style></head><body><h1>{title}</h1><p>{text}</p></body></html>"""
_HEADERS: Final = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}


class Loopback:
    """A server on loopback while it lasts. `redirect_uri` names its real port."""

    def __init__(self, server: ThreadingHTTPServer, redirect_uri: str) -> None:
        self.redirect_uri = redirect_uri
        self.answer: Future[str] = Future()
        """The query of the first request to the redirect's path that says anything."""
        self._server = server
        self._ending: Future[tuple[str, str]] = Future()

    def show(self, title: str, text: str) -> None:
        """What the browser that brought the answer is told. Does nothing the second time."""
        if not self._ending.done():
            self._ending.set_result((title, text))

    def take(self, target: str) -> tuple[int, str, str]:
        """Status, title and text for a request. Waits for `show` where it brought the answer."""
        parts = urlsplit(target)
        if parts.path != urlsplit(self.redirect_uri).path or not parts.query:
            return 404, "Nothing here", "This port waits for one answer of a log-in."
        if self.answer.done():
            return 409, "Too late", "This log-in has had its answer already."
        self.answer.set_result(parts.query)
        try:
            return (200, *self._ending.result(SHOWN_WITHIN_S))
        except TimeoutError:
            return 504, "No word yet", "See the terminal that leadline auth login runs in."


@contextmanager
def listening(redirect_uri: str) -> Iterator[Loopback]:
    """Listen where `redirect_uri` says; without a port there, on any free one. Raises EnrolmentError."""
    parts = urlsplit(redirect_uri)
    host = "127.0.0.1" if parts.hostname in (None, "localhost") else str(parts.hostname)
    try:
        server = _Server((host, parts.port or 0))
    except OSError as err:
        raise EnrolmentError(
            f"cannot listen on {host}:{parts.port or 0} for the consent to come back ({err.strerror}); stop what does, "
            "or write another port in `redirect_uri` (the vendor must know it)"
        ) from err
    named = f"[{parts.hostname}]" if ":" in str(parts.hostname) else parts.hostname
    loopback = Loopback(server, parts._replace(netloc=f"{named}:{server.server_address[1]}").geturl())
    server.loopback = loopback
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="loopback", daemon=True)
    thread.start()
    try:
        yield loopback
    finally:
        loopback.show("Stopped", "This log-in was given up.")
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True
    loopback: Loopback

    def __init__(self, address: tuple[str, int]) -> None:
        self.address_family = AF_INET6 if ":" in address[0] else AF_INET
        super().__init__(address, _Handler)


class _Handler(BaseHTTPRequestHandler):
    timeout = 5
    """A browser opens connections in advance and says nothing on them."""
    server: _Server

    def do_GET(self) -> None:
        status, title, text = self.server.loopback.take(self.path)
        body = _PAGE.format(title=html.escape(title), text=html.escape(text)).encode()
        self.send_response(status)
        for name, value in {**_HEADERS, "Content-Length": str(len(body)), "Connection": "close"}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """The request line holds the code: nothing of it is logged."""
