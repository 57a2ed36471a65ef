"""When bytes reached this machine, by the kernel, so that a late event loop is not measured as a slow vendor.

Linux can stamp received packets (SO_TIMESTAMPNS). Elsewhere, or where a stamp is missing, the moment of reading counts.
"""

from __future__ import annotations

import socket
import struct
import sys
import time
from typing import Final

_TIMESTAMPNS: Final = 35
"""SO_TIMESTAMPNS and SCM_TIMESTAMPNS, which Python has no names for; the same on x86 and ARM."""
_TIMESPEC: Final = struct.Struct("qq")
_STAMPS: Final = sys.platform == "linux" and sys.maxsize > 2**32
_OLDEST_NS: Final = 1_000_000_000
"""An age beyond this is a wall clock that was set, not a late event loop."""

Ancillary = list[tuple[int, int, bytes]]

_switch: list[int] = []
"""A socket that keeps stamping on: without it the kernel would patch its code at each probe's begin and end."""


def ask_for_stamps(stream: socket.socket) -> int:
    """From now on `stream` tells when its bytes came → room for that in each `recvmsg`; 0 where it cannot be had."""
    if not _STAMPS:
        return 0
    try:
        if not _switch:
            with socket.socket() as kept:
                kept.setsockopt(socket.SOL_SOCKET, _TIMESTAMPNS, 1)
                _switch.append(kept.detach())
        stream.setsockopt(socket.SOL_SOCKET, _TIMESTAMPNS, 1)
    except OSError:
        return 0
    return socket.CMSG_SPACE(_TIMESPEC.size)


def arrival(ancillary: Ancillary) -> float:
    """When the newest bytes of a read that just returned came, as `time.perf_counter` counts."""
    now = time.perf_counter()
    for _, kind, stamp in ancillary:
        if kind == _TIMESTAMPNS and len(stamp) == _TIMESPEC.size:
            seconds, nanoseconds = _TIMESPEC.unpack(stamp)
            age: int = time.time_ns() - (seconds * 1_000_000_000 + nanoseconds)
            if 0 < age < _OLDEST_NS:
                return now - age / 1e9
    return now
