"""Content encodings, decoded within limits and outside of all timings.

Every decoder is a generator of pieces of at most about 64 KiB, so that a bomb is stopped at the limit and not after it.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Iterator
from typing import Final

import brotli
import zstandard

from probes.http import Headers
from probes.model import FailureKind
from probes.transport.failure import TransportFailure
from probes.transport.limits import Limits

ACCEPTED: Final = "gzip, deflate, br, zstd"
"""What every request offers to take."""

_IDENTITY: Final = frozenset({"", "identity"})
_MOST: Final = 2
"""Encodings upon one another that a body may have."""
_MEMBERS: Final = 64
"""Parts that a gzip or zstd body may be joined from."""
_BLOCKS: Final = 16_384
"""Blocks of a zstd frame: a hundred times what 8 MiB need, and too few to hold up the loop."""
_WINDOW: Final = 8 * 1024 * 1024
"""What RFC 9659 lets a zstd encoder ask of a decoder."""
_HUGE_BROTLI_WINDOWS: Final = (0b1101, 0b1111)
"""How streams begin whose windows are 8 and 16 MiB (RFC 7932 §9.1); the decoder takes twice that. Encoders use 4 MiB
where they are not told otherwise."""
_STEP: Final = 64 * 1024
_GZIP_WINDOW: Final = 16 + zlib.MAX_WBITS
_SKIPPABLE: Final = range(0x184D2A50, 0x184D2A60)


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
    decoder = _DECODERS.get(encoding)
    if decoder is None:
        raise _failure(f"body has the content encoding {encoding[:40]!r}, which was not asked for")
    # Grows in place and is handed over without a copy, which a list of pieces and its join are not.
    decoded = io.BytesIO()
    try:
        for part in decoder(body):
            decoded.write(part)
            _check(decoded.tell(), len(body), limits)
    except (zlib.error, brotli.error, zstandard.ZstdError) as err:
        raise _failure(f"body is not valid {encoding}") from err
    except EOFError as err:
        raise _failure(f"{encoding} body is truncated") from err
    return decoded.getvalue()


def _gunzip(body: bytes) -> Iterator[bytes]:
    stream, members = zlib.decompressobj(_GZIP_WINDOW), 1
    for piece in _pieces(body):
        # Zeroes may pad the end; anything else behind a member has to be the next one.
        rest = piece.lstrip(b"\0") if stream.eof else piece
        while rest:
            if stream.eof:
                stream, members = zlib.decompressobj(_GZIP_WINDOW), _counted(members)
            yield stream.decompress(rest, _STEP)
            rest = stream.unused_data.lstrip(b"\0") if stream.eof else stream.unconsumed_tail
    yield from _last_of(stream)


def _counted(members: int) -> int:
    if members == _MEMBERS:
        raise _failure(f"gzip body has more than {_MEMBERS} members")
    return members + 1


def _deflate(body: bytes) -> Iterator[bytes]:
    # RFC 9110 means zlib by "deflate"; some servers send the bare stream, which cannot begin like this.
    wrapped = len(body) > 1 and body[0] & 0x0F == zlib.DEFLATED and int.from_bytes(body[:2], "big") % 31 == 0
    stream = zlib.decompressobj(zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS)
    for piece in _pieces(body):
        rest = piece
        while rest and not stream.eof:
            yield stream.decompress(rest, _STEP)
            rest = stream.unconsumed_tail
    yield from _last_of(stream)


def _last_of(stream: zlib._Decompress) -> Iterator[bytes]:
    """What zlib still holds after it has seen all input."""
    while not stream.eof:
        part = stream.decompress(b"", _STEP)
        if not part and not stream.eof:
            raise EOFError
        yield part


def _unbrotli(body: bytes) -> Iterator[bytes]:
    if body[0] & 0b1111 in _HUGE_BROTLI_WINDOWS:
        raise _failure("br body asks for a window of more than 4 MiB")
    stream = brotli.Decompressor()
    for piece in _pieces(body):
        yield stream.process(piece, output_buffer_limit=_STEP)
        while not stream.is_finished() and not stream.can_accept_more_data():
            yield stream.process(b"", output_buffer_limit=_STEP)
    while not stream.is_finished():
        # All of it was taken in, and some of it may not have come out yet.
        part = stream.process(b"", output_buffer_limit=_STEP)
        if not part:
            raise EOFError
        yield part


def _unzstd(body: bytes) -> Iterator[bytes]:
    _check_frames(body)
    stream = zstandard.ZstdDecompressor(max_window_size=_WINDOW).stream_reader(body, read_across_frames=True)
    while part := stream.read(_STEP):
        yield part


def _check_frames(body: bytes) -> None:
    """Walk the frames of RFC 8878 by their lengths: the decoder itself takes a truncated body for a whole one."""
    position = frames = 0
    while position < len(body):
        frames += 1
        if frames > _MEMBERS:
            raise _failure(f"zstd body has more than {_MEMBERS} frames")
        position = _end_of_frame(body, position)
    if position > len(body):
        raise EOFError


def _end_of_frame(body: bytes, begin: int) -> int:
    head = body[begin : begin + 18]
    if int.from_bytes(head[:4], "little") in _SKIPPABLE:
        return begin + 8 + int.from_bytes(head[4:8], "little")
    frame = zstandard.get_frame_parameters(head)
    if frame.window_size > _WINDOW:
        raise _failure(f"zstd body asks for a window of {frame.window_size:,} bytes")
    position, blocks, last = begin + zstandard.frame_header_size(head), 0, False
    while not last:
        word = int.from_bytes(body[position : position + 3], "little")
        last, repeated, size = bool(word & 1), word >> 1 & 3 == 1, word >> 3
        position += 3 + (1 if repeated else size)
        blocks += 1
        if position > len(body):
            raise EOFError
        if blocks > _BLOCKS:
            raise _failure(f"zstd body has more than {_BLOCKS:,} blocks")
    return position + (4 if frame.has_checksum else 0)


def _pieces(body: bytes) -> Iterator[bytes]:
    return (body[at : at + _STEP] for at in range(0, len(body), _STEP))


_DECODERS: Final[dict[str, Callable[[bytes], Iterator[bytes]]]] = {
    "gzip": _gunzip,
    "x-gzip": _gunzip,
    "deflate": _deflate,
    "br": _unbrotli,
    "zstd": _unzstd,
}


def _check(size: int, wire: int, limits: Limits) -> None:
    if size > limits.body:
        raise _failure(f"body is larger than {limits.body:,} bytes once decompressed")
    if size > limits.ratio_from and size > wire * limits.ratio:
        raise _failure(f"body decompresses to more than {limits.ratio} times its size")


def _failure(message: str) -> TransportFailure:
    return TransportFailure(FailureKind.BODY, message)
