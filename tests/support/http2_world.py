"""A scripted HTTP/2 server on loopback, well-behaved or not, in clear or with TLS."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, Event, RequestReceived, StreamEnded, WindowUpdated
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes
from loopback import Loopback
from probe_world import Heard

DATA, HEADERS, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0, 1, 3, 4, 5, 6, 7, 8, 9
END_STREAM, END_HEADERS, PADDED = 1, 4, 8


def frame(kind: int, stream: int, payload: bytes = b"", flags: int = 0) -> bytes:
    """Any frame, right or wrong."""
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


@dataclass
class Talk:
    """One connection, from the server's side. `stream` is the one whose request was just heard."""

    writer: asyncio.StreamWriter
    h2: H2Connection
    number: int
    stream: int = 0
    window_opened: asyncio.Event = field(default_factory=asyncio.Event)

    async def flush(self) -> None:
        self.writer.write(self.h2.data_to_send())
        await self.writer.drain()

    async def raw(self, data: bytes) -> None:
        await self.flush()
        self.writer.write(data)
        await self.writer.drain()

    async def head(self, status: int = 200, headers: dict[str, str] | None = None, *, end: bool = False) -> None:
        fields = [(":status", str(status)), *(headers or {}).items()]
        self.h2.send_headers(self.stream, fields, end_stream=end)
        await self.flush()

    async def body(self, content: bytes, *, end: bool = True) -> None:
        """In frames as large as flow control lets them be."""
        while content:
            room = min(self.h2.local_flow_control_window(self.stream), self.h2.max_outbound_frame_size)
            if room <= 0:
                self.window_opened.clear()
                await self.flush()
                await self.window_opened.wait()
                continue
            part, content = content[:room], content[room:]
            self.h2.send_data(self.stream, part, end_stream=end and not content)
        await self.flush()


Play2 = Callable[[Talk, Heard], Awaitable[None]]


def answer2(status: int = 200, body: Any = None, headers: dict[str, str] | None = None) -> Play2:
    """A whole answer; anything but bytes is sent as JSON."""
    content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()

    async def play(talk: Talk, _: Heard) -> None:
        kind = {} if body is None or isinstance(body, bytes) else {"content-type": "application/json"}
        await talk.head(status, {**kind, **(headers or {})}, end=not content)
        if content:
            await talk.body(content)

    return play


def raw_frames(*frames: bytes) -> Play2:
    """These bytes, on whatever stream they say."""

    async def play(talk: Talk, _: Heard) -> None:
        await talk.raw(b"".join(frames))

    return play


@dataclass
class Http2Server(Loopback):
    """Plays a script: each request gets the next entry, the last one for ever.

    `settings` are sent first. `opens_window` False: what a client uploads is never given back to its window.
    """

    script: list[Play2]
    settings: dict[SettingCodes | int, int] = field(default_factory=dict)
    opens_window: bool = True
    heard: list[Heard] = field(default_factory=list)
    connections: int = 0
    ended: int = 0

    async def start(self, context: ssl.SSLContext | None = None, port: int = 0) -> None:
        if context is not None:
            context.set_alpn_protocols(["h2"])
        await super().start(context, port)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        # Lax on purpose: tests send what no server should.
        config = H2Configuration(
            client_side=False,
            header_encoding="utf-8",
            validate_outbound_headers=False,
            normalize_outbound_headers=False,
        )
        talk = Talk(writer, H2Connection(config), self.connections)
        try:
            await self._converse(reader, talk)
        except (ConnectionError, ssl.SSLError, asyncio.CancelledError, ProtocolError):
            pass
        finally:
            self.ended += 1
            writer.transport.abort()

    async def _converse(self, reader: asyncio.StreamReader, talk: Talk) -> None:
        talk.h2.local_settings.update(self.settings)
        talk.h2.initiate_connection()
        await talk.flush()
        requests: dict[int, tuple[dict[str, str], bytearray]] = {}
        while data := await reader.read(65_536):
            for event in talk.h2.receive_data(data):
                heard = self._hear(event, talk, requests)
                if heard is not None:
                    self.heard.append(heard)
                    part = self.script[min(len(self.heard), len(self.script)) - 1]
                    self._tasks.add(asyncio.create_task(_tolerant(part, talk, heard)))
            await talk.flush()

    def _hear(self, event: Event, talk: Talk, requests: dict[int, tuple[dict[str, str], bytearray]]) -> Heard | None:
        if isinstance(event, RequestReceived):
            requests[event.stream_id] = ({str(k): str(v) for k, v in event.headers}, bytearray())
        elif isinstance(event, DataReceived):
            requests[event.stream_id][1].extend(event.data)
            if self.opens_window:
                talk.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, WindowUpdated):
            talk.window_opened.set()
        elif isinstance(event, StreamEnded):
            headers, body = requests[event.stream_id]
            talk.stream = event.stream_id
            return Heard(headers[":method"], headers[":path"], headers, bytes(body), talk.number)
        return None


async def _tolerant(play: Play2, talk: Talk, heard: Heard) -> None:
    try:
        await play(talk, heard)
    except (ConnectionError, ProtocolError):
        # The client has gone, as it should.
        return
