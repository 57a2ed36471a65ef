"""An HTTP request as bytes."""

from __future__ import annotations

import re
from typing import Final

from probes.http import Request
from probes.model import FailureKind
from probes.transport.decoding import ACCEPTED
from probes.transport.failure import TransportFailure

_TOKEN: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FORBIDDEN: Final = re.compile(rb"[\x00\r\n]")


def serialise(request: Request) -> bytes:
    """Request line, headers and body. Its body must have been read.

    Raises TransportFailure (INTERNAL) for a header that would let a value write a line of its own.
    """
    if request.headers.get("accept-encoding") != "identity":
        request.headers["Accept-Encoding"] = ACCEPTED
    lines = [b"%s %s HTTP/1.1" % (request.method.encode("ascii"), request.url.raw_path)]
    for name, value in request.headers.raw:
        if not _TOKEN.fullmatch(name) or _FORBIDDEN.search(value):
            shown = name.decode("latin-1")
            raise TransportFailure(FailureKind.INTERNAL, f"the request header {shown!r} holds a line break or a space")
        lines.append(b"%s: %s" % (name, value))
    return b"\r\n".join((*lines, b"", request.content))
