"""An HTTP request as bytes."""

from __future__ import annotations

import re
import string
from typing import Final

from config.proxy import ProxyAddress
from probes.http import Request
from probes.model import FailureKind
from probes.transport.decoding import ACCEPTED
from probes.transport.failure import TransportFailure
from probes.transport.proxy import authorisation

_TOKEN: Final = b"!#$%&'*+-.^_`|~" + (string.ascii_letters + string.digits).encode("ascii")
"""Bytes that a header's name may be made of (RFC 9110)."""
_FORBIDDEN: Final = re.compile(rb"[\x00\r\n]")


def serialise(request: Request, proxy: ProxyAddress | None = None) -> bytes:
    """Request line, headers and body. Its body must have been read. For a proxy to read: with the whole address.

    Raises TransportFailure (INTERNAL) for a header that would let a value write a line of its own.
    """
    if request.headers.get("accept-encoding") != "identity":
        request.headers["Accept-Encoding"] = ACCEPTED
    url = request.url
    target = url.raw_path if proxy is None else b"%s://%s%s" % (url.raw_scheme, url.netloc, url.raw_path)
    headers = [*request.headers.raw, *(authorisation(proxy) if proxy is not None else ())]
    _check(headers)
    start = b"%s %s HTTP/1.1" % (request.method.encode("ascii"), target)
    return b"\r\n".join((start, *[b"%s: %s" % header for header in headers], b"", request.content))


def _check(headers: list[tuple[bytes, bytes]]) -> None:
    for name, value in headers:
        if not name or name.translate(None, _TOKEN) or _FORBIDDEN.search(value):
            shown = name.decode("latin-1")
            raise TransportFailure(FailureKind.INTERNAL, f"the request header {shown!r} holds a line break or a space")
