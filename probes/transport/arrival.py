"""When things happened, by the kernel, so that a late event loop is not measured as a slow vendor.

Linux stamps received packets (SO_TIMESTAMPNS) and times the answer to a connection's first (TCP_INFO). Elsewhere, or
where a stamp is missing, the moment of looking counts.
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
_LINUX: Final = sys.platform == "linux" and sys.maxsize > 2**32
_TCP_INFO: Final = struct.Struct("68xI28xI")
"""Of `struct tcp_info`: the smoothed round trip in µs, which is that of the first packet yet; packets sent again."""
_OLDEST_NS: Final = 1_000_000_000
"""An age beyond this is a wall clock that was set, not a late event loop."""
_ONE_MOMENT_S: Final = 50e-6
"""Two readings of clocks that are nearer than this are of one moment; usually it is less than a microsecond."""
_READINGS: Final = 5
"""Tries for such a pair; after that the last one counts, whose bytes came no later than is told."""

Ancillary = list[tuple[int, int, bytes]]

_switch: list[int] = []
"""A socket that keeps stamping on: without it the kernel would patch its code at each probe's begin and end."""


def ask_for_stamps(stream: socket.socket) -> int:
    """From now on `stream` tells when its bytes came → room for that in each `recvmsg`; 0 where it cannot be had."""
    if not _LINUX:
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
    """When the newest bytes of a read that just returned came, as `time.perf_counter` counts.

    They came no later than is told, and hardly earlier: see `_both_clocks`.
    """
    for _, kind, stamp in ancillary:
        if kind == _TIMESTAMPNS and len(stamp) == _TIMESPEC.size:
            seconds, nanoseconds = _TIMESPEC.unpack(stamp)
            now, wall_ns = _both_clocks()
            age: int = wall_ns - (seconds * 1_000_000_000 + nanoseconds)
            return now - age / 1e9 if 0 < age < _OLDEST_NS else now
    return time.perf_counter()


def _both_clocks() -> tuple[float, int]:
    """`perf_counter` and the wall clock in ns, of one moment.

    They can only be read one after the other, `perf_counter` last: what a stamp tells is no earlier than it happened,
    and later by what lay between the two, at most 50 µs. A busy machine may take the processor away for milliseconds
    just then: such a pair is read again.
    """
    for _ in range(_READINGS):
        before = time.perf_counter()
        wall_ns = time.time_ns()
        now = time.perf_counter()
        if now - before < _ONE_MOMENT_S:
            break
    return now, wall_ns


def connected_at(stream: socket.socket, began: float) -> float:
    """When a connection that was asked for at `began` and stands now came about.

    The kernel timed the answer to the first packet. Where that had to be sent again, the moment of looking counts.
    """
    now = time.perf_counter()
    if not _LINUX:
        return now
    known = stream.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO.size)
    if len(known) < _TCP_INFO.size:
        return now
    round_trip, retransmitted = _TCP_INFO.unpack(known)
    at: float = began + round_trip / 1e6
    return at if not retransmitted and began < at < now else now
