"""One connection and the exchange on it: the protocol that stamps the bytes as they come."""

from __future__ import annotations

import asyncio
import time

from probes.model import FailureKind
from probes.transport.failure import TransportFailure
from probes.transport.reader import AnswerReader
from probes.transport.stopwatch import Stopwatch
from probes.transport.stream import Stream
from probes.transport.tls import alert_failure


class Connection(asyncio.Protocol):
    """Carries one exchange at a time. `usable` turns false for good when anything makes the next one unsafe."""

    def __init__(self, stream: Stream) -> None:
        self.usable = True
        self._reader: AnswerReader | None = None
        self._watch: Stopwatch | None = None
        self._done: asyncio.Future[None] | None = None
        self.stream = stream
        stream.set_protocol(self)

    async def exchange(self, request: bytes, reader: AnswerReader, watch: Stopwatch) -> None:
        """Write the request, read the answer into `reader`. Raises TransportFailure; stamps `watch` either way."""
        self._reader, self._watch = reader, watch
        self._done = asyncio.get_running_loop().create_future()
        try:
            watch.ready = time.perf_counter()
            self.stream.write(request)
            if watch.sent is None and not self.stream.get_write_buffer_size():
                watch.sent = time.perf_counter()
            await self._done
        finally:
            self._settle(reader, watch)

    def data_received(self, data: bytes) -> None:
        """Called by the stream."""
        if self._reader is None or self._watch is None or self._done is None or self._done.done():
            self.usable = False
            return
        assert self._watch.ready is not None  # noqa: S101 - an exchange is under way
        try:
            # Never before the request, whatever a wall clock that was set made of the kernel's stamp.
            self._reader.feed(data, max(self.stream.arrived, self._watch.ready))
        except TransportFailure as failure:
            self._finish(failure)
            return
        if self._reader.complete:
            self._finish(None)

    def eof_received(self) -> bool:
        """Called by the stream, which closes then. False: our half too."""
        self.usable = False
        if self._reader is not None:
            try:
                self._reader.end()
            except TransportFailure as failure:
                self._finish(failure)
            else:
                self._finish(None)
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the stream, once."""
        self.usable = False
        if self._reader is None:
            return
        if exc is None:
            self.eof_received()
        else:
            self._finish(alert_failure(exc) or self._reader.lost(reason(exc)))

    def resume_writing(self) -> None:
        """Called by the stream when the last byte of the request has been handed over."""
        if self._watch is not None and self._watch.sent is None:
            self._watch.sent = time.perf_counter()

    def pause_writing(self) -> None:
        """Called by the stream; nothing to stop, the request is written in one piece."""

    async def close(self) -> None:
        """Give the socket back at once. Idempotent."""
        self.usable = False
        self.stream.abort()

    def _finish(self, failure: TransportFailure | None) -> None:
        if self._done is None or self._done.done():
            return
        if failure is None:
            self._done.set_result(None)
        else:
            self.usable = False
            self._done.set_exception(failure)

    def _settle(self, reader: AnswerReader, watch: Stopwatch) -> None:
        if self._done is not None and self._done.done() and not self._done.cancelled():
            # Read it, or asyncio complains when a timeout came in the same instant.
            self._done.exception()
        watch.first_byte = reader.first_byte
        watch.last_byte = reader.last_byte if reader.complete else None
        fully_sent = watch.sent is not None
        self.usable = self.usable and reader.complete and reader.reusable and not reader.surplus and fully_sent
        reader.let_go()
        self._reader = self._watch = self._done = None


def reason(exc: Exception) -> str:
    """Why a connection broke, in words."""
    if isinstance(exc, (ConnectionResetError, BrokenPipeError)):
        return "connection reset"
    return f"connection broke ({type(exc).__name__})"


def unanswered(failure: TransportFailure) -> TransportFailure:
    """The same failure, on a kept connection that ended before any answer: sending again is safe to try."""
    return TransportFailure(
        FailureKind.PROTOCOL,
        f"{failure.message}, on a connection kept from the step before",
        retryable=True,
    )
