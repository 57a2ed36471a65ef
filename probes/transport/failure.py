"""How an exchange fails."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from probes.http import Headers, TransportError
from probes.model import FailureKind, Timings


class Phase(StrEnum):
    """Where an exchange stands, in words that finish "timed out during …"."""

    DNS = "name look-up"
    CONNECT = "connect"
    TLS = "TLS handshake"
    SEND = "sending the request"
    WAIT = "waiting for the first byte"
    DOWNLOAD = "download"


@dataclass(frozen=True, slots=True)
class Partial:
    """As much of an answer as came before it failed.

    `body` is the beginning of what is readable of it, for evidence; `wire_bytes` how much of it came.
    """

    status: int
    headers: Headers
    body: bytes = b""
    wire_bytes: int | None = None


class TransportFailure(TransportError):  # noqa: N818 - "failure" is the domain's word, and it is data upstream
    """No usable answer. `timings` holds the phases that ended; `timed_out` that it was a clock that ended it.

    `retryable`: nothing of the answer is known and sending the same request again may help.
    """

    def __init__(
        self,
        kind: FailureKind,
        message: str,
        timings: Timings | None = None,
        *,
        phase: Phase | None = None,
        partial: Partial | None = None,
        retryable: bool | None = None,
        timed_out: bool = False,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.timings = timings or Timings()
        self.phase = phase
        self.partial = partial
        self.retryable = retryable if retryable is not None else kind in _RETRYABLE
        self.timed_out = timed_out
        self.peer: str | None = None
        self.ended: float | None = None
        """`perf_counter` of when the exchange was over: before anything was found out about why."""


_RETRYABLE = frozenset({FailureKind.DNS, FailureKind.CONNECT, FailureKind.TIMEOUT})
