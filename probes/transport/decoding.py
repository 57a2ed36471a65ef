"""Content encodings, decoded within limits and outside of all timings."""

from __future__ import annotations

import zlib
from typing import Final

from probes.http import Headers
from probes.model import FailureKind
from probes.transport.failure import TransportFailure
from probes.transport.limits import Limits

_IDENTITY: Final = frozenset({"", "identity"})
_GZIP: Final = frozenset({"gzip", "x-gzip"})
_MOST: Final = 2
"""Encodings upon one another that a body may have."""
_MEMBERS: Final = 64
"""Parts a gzip body may be joined from; each costs a copy of the rest."""


def decode(body: bytes, headers: Headers, limits: Limits) -> bytes:
    """The body without its content encodings. Raises TransportFailure (BODY)."""
    listed = [name.strip().lower() for name in headers.get("content-encoding", "").split(",")]
    encodings = [name for name in listed if name not in _IDENTITY]
    if len(encodings) > _MOST:
        raise _failure(f"more than {_MOST} content encodings")
    for encoding in reversed(encodings):
        body = _decode_one(body, encoding, limits) if body else body
    return body


def _decode_one(body: bytes, encoding: str, limits: Limits) -> bytes:
    try:
        if encoding in _GZIP:
            return _inflate(body, 16 + zlib.MAX_WBITS, encoding, limits)
        if encoding == "deflate":
            return _deflate(body, limits)
    except zlib.error as err:
        raise _failure(f"body is not valid {encoding}") from err
    raise _failure(f"body has the content encoding {encoding[:40]!r}, which was not asked for")


def _deflate(body: bytes, limits: Limits) -> bytes:
    # RFC 9110 means zlib by "deflate"; some servers send the bare stream.
    try:
        return _inflate(body, zlib.MAX_WBITS, "deflate", limits)
    except zlib.error:
        return _inflate(body, -zlib.MAX_WBITS, "deflate", limits)


def _inflate(body: bytes, window: int, encoding: str, limits: Limits) -> bytes:
    parts: list[bytes] = []
    size = 0
    rest = body
    while rest:
        if len(parts) == _MEMBERS:
            raise _failure(f"{encoding} body has more than {_MEMBERS} members")
        stream = zlib.decompressobj(window)
        part = stream.decompress(rest, limits.body - size + 1)
        size += len(part)
        _check(size, len(body), limits)
        if not stream.eof:
            raise _failure(f"{encoding} body is truncated")
        parts.append(part)
        # Only gzip may hold several members, one after the other.
        rest = stream.unused_data.lstrip(b"\0") if encoding in _GZIP else b""
    return b"".join(parts)


def _check(size: int, wire: int, limits: Limits) -> None:
    if size > limits.body:
        raise _failure(f"body is larger than {limits.body:,} bytes once decompressed")
    if size > limits.ratio_from and size > wire * limits.ratio:
        raise _failure(f"body decompresses to more than {limits.ratio} times its size")


def _failure(message: str) -> TransportFailure:
    return TransportFailure(FailureKind.BODY, message)
