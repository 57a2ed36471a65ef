"""Loopback sockets: finding a port, and keeping one that refuses."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable
from typing import Final

HOST: Final = "127.0.0.1"
_ABORTIVE_CLOSE: Final = struct.pack("ii", 1, 0)


def listen(ports: Iterable[int]) -> socket.socket:
    """A listening socket on the first port that is free; any free one when none is."""
    for port in (*ports, 0):
        sock = hold(port)
        if sock is None:
            continue
        try:
            sock.listen(128)
        except OSError:
            sock.close()
        else:
            return sock
    raise OSError("no free port on the loopback interface")


def hold(port: int) -> socket.socket | None:
    """A socket bound to the port without listening: clients are refused, and nobody else gets the port.

    None when somebody else listens there.
    """
    # asyncio switches Nagle's algorithm off only where the protocol is named; with it every answer waits 40 ms.
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((HOST, port))
    except OSError:
        sock.close()
        return None
    sock.setblocking(False)
    return sock


def reset_on_close(sock: socket.socket) -> None:
    """Closing this connection sends RST instead of FIN."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORTIVE_CLOSE)
