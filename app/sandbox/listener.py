"""An HTTP/1.1 server on one loopback port whose transport can fail the way real ones do.

Connections can be refused (the port stays ours, bound but not listening), reset in the middle of a body, closed before
the promised length, or dripped byte by byte. TLS certificates are chosen per handshake by the context that is passed in.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable
from datetime import datetime
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

import h11
import structlog

from app.sandbox.messages import Delivery, Manner, Request, Response, text_response

HOST: Final = "127.0.0.1"
IDLE_SECONDS: Final = 75.0
MAX_BODY: Final = 4 * 1024 * 1024
_LINGER_RESET: Final = struct.pack("ii", 1, 0)

Application = Callable[[Request], Awaitable[Delivery]]
Clock = Callable[[], datetime]

log = structlog.get_logger(__name__)


def bind(*candidates: int) -> socket.socket:
    """A socket on the first of the ports that is free; 0 is always free."""
    for port in (*candidates, 0):
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((HOST, port))
            # A port that somebody else listens on can be bound with SO_REUSEADDR; only listening tells.
            sock.listen(1)
        except OSError:
            sock.close()
            continue
        sock.close()
        return _reserve(sock_port=port) if port else _reserve(sock_port=0)
    raise AssertionError("unreachable: port 0 is always free")


def _reserve(sock_port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((HOST, sock_port))
    return sock
