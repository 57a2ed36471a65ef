"""An HTTP request as bytes."""

from __future__ import annotations

import re
from typing import Final

from config.proxy import ProxyAddress
from probes.http import Request
from probes.model import FailureKind
from probes.transport.decoding import ACCEPTED
from probes.transport.failure import TransportFailure
from probes.transport.proxy import authorisation

_TOKEN: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FORBIDDEN: Final = re.compile(rb"[\x00\r\n]")


def serialise(request: Request, proxy: ProxyAddress | None = None) -> bytes:
    """Request line, headers and body. Its body must have been read. For a proxy to read: with the whole address.

    Raises TransportFailure (INTERNAL) for a header that would let a value write a line of its own.
    """
    if request.headers.get("accept-encoding") != "identity":
        request.headers["Accept-Encoding"] = ACCEPTED
    url = request.url
    target = url.raw_path if proxy is None else b"%s://%s%s" % (url.raw_scheme, url.netloc, url.raw_path)
    lines = [b"%s %s HTTP/1.1" % (request.method.encode("ascii"), target)]
    for name, value in (*request.headers.raw, *(authorisation(proxy) if proxy is not None else ())):
        if not _TOKEN.fullmatch(name) or _FORBIDDEN.search(value):
            shown = name.decode("latin-1")
            raise TransportFailure(FailureKind.INTERNAL, f"the request header {shown!r} holds a line break or a space")
        lines.append(b"%s: %s" % (name, value))
    return b"\r\n".join((*lines, b"", request.content))
