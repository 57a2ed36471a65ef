"""A connected socket that feeds one protocol, in clear or in TLS, and knows when the bytes came.

asyncio's own transports are not used for two reasons. They do not tell when the kernel had the bytes, so that a busy
event loop would be measured as a slow vendor; and their TLS, made for any use, costs a probe half as much again.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from typing import Any, Final

from probes.transport.arrival import arrival, ask_for_stamps

_CHUNK: Final = 64 * 1024
_RECORD: Final = 16 * 1024
"""Most that one TLS record holds."""
_NOBODY: Final = asyncio.Protocol()


class Stream(asyncio.Transport):
    """Owns `connected` (non-blocking) and reads it for `protocol`, whose `connection_made` it calls at once.

    Everything goes out in clear until `secure` was called. As with asyncio's own, the protocol hears of a full kernel
    by `pause_writing`, of the last byte handed over by `resume_writing`, of the other side's end by `eof_received`,
    whereupon the stream closes, and of the stream's own end by `connection_lost`, once and in a turn of its own. An end
    without TLS's close_notify counts as an end: most clients of a vendor take it so.
    """

    def __init__(self, connected: socket.socket, protocol: asyncio.Protocol) -> None:
        super().__init__()
        self.arrived = 0.0
        """`perf_counter` of when the newest bytes reached this machine."""
        self.greeted_at: float | None = None
        """`perf_counter` of when the handshake's first message was handed over."""
        self.secured_at: float | None = None
        """`perf_counter` of when the handshake's last message came. Checking it is this machine's time, not theirs."""
        self._loop = asyncio.get_running_loop()
        self._socket = connected
        self._fileno = connected.fileno()
        self._protocol = protocol
        self._unsent = bytearray()
        self._closing = False
        self._refused: OSError | None = None
        """Why the kernel takes no more bytes. What the other side said before is still read."""
        self._lost: tuple[Exception | None] | None = None
        self._session: _Session | None = None
        self._room = ask_for_stamps(connected)
        protocol.connection_made(self)
        self._loop.add_reader(self._fileno, self._readable)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """`socket`, and with TLS `ssl_object`."""
        if name == "ssl_object" and self._session is not None:
            return self._session.tls
        return self._socket if name == "socket" else default

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """From now on, feed this one; it hears of an end that it came too late for."""
        assert isinstance(protocol, asyncio.Protocol)  # noqa: S101 - no other kind takes bytes
        self._protocol = protocol
        if self._lost is not None:
            self._loop.call_soon(protocol.connection_lost, *self._lost)

    def get_protocol(self) -> asyncio.Protocol:
        """The one that is fed."""
        return self._protocol

    # -- TLS --

    async def secure(self, context: ssl.SSLContext, server_hostname: str | None) -> None:
        """The handshake. Raises ssl.SSLError, OSError where the connection ends within it, ValueError for a name that
        TLS cannot ask for; it is closed then."""
        try:
            session = self._session = _Session(context, server_hostname, self._loop.create_future())
        except ValueError:
            self.abort()
            raise
        try:
            self._shake(session)
            self.greeted_at = time.perf_counter()
            await session.shaken
        except BaseException:
            session.forget()
            self.abort()
            raise

    def _shake(self, session: _Session) -> None:
        try:
            session.tls.do_handshake()
        except ssl.SSLWantReadError:
            self._flush(session)
            return
        except ssl.SSLError as err:
            # What goes out now is the alert that says why.
            self._flush(session)
            session.settle(err)
            return
        self.secured_at = self.arrived
        session.established = True
        session.settle(None)
        # After whoever waits for this has written: the last message and the request then travel together.
        self._loop.call_soon(self._flush, session)
        if session.incoming.pending:
            self._decrypt(session)

    def _take(self, session: _Session, received: bytes) -> None:
        session.incoming.write(received)
        if session.established:
            self._decrypt(session)
        else:
            self._shake(session)

    def _decrypt(self, session: _Session) -> None:
        clear, failure = session.read()
        self._encrypt(session)
        if clear:
            self._protocol.data_received(clear)
        if failure is not None:
            self._lose(failure)
        elif session.ended:
            self._ended()

    def _encrypt(self, session: _Session) -> None:
        """Send what waits, and what TLS itself has to say, such as the answer to a key update."""
        try:
            session.write()
        except ssl.SSLError as err:
            self._lose(err)
            return
        self._flush(session)

    def _flush(self, session: _Session) -> None:
        if session.outgoing.pending and self._fileno >= 0:
            self._send(session.outgoing.read())

    # -- reading --

    def _readable(self) -> None:
        try:
            received, ancillary, _, _ = self._socket.recvmsg(_CHUNK, self._room)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as err:
            self._lose(err)
            return
        if not received:
            self._ended()
            return
        self.arrived = arrival(ancillary)
        if self._session is None:
            self._protocol.data_received(received)
        else:
            self._take(self._session, received)

    def _ended(self) -> None:
        if self._closing:
            return
        if self._session is not None and not self._session.established:
            self._lose(ConnectionResetError("the connection ended within the TLS handshake"))
            return
        if self._refused is not None:
            self._lose(self._refused)
            return
        self._protocol.eof_received()
        self.close()

    # -- writing --

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        """Hand over to the kernel what it takes now, the rest when it can; nothing once closed."""
        if self._closing:
            return
        if self._session is None:
            self._send(data)
        else:
            self._session.waiting += data
            self._encrypt(self._session)

    def _send(self, data: bytes | bytearray | memoryview[Any]) -> None:
        if self._refused is not None:
            return
        sent = 0
        if not self._unsent:
            try:
                sent = self._socket.send(data)
            except (BlockingIOError, InterruptedError):
                pass
            except OSError as err:
                self._refused = err
                self._unsent += data
                return
            if sent == len(data):
                return
            self._loop.add_writer(self._fileno, self._writable)
            self._protocol.pause_writing()
        self._unsent += memoryview(data)[sent:]

    def _writable(self) -> None:
        try:
            sent = self._socket.send(self._unsent)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as err:
            self._refused = err
            self._stop_writing()
            return
        del self._unsent[:sent]
        if not self._unsent:
            self._stop_writing()
            self._protocol.resume_writing()

    def _stop_writing(self) -> None:
        self._loop.remove_writer(self._fileno)
        if self._closing:
            self._lose(None)

    def get_write_buffer_size(self) -> int:
        """Bytes that the kernel has not taken."""
        return len(self._unsent) + (len(self._session.waiting) if self._session is not None else 0)

    # -- the end --

    def is_closing(self) -> bool:
        """Whether the end has begun."""
        return self._closing

    def close(self) -> None:
        """Take nothing more in, and close once everything is handed over."""
        if self._closing:
            return
        self._closing = True
        self._loop.remove_reader(self._fileno)
        if not self._unsent or self._refused is not None:
            self._lose(None)

    def abort(self) -> None:
        """Close at once. Idempotent."""
        self._lose(None)

    def _lose(self, err: Exception | None) -> None:
        if self._fileno < 0:
            return
        self._closing = True
        self._loop.remove_reader(self._fileno)
        if self._unsent:
            self._loop.remove_writer(self._fileno)
            self._unsent.clear()
        self._fileno = -1
        self._socket.close()
        if self._session is not None:
            self._session.settle(err or ConnectionAbortedError("closed within the TLS handshake"))
        self._loop.call_soon(self._tell, err)

    def _tell(self, err: Exception | None) -> None:
        self._lost = (err,)
        self._protocol.connection_lost(err)
        # They hold each other, and with them the session: freeing hundreds of those at once, as garbage collection
        # would, stops every run under way for milliseconds.
        self._protocol = _NOBODY


class _Session:
    """TLS between the socket's bytes and the protocol's, without I/O."""

    def __init__(self, context: ssl.SSLContext, server_hostname: str | None, shaken: asyncio.Future[None]) -> None:
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname=server_hostname)
        self.waiting = bytearray()
        """In clear; more than nothing only while a renegotiation is under way."""
        self.established = False
        self.ended = False
        """The other side said that nothing more comes."""
        self.shaken = shaken

    def settle(self, err: Exception | None) -> None:
        """The handshake is over, well or not. Who waited for it may be gone."""
        if self.shaken.done():
            return
        if err is None:
            self.shaken.set_result(None)
        else:
            self.shaken.set_exception(err)

    def forget(self) -> None:
        """Nobody waits any more: a failure that came in the same instant is not to be complained about."""
        if self.shaken.done() and not self.shaken.cancelled():
            self.shaken.exception()

    def read(self) -> tuple[bytes, ssl.SSLError | None]:
        """What has come in clear, and what broke the session behind it."""
        parts: list[bytes] = []
        try:
            # Asking when nothing is there would cost an exception for every answer.
            while not self.ended and (self.incoming.pending or self.tls.pending()):
                part = self.tls.read(_RECORD)
                parts.append(part)
                self.ended = not part
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self.ended = True
        except ssl.SSLError as err:
            return b"".join(parts), err
        return parts[0] if len(parts) == 1 else b"".join(parts), None

    def write(self) -> None:
        """Encrypt what waits. Raises ssl.SSLError."""
        while self.waiting:
            try:
                del self.waiting[: self.tls.write(self.waiting)]
            except ssl.SSLWantReadError:
                return
