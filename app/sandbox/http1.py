"""HTTP/1.1 on one connection, with bodies that can be cut short, reset or dripped."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from email.utils import format_datetime
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

import h11

from app.sandbox import sockets
from app.sandbox.listener import Conversation
from app.sandbox.messages import Delivery, Manner, Request, Response, text_response

Application = Callable[[Request], Awaitable[Delivery]]
Clock = Callable[[], datetime]

_IDLE_SECONDS: Final = 75.0
_MAX_BODY: Final = 4 * 1024 * 1024


class _RefusedError(Exception):
    """The request cannot be read; the response says why and the connection ends."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


def serve(application: Application, clock: Clock) -> Conversation:
    """A conversation that answers every request of a connection by the application, with keep-alive."""

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        exchange = _Exchange(reader, writer, clock)
        try:
            while (request := await exchange.receive()) is not None:
                if not await exchange.send(await application(request)):
                    return
        except _RefusedError as refused:
            await exchange.send(Delivery(refused.response))
        except h11.RemoteProtocolError as err:
            await exchange.send(Delivery(text_response(err.error_status_hint, "Bad Request")))

    return converse


class _Exchange:
    """Requests and responses of one connection, in turn."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, clock: Clock) -> None:
        self._reader = reader
        self._writer = writer
        self._clock = clock
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=64 * 1024)
        self._is_head = False

    async def receive(self) -> Request | None:
        """The next request; None when the client is done."""
        if self._http.our_state is h11.DONE:
            self._http.start_next_cycle()
        event = await self._event()
        if not isinstance(event, h11.Request):
            return None
        self._is_head = event.method == b"HEAD"
        received_at = self._clock()
        body = await self._body()
        target = urlsplit(event.target.decode("ascii"))
        return Request(
            method=event.method.decode("ascii"),
            path=unquote(target.path),
            query=dict(reversed(parse_qsl(target.query, keep_blank_values=True))),
            headers={name.decode("ascii"): value.decode("latin-1") for name, value in event.headers},
            body=body,
            received_at=received_at,
        )

    async def send(self, delivery: Delivery) -> bool:
        """Send it in its manner; whether the connection can be used again."""
        response = delivery.response
        body = b"" if self._is_head else response.body
        head = h11.Response(status_code=response.status, headers=self._headers(response), reason=_reason(response))
        self._write(head)
        if delivery.manner in (Manner.TRUNCATED, Manner.RESET):
            await self._break_off(body, reset=delivery.manner is Manner.RESET)
            return False
        await self._write_body(body, delivery)
        self._write(h11.EndOfMessage())
        await self._writer.drain()
        return self._http.our_state is h11.DONE

    async def _write_body(self, body: bytes, delivery: Delivery) -> None:
        if delivery.manner is not Manner.DRIP:
            if body:
                self._write(h11.Data(data=body))
            return
        for position in range(len(body)):
            await self._writer.drain()
            await asyncio.sleep(delivery.pause_s)
            self._write(h11.Data(data=body[position : position + 1]))

    async def _break_off(self, body: bytes, *, reset: bool) -> None:
        if body:
            self._write(h11.Data(data=body[: len(body) // 2]))
        await self._writer.drain()
        if reset:
            sockets.reset_on_close(self._writer.get_extra_info("socket"))
            self._writer.transport.abort()

    async def _event(self) -> h11.Event | type[h11.PAUSED]:
        while True:
            event = self._http.next_event()
            if event is not h11.NEED_DATA:
                return event  # type: ignore[return-value]  # an identity test does not narrow h11's sentinel
            if self._http.they_are_waiting_for_100_continue:
                self._write(h11.InformationalResponse(status_code=100, headers=[]))
            self._http.receive_data(await asyncio.wait_for(self._reader.read(65536), _IDLE_SECONDS))

    async def _body(self) -> bytes:
        body = bytearray()
        while isinstance(event := await self._event(), h11.Data):
            body += event.data
            if len(body) > _MAX_BODY:
                raise _RefusedError(text_response(413, "Request Entity Too Large", {"Connection": "close"}))
        return bytes(body)

    def _headers(self, response: Response) -> list[tuple[str, str]]:
        headers = {"Date": format_datetime(self._clock(), usegmt=True), **response.headers}
        if response.status != 204:
            headers["Content-Length"] = str(len(response.body))
        return list(headers.items())

    def _write(self, event: h11.Response | h11.InformationalResponse | h11.Data | h11.EndOfMessage) -> None:
        data = self._http.send(event)
        if data:
            self._writer.write(data)


def _reason(response: Response) -> str:
    try:
        return HTTPStatus(response.status).phrase
    except ValueError:
        return ""
