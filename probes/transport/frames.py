"""HTTP/2 frames out of bytes, and what a server may make us work for so little of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

HEADERS: Final = 1
SETTINGS: Final = 4
GOAWAY: Final = 7
CONTINUATION: Final = 9

_HEAD: Final = 9
_LARGEST: Final = 16_384
"""Of a frame's payload; no more was ever offered to the server."""


class FrameError(ValueError):
    """What came is not HTTP/2."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A whole frame as it came. `begun` is the stamp of the read that brought its first byte."""

    kind: int
    begun: float
    raw: bytes

    @property
    def size(self) -> int:
        """Bytes of payload."""
        return len(self.raw) - _HEAD

    @property
    def goaway(self) -> tuple[int, int]:
        """Last stream that the server took on, and its error code; of a GOAWAY frame."""
        if self.size < 8:
            raise FrameError("a GOAWAY frame is too short")
        last = int.from_bytes(self.raw[_HEAD : _HEAD + 4], "big") & 0x7FFFFFFF
        return last, int.from_bytes(self.raw[_HEAD + 4 : _HEAD + 8], "big")


class FrameReader:
    """Cuts what the server sends. The first frame has to be SETTINGS, as RFC 9113 wants it."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._begun = 0.0
        self._settled = False

    def feed(self, received: bytes, now: float) -> Iterator[Frame]:
        """The frames that are whole with what one read brought at `now`. Raises FrameError."""
        if not self._rest:
            self._begun = now
        self._rest += received
        at = 0
        try:
            while len(self._rest) - at >= _HEAD:
                size, kind = int.from_bytes(self._rest[at : at + 3], "big"), self._rest[at + 3]
                self._check(size, kind)
                end = at + _HEAD + size
                if end > len(self._rest):
                    return
                frame = Frame(kind, self._begun, bytes(self._rest[at:end]))
                at, self._begun = end, now
                yield frame
        finally:
            del self._rest[:at]

    def _check(self, size: int, kind: int) -> None:
        if not self._settled and kind != SETTINGS:
            http1 = self._rest.startswith(b"HTTP/1")
            raise FrameError("the server answered in HTTP/1" if http1 else "the server does not speak HTTP/2")
        if size > _LARGEST:
            raise FrameError(f"a frame of {size:,} bytes, where {_LARGEST:,} are allowed")
        self._settled = True
