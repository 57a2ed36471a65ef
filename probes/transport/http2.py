"""One HTTP/2 connection and the exchange on it: one stream at a time, stamped as its bytes come."""

from __future__ import annotations

import asyncio
import time
from typing import Final

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    DataReceived,
    Event,
    InformationalResponseReceived,
    ResponseReceived,
    StreamEnded,
    StreamReset,
    TrailersReceived,
)
from h2.exceptions import (
    DenialOfServiceError,
    InvalidBodyLengthError,
    NoAvailableStreamIDError,
    ProtocolError,
    TooManyStreamsError,
)
from h2.settings import SettingCodes, Settings

from probes.http import Request
from probes.model import FailureKind
from probes.transport.connection import reason
from probes.transport.failure import TransportFailure
from probes.transport.frames import CONTINUATION, GOAWAY, HEADERS, Frame, FrameError, FrameReader
from probes.transport.http2_answer import Http2Answer
from probes.transport.limits import Limits
from probes.transport.stopwatch import Stopwatch
from probes.transport.stream import Stream
from probes.transport.tls import alert_failure

_FRAMES: Final = 4_000
_IDLE_FRAMES: Final = 100
"""Frames that a server may send without any content: in an exchange, and between two."""
_CONTENT_PER_FRAME: Final = 128
"""Bytes of body, received or sent, that pay for one frame more."""
_WINDOW_SPARE: Final = 256 * 1024
"""Room for what is over the limit, so that it is seen and refused instead of waited for."""
_OF_THE_CONNECTION: Final = frozenset(
    {b"connection", b"keep-alive", b"proxy-connection", b"upgrade", b"host", b"te", b"transfer-encoding"}
)
"""Request headers that HTTP/2 does not have, or has under another name."""


class Http2Connection(asyncio.Protocol):
    """Carries one exchange at a time. `usable` turns false for good when anything makes the next one unsafe."""

    def __init__(self, stream: Stream, limits: Limits) -> None:
        self.usable = True
        self.stream = stream
        self._limits = limits
        self._h2 = _client(limits)
        self._frames = FrameReader()
        self._frame_count = 0
        self._header_bytes = 0
        self._header_begun = 0.0
        self._number = 0
        self._unsent = memoryview(b"")
        self._sent_bytes = 0
        self._fault: TransportFailure | None = None
        """What ended the connection, where nobody was waiting for it to be told."""
        self._full = False
        self._answer: Http2Answer | None = None
        self._watch: Stopwatch | None = None
        self._done: asyncio.Future[None] | None = None
        stream.set_protocol(self)

    async def exchange(self, request: Request, answer: Http2Answer, watch: Stopwatch) -> None:
        """Send the request, read into `answer`. Raises TransportFailure; stamps `watch` either way."""
        fields = _fields(request)
        self._answer, self._watch = answer, watch
        self._done = asyncio.get_running_loop().create_future()
        self._frame_count = self._header_bytes = self._sent_bytes = 0
        self._unsent = memoryview(request.content)
        try:
            if self._fault is not None:
                raise self._fault
            watch.ready = time.perf_counter()
            self._begin(fields)
            await self._done
        finally:
            self._settle(answer, watch)

    def data_received(self, data: bytes) -> None:
        """Called by the stream."""
        if self._fault is not None:
            return
        ready = self._watch.ready if self._watch is not None else None
        # Never before the request, whatever a wall clock that was set made of the kernel's stamp.
        now = max(self.stream.arrived, ready or 0.0)
        try:
            for frame in self._frames.feed(data, now):
                self._take(frame, now)
        except FrameError as err:
            self._fail(self._failure(str(err)))
        except TransportFailure as failure:
            self._fail(failure)
        self._pump()

    def eof_received(self) -> bool:
        """Called by the stream, which closes then. False: our half too."""
        self.usable = False
        if self._answer is not None:
            self._fail(self._answer.lost("closed the connection"))
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the stream, once."""
        self.usable = False
        if self._answer is not None:
            words = reason(exc) if exc is not None else "closed the connection"
            self._fail(alert_failure(exc) or self._answer.lost(words))

    def pause_writing(self) -> None:
        """Called by the stream when the kernel takes no more for now."""
        self._full = True

    def resume_writing(self) -> None:
        """Called by the stream when everything so far has been handed over."""
        self._full = False
        self._pump()

    async def close(self) -> None:
        """Give the socket back at once. Idempotent."""
        self.usable = False
        self.stream.abort()

    # -- sending --

    def _begin(self, fields: list[tuple[bytes, bytes]]) -> None:
        try:
            self._number = self._h2.get_next_available_stream_id()
            self._h2.send_headers(self._number, fields, end_stream=not self._unsent)
        except (TooManyStreamsError, NoAvailableStreamIDError):
            self._fail(self._failure("the server takes no more requests on this connection", retryable=True))
        except ProtocolError as err:
            self._fail(TransportFailure(FailureKind.INTERNAL, f"cannot be sent over HTTP/2: {_short(err)}"))
        self._pump()

    def _pump(self) -> None:
        """Send what flow control and the kernel let through, and what HTTP/2 itself has to say."""
        if self._fault is not None:
            return
        while self._unsent and not self._full and self._under_way:
            room = min(self._h2.local_flow_control_window(self._number), self._h2.max_outbound_frame_size)
            if room <= 0:
                break
            part, self._unsent = self._unsent[:room], self._unsent[room:]
            self._sent_bytes += len(part)
            self._h2.send_data(self._number, bytes(part), end_stream=not self._unsent)
            self.stream.write(self._h2.data_to_send())
        waiting = self._h2.data_to_send()
        if waiting:
            self.stream.write(waiting)
        watch = self._watch
        if watch is not None and watch.sent is None and not self._unsent and not self.stream.get_write_buffer_size():
            watch.sent = time.perf_counter()

    @property
    def _under_way(self) -> bool:
        return self._done is not None and not self._done.done()

    # -- receiving --

    def _take(self, frame: Frame, now: float) -> None:
        self._weigh(frame)
        if frame.kind == GOAWAY:
            # Not for h2: it would drop the streams that the server has promised to finish.
            self._goaway(*frame.goaway)
            return
        for event in self._events(frame):
            if getattr(event, "stream_id", None) == self._number and self._answer is not None and self._under_way:
                self._react(event, self._answer, now)

    def _weigh(self, frame: Frame) -> None:
        self._frame_count += 1
        answer = self._answer
        if answer is None:
            if self._frame_count > _IDLE_FRAMES:
                raise FrameError("more frames between two requests than anyone needs")
            return
        if self._frame_count > _FRAMES + (answer.body_bytes + self._sent_bytes) // _CONTENT_PER_FRAME:
            raise FrameError(f"{self._frame_count:,} frames for {answer.body_bytes:,} bytes of body")
        if frame.kind == HEADERS:
            self._header_begun, self._header_bytes = frame.begun, 0
        if frame.kind in (HEADERS, CONTINUATION):
            self._header_bytes += frame.size
            if self._header_bytes > self._limits.headers:
                raise FrameError(_too_large(self._limits))

    def _goaway(self, last: int, code: int) -> None:
        self.usable = False
        if self._answer is None or self._number > last:
            words = "the server closes the connection and did not take the request on"
            self._fail(self._failure(f"{words} (GOAWAY, {_name(code)})", retryable=True))
        elif code != ErrorCodes.NO_ERROR:
            raise FrameError(f"the server ended the connection (GOAWAY, {_name(code)})")

    def _events(self, frame: Frame) -> list[Event]:
        try:
            return self._h2.receive_data(frame.raw)
        except InvalidBodyLengthError as err:
            raise FrameError(f"body ends after {err.actual_length:,} of {err.expected_length:,} bytes") from err
        except DenialOfServiceError as err:
            raise FrameError(_too_large(self._limits)) from err
        except ProtocolError as err:
            raise FrameError(f"the server breaks HTTP/2: {_short(err)}") from err

    def _react(self, event: Event, answer: Http2Answer, now: float) -> None:
        if isinstance(event, DataReceived):
            self._h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            answer.take_body(event.data, now)
        elif isinstance(event, ResponseReceived):
            answer.take_head(event.headers, self._header_begun, now)
        elif isinstance(event, InformationalResponseReceived):
            answer.take_interim(event.headers)
        elif isinstance(event, TrailersReceived):
            answer.take_trailers(event.headers)
        elif isinstance(event, StreamEnded):
            answer.finish(now)
            self._finish(None)
        elif isinstance(event, StreamReset):
            raise _reset(answer, event.error_code)

    # -- the end --

    def _failure(self, words: str, *, retryable: bool | None = None) -> TransportFailure:
        if self._answer is not None:
            return self._answer.failure(words, retryable=retryable)
        return TransportFailure(FailureKind.PROTOCOL, words, retryable=retryable)

    def _fail(self, failure: TransportFailure) -> None:
        self.usable = False
        self._fault = self._fault or failure
        self._finish(failure)

    def _finish(self, failure: TransportFailure | None) -> None:
        if self._done is None or self._done.done():
            return
        if failure is None:
            self._done.set_result(None)
        else:
            self._done.set_exception(failure)

    def _settle(self, answer: Http2Answer, watch: Stopwatch) -> None:
        if self._done is not None and self._done.done() and not self._done.cancelled():
            # Read it, or asyncio complains when a timeout came in the same instant.
            self._done.exception()
        watch.first_byte = answer.first_byte
        watch.last_byte = answer.last_byte if answer.complete else None
        self.usable = self.usable and answer.complete and watch.sent is not None
        self._answer = self._watch = self._done = None
        self._frame_count = 0


def _client(limits: Limits) -> H2Connection:
    """Its preface is in the first bytes that are sent. Nothing is held up by flow control that the limits allow."""
    client = H2Connection(H2Configuration(client_side=True, header_encoding=None))
    window = limits.body + _WINDOW_SPARE
    client.local_settings = Settings(
        client=True,
        initial_values={
            SettingCodes.ENABLE_PUSH: 0,
            SettingCodes.INITIAL_WINDOW_SIZE: window,
            SettingCodes.MAX_HEADER_LIST_SIZE: limits.headers,
        },
    )
    client.decoder.max_header_list_size = limits.headers
    client.initiate_connection()
    client.increment_flow_control_window(window)
    return client


def _fields(request: Request) -> list[tuple[bytes, bytes]]:
    """The request's header section, in the spelling of HTTP/2."""
    url = request.url
    authority = request.headers.get("host", "").encode("ascii")
    pseudo = [
        (b":method", request.method.encode("ascii")),
        (b":scheme", url.raw_scheme),
        (b":authority", authority or url.netloc),
        (b":path", url.raw_path),
    ]
    lowered = [(name.lower(), value) for name, value in request.headers.raw]
    return pseudo + [(name, value) for name, value in lowered if name not in _OF_THE_CONNECTION]


def _reset(answer: Http2Answer, code: int) -> TransportFailure:
    if code == ErrorCodes.REFUSED_STREAM:
        return answer.failure("the server refused the request without looking at it (REFUSED_STREAM)", retryable=True)
    if code == ErrorCodes.HTTP_1_1_REQUIRED:
        return answer.failure('the server wants HTTP/1.1 here; write http: "1.1" (HTTP_1_1_REQUIRED)')
    return answer.failure(f"the server reset the stream ({_name(code)})")


def _name(code: int) -> str:
    try:
        return ErrorCodes(code).name
    except ValueError:
        return f"error {code:#x}"


def _short(err: ProtocolError) -> str:
    words = next(iter(str(err).splitlines()), "")
    # Some of them say no more than the number of a stream.
    return words[:120] if words and not words.isdecimal() else f"{type(err).__name__.removesuffix('Error')} {words}"


def _too_large(limits: Limits) -> str:
    return f"header section is larger than {limits.headers:,} bytes"
