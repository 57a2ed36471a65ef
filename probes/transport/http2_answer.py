"""One HTTP/2 answer, put together from its parts within limits."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from typing import Final

from probes.http import Headers
from probes.model import FailureKind
from probes.transport.failure import Partial, TransportFailure
from probes.transport.limits import Limits

_STATUS: Final = re.compile(rb"[2-9][0-9]{2}")
_SHOWN: Final = 64 * 1024
"""Of the body of a broken answer: more than evidence reads."""


class Http2Answer:
    """As `AnswerReader` is for HTTP/1.1: the same stamps, the same limits, the same kinds of failure."""

    http_version: Final = "2"

    def __init__(self, limits: Limits) -> None:
        self.first_byte: float | None = None
        self.last_byte: float | None = None
        self.complete = False
        self.status = 0
        self.headers = Headers()
        self.body_bytes = 0
        self._limits = limits
        self._body = io.BytesIO()
        self._interim = 0
        self._fields = 0

    @property
    def body(self) -> bytes:
        """Without its framing, not yet decompressed."""
        return self._body.getvalue()

    @property
    def partial(self) -> Partial | None:
        """What came so far, once the header section is complete."""
        if not self.status:
            return None
        return Partial(self.status, self.headers, bytes(self._body.getbuffer()[:_SHOWN]), self.body_bytes)

    def take_interim(self, fields: Sequence[tuple[bytes, bytes]]) -> None:
        """A 1xx answer. Raises TransportFailure when there were too many."""
        self._count(fields)
        self._interim += 1
        if self._interim > self._limits.interim:
            raise self.failure(f"more than {self._limits.interim} interim (1xx) answers")

    def take_head(self, fields: Sequence[tuple[bytes, bytes]], begun: float, now: float) -> None:
        """The final answer's header section, whose first byte came at `begun` and whose last one at `now`.

        Raises TransportFailure when it is not one.
        """
        self._count(fields)
        listed = [(bytes(name), bytes(value)) for name, value in fields]
        status = dict(listed)[b":status"]
        if not _STATUS.fullmatch(status):
            raise self.failure("unreadable answer: its status is no number")
        self.status = int(status)
        self.headers = Headers([field for field in listed if not field[0].startswith(b":")])
        self.first_byte, self.last_byte = begun, now

    def take_trailers(self, fields: Sequence[tuple[bytes, bytes]]) -> None:
        """They only count."""
        self._count(fields)

    def take_body(self, part: bytes, now: float) -> None:
        """More of the body. Raises TransportFailure when it is too much."""
        self._body.write(part)
        self.body_bytes += len(part)
        self.last_byte = now
        if self.body_bytes > self._limits.body:
            raise self.failure(f"body is larger than {self._limits.body:,} bytes")

    def finish(self, now: float) -> None:
        """The stream ended as it should."""
        self.complete = True
        self.last_byte = now

    def lost(self, reason: str) -> TransportFailure:
        """The failure that an end of the connection means at this point."""
        if not self.status:
            return self.failure(f"{reason} before answering")
        return self.failure(f"{reason} after {self.body_bytes:,} bytes of body")

    def _count(self, fields: Sequence[tuple[bytes, bytes]]) -> None:
        self._fields += len(fields)
        if self._fields > self._limits.header_fields:
            raise self.failure(f"more than {self._limits.header_fields} header fields")

    def failure(self, message: str, *, retryable: bool | None = None) -> TransportFailure:
        """PROTOCOL before the header section is complete, BODY after it."""
        kind = FailureKind.BODY if self.status else FailureKind.PROTOCOL
        return TransportFailure(kind, message, partial=self.partial, retryable=retryable)
