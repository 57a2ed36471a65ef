"""One HTTP/1.1 answer from bytes, without I/O and within limits."""

from __future__ import annotations

import io
from typing import Final

import httptools

from probes.http import Headers
from probes.model import FailureKind
from probes.transport.failure import Partial, TransportFailure
from probes.transport.limits import Limits

_FRAMING: Final = 1024 * 1024
"""Bytes that chunking may cost beside half of what it brings: chunks of one byte cost five times that."""
_SHOWN: Final = 64 * 1024
"""Of the body of a broken answer: more than evidence reads."""


class AnswerReader:
    """Parses one final answer; interim ones (1xx) are skipped.

    `feed` and `end` return nothing and raise TransportFailure (PROTOCOL before the header section is complete, BODY
    after it). `first_byte` is the stamp of the read in which the final answer began, `last_byte` that of the read that
    brought its last byte.
    """

    def __init__(self, method: str, limits: Limits) -> None:
        self.first_byte: float | None = None
        self.last_byte: float | None = None
        self.complete = False
        self.reusable = False
        self.surplus = False
        self._method = method
        self._limits = limits
        self.http_version = ""
        """`1.1` or `1.0`, once the header section is complete."""
        self._parser: httptools.HttpResponseParser | None = httptools.HttpResponseParser(self)
        self._status = 0
        self._headers: list[tuple[bytes, bytes]] = []
        self._made: Headers | None = None
        self._header_bytes = 0
        self._header_fields = 0
        self._headers_done = False
        self._head_only = False
        # Not a list of parts: a million chunks of a byte each would cost a hundred times what they bring.
        self._body = io.BytesIO()
        self._body_bytes = 0
        self._wire_bytes = 0
        self._interim = 0
        self._now = 0.0

    @property
    def partial(self) -> Partial | None:
        """What came so far, once the header section is complete."""
        if not self._headers_done:
            return None
        return Partial(self._status, self.headers, bytes(self._body.getbuffer()[:_SHOWN]), self._body_bytes)

    @property
    def status(self) -> int:
        """Status code of the final answer."""
        return self._status

    @property
    def headers(self) -> Headers:
        """As they came."""
        if not self._headers_done:
            return Headers(self._headers)
        if self._made is None:
            self._made = Headers(self._headers)
        return self._made

    @property
    def body(self) -> bytes:
        """Without its framing, not yet decompressed."""
        return self._body.getvalue()

    @property
    def body_bytes(self) -> int:
        """Length of `body`."""
        return self._body_bytes

    def feed(self, received: bytes, now: float) -> None:
        """Take what one read brought at `now`."""
        if self.complete or self._parser is None:
            self.surplus = True
            return
        self._now = now
        self._wire_bytes += len(received)
        try:
            self._parser.feed_data(received)
        except httptools.HttpParserError as err:
            self._parse_error(err)
        self._check_size()

    def let_go(self) -> None:
        """Nothing more is fed. The parser holds its reader: left to garbage collection, both would wait for a pause
        that every other run feels."""
        self._parser = None

    def end(self) -> None:
        """The other side closed its half. Only an answer delimited by that is complete now."""
        if self.complete:
            return
        if not self._headers_done:
            raise self._failure("closed the connection before answering" if not self._wire_bytes else self._cut_head())
        length = self.headers.get("content-length")
        if length is not None:
            raise self._failure(f"body ends after {self._body_bytes:,} of {length} bytes")
        if "chunked" in self.headers.get("transfer-encoding", "").lower():
            raise self._failure(f"chunked body ends after {self._body_bytes:,} bytes, without its last chunk")
        self.complete, self.reusable = True, False

    def lost(self, reason: str) -> TransportFailure:
        """The failure that a broken connection means at this point."""
        if not self._headers_done:
            return self._failure(f"{reason} before the answer's header section was complete")
        return self._failure(f"{reason} after {self._body_bytes:,} bytes of body")

    def on_message_begin(self) -> None:
        """Called by the parser."""
        if self.complete:
            self.surplus = True
            return
        self.first_byte = self._now

    def on_header(self, name: bytes, value: bytes) -> None:
        """Called by the parser, for trailers too; those only count against the limit."""
        self._header_bytes += len(name) + len(value) + 4
        if self._header_bytes > self._limits.headers:
            raise self._too_large()
        self._header_fields += 1
        if self._header_fields > self._limits.header_fields:
            raise self._failure(f"header section has more than {self._limits.header_fields:,} fields")
        if not self._headers_done:
            self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Called by the parser."""
        parser = self._parser
        if self.complete or parser is None:
            return
        status = parser.get_status_code()
        if status == 101:
            raise self._failure("switched protocols without being asked to")
        if 100 <= status < 200:
            return
        self._status = status
        self._headers_done = True
        self.last_byte = self._now
        self.http_version = str(parser.get_http_version())
        self.reusable = parser.should_keep_alive()
        if self._method == "HEAD":
            # The parser cannot know that no body follows, whatever Content-Length says.
            self._finish()
            self._head_only = True

    def on_body(self, part: bytes) -> None:
        """Called by the parser."""
        if self._head_only:
            self.surplus = True
            return
        self._body.write(part)
        self._body_bytes += len(part)
        self.last_byte = self._now
        if self._body_bytes > self._limits.body:
            raise self._failure(f"body is larger than {self._limits.body:,} bytes")

    def on_message_complete(self) -> None:
        """Called by the parser."""
        if self._headers_done:
            if not self._head_only:
                self._finish()
            return
        self._interim += 1
        self._headers.clear()
        # Still waiting: for the final answer, of which nothing has come yet.
        self.first_byte = None
        if self._interim > self._limits.interim:
            raise self._failure(f"more than {self._limits.interim} interim (1xx) answers")

    def _finish(self) -> None:
        self.complete = True
        self.last_byte = self._now

    def _parse_error(self, err: Exception) -> None:
        if isinstance(err.__context__, TransportFailure):
            raise err.__context__
        if self.complete:
            # Whatever follows a complete answer spoils the connection, not the answer.
            self.surplus = True
            return
        words = str(err).lower() or "unreadable"
        raise self._failure(f"unreadable {'body' if self._headers_done else 'answer'}: {words}") from err

    def _check_size(self) -> None:
        if not self._headers_done and self._wire_bytes > self._limits.headers:
            raise self._too_large()
        framing = self._wire_bytes - self._body_bytes - self._limits.headers
        if framing > _FRAMING + self._body_bytes // 2:
            raise self._failure("body costs more framing than content")

    def _too_large(self) -> TransportFailure:
        return self._failure(f"header section is larger than {self._limits.headers:,} bytes")

    def _cut_head(self) -> str:
        return "closed the connection within the header section"

    def _failure(self, message: str) -> TransportFailure:
        kind = FailureKind.BODY if self._headers_done else FailureKind.PROTOCOL
        return TransportFailure(kind, message, partial=self.partial)
