"""One request and what became of it, whether it was answered or not."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from probes.http import Headers, Request
from probes.model import Certificate, Failure, FailureKind, Timings
from probes.transport import Answered, TransportFailure


@dataclass(frozen=True, slots=True)
class Exchange:
    """`failure` is the transport's; None means that a whole answer came. `ended` is a `perf_counter` reading.

    `hops`: the redirects before it, each an exchange of its own.
    """

    request: Request
    started_at: datetime
    ended: float
    timings: Timings = field(default_factory=Timings)
    failure: Failure | None = None
    status: int | None = None
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""
    wire_bytes: int | None = None
    http_version: str | None = None
    remote_address: str | None = None
    tls_version: str | None = None
    certificate_expires_at: datetime | None = None
    certificate_chain: tuple[Certificate, ...] = ()
    """Of a connection that was opened for it."""
    unreachable_addresses: tuple[str, ...] = ()
    hops: tuple[Exchange, ...] = ()


def answered(answer: Answered, *, started_at: datetime, ended: float) -> Exchange:
    """From what the transport gave."""
    certificates = answer.certificates
    return Exchange(
        request=answer.request,
        started_at=started_at,
        ended=ended,
        timings=answer.timings,
        status=answer.status,
        headers=answer.headers,
        body=answer.body,
        wire_bytes=answer.wire_bytes,
        http_version=answer.http_version,
        remote_address=answer.peer,
        tls_version=answer.tls_version,
        certificate_expires_at=certificates[0].expires_at if certificates else None,
        certificate_chain=() if answer.is_reused else certificates,
        unreachable_addresses=answer.refusals,
    )


def broken(
    failure: TransportFailure, request: Request, *, started_at: datetime, ended: float, deadline: str | None
) -> Exchange:
    """From what the transport raised. `deadline`: the words for the workflow's clock, where that is what cut it."""
    partial = failure.partial
    return Exchange(
        request=request,
        started_at=started_at,
        ended=ended,
        timings=failure.timings,
        failure=_as_failure(failure, deadline),
        status=partial.status if partial else None,
        headers=partial.headers if partial else Headers(),
        body=partial.body if partial else b"",
        wire_bytes=partial.wire_bytes if partial else None,
        remote_address=failure.peer,
    )


def _as_failure(failure: TransportFailure, deadline: str | None) -> Failure:
    if failure.timed_out and failure.kind is FailureKind.TIMEOUT and deadline is not None:
        return Failure(FailureKind.DEADLINE, f"{deadline} {_doing(failure)}")
    return Failure(failure.kind, failure.message, failure.retryable)


def _doing(failure: TransportFailure) -> str:
    return f"during {failure.phase}" if failure.phase is not None else "during a request"
