"""Stands in for nginx where it is not installed: answers every request with the same bytes."""

from __future__ import annotations

import asyncio
import ssl
import sys

from tests.benchmarks.peers import BODY

_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)


class Answering(asyncio.Protocol):
    """One connection."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        # Requests without a body, each in one piece.
        self.transport.write(_ANSWER * data.count(b"\r\n\r\n"))


async def main(plain: int, tls: int, certificate: str, key: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    loop = asyncio.get_running_loop()
    one = await loop.create_server(Answering, "127.0.0.1", plain, backlog=1024)
    other = await loop.create_server(Answering, "127.0.0.1", tls, ssl=context, backlog=1024)
    await asyncio.gather(one.serve_forever(), other.serve_forever())


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]))
