"""A small SMTP server (RFC 5321, no TLS, no login) that keeps what it is handed."""

from __future__ import annotations

import asyncio
import email
import email.policy
import re
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any, Final

from app.sandbox.http1 import Clock
from app.sandbox.listener import Conversation
from app.sandbox.receiver import Receiver

_MAX_MESSAGE: Final = 10 * 1024 * 1024
_IDLE_SECONDS: Final = 60.0
_ADDRESS: Final = re.compile(r"(?:FROM|TO):\s*<([^>]*)>", re.IGNORECASE)


@dataclass(slots=True)
class _Envelope:
    sender: str | None = None
    recipients: list[str] = field(default_factory=list)


class Smtp(Receiver):
    """Accepts mail for anybody."""

    name = "smtp"
    title = "E-mail (SMTP)"

    def environment(self, port: int) -> dict[str, str]:
        return {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(port)}

    def converse(self, clock: Clock) -> Conversation:
        async def conversation(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await _Session(self, clock, reader, writer).run()

        return conversation

    def refusal(self) -> str | None:
        """What every MAIL command is answered with while a fault is on."""
        wait = self.faults.number("throttle")
        if wait is not None:
            return f"451 4.7.1 Too many messages, try again in {wait:.0f} seconds"
        code = self.faults.number("status")
        return None if code is None else f"{int(code)} {int(code) // 100}.3.0 Mail system refused the message"


class _Session:
    """One client."""

    def __init__(
        self, receiver: Smtp, clock: Clock, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._receiver = receiver
        self._clock = clock
        self._reader = reader
        self._writer = writer
        self._envelope = _Envelope()

    async def run(self) -> None:
        """Until QUIT or the end of the connection."""
        await self._say("220 localhost Leadline sandbox ESMTP")
        while line := await self._line():
            verb, _, rest = line.decode("utf-8", "replace").strip().partition(" ")
            if verb.upper() == "DATA":
                await self._data()
                continue
            await self._say(self._reply(verb.upper(), rest))
            if verb.upper() == "QUIT":
                return

    def _reply(self, verb: str, rest: str) -> str:
        replies = {
            "EHLO": f"250-localhost\r\n250-SIZE {_MAX_MESSAGE}\r\n250-8BITMIME\r\n250 SMTPUTF8",
            "HELO": "250 localhost",
            "NOOP": "250 2.0.0 OK",
            "QUIT": "221 2.0.0 Bye",
        }
        if verb in replies:
            return replies[verb]
        if verb == "RSET":
            self._envelope = _Envelope()
            return "250 2.0.0 OK"
        address = _ADDRESS.match(rest)
        if verb == "MAIL" and address:
            return self._mail(address.group(1))
        if verb == "RCPT" and address:
            return self._recipient(address.group(1))
        return "502 5.5.2 Command not recognised"

    def _mail(self, sender: str) -> str:
        refusal = self._receiver.refusal()
        if refusal:
            return refusal
        self._envelope = _Envelope(sender)
        return "250 2.1.0 OK"

    def _recipient(self, address: str) -> str:
        if self._envelope.sender is None:
            return "503 5.5.1 MAIL first"
        self._envelope.recipients.append(address)
        return "250 2.1.5 OK"

    async def _data(self) -> None:
        if not self._envelope.recipients:
            await self._say("503 5.5.1 RCPT first")
            return
        await self._say("354 End data with <CR><LF>.<CR><LF>")
        message = bytearray()
        while (line := await self._line()) not in (b".\r\n", b".\n", b""):
            message += line[1:] if line.startswith(b"..") else line
            if len(message) > _MAX_MESSAGE:
                await self._say("552 5.3.4 Message too big")
                return
        self._keep(bytes(message))
        await self._say("250 2.0.0 OK: queued")

    def _keep(self, raw: bytes) -> None:
        message = email.message_from_bytes(raw, policy=email.policy.default)
        to = ", ".join(self._envelope.recipients)
        content = {"from": self._envelope.sender, "to": self._envelope.recipients, **_parts(message)}
        self._receiver.inbox.keep(self._clock(), f"{message['Subject'] or '(no subject)'} → {to}", content)
        self._envelope = _Envelope()

    async def _line(self) -> bytes:
        return await asyncio.wait_for(self._reader.readline(), _IDLE_SECONDS)

    async def _say(self, reply: str) -> None:
        self._writer.write(f"{reply}\r\n".encode())
        await self._writer.drain()


def _parts(message: EmailMessage) -> dict[str, Any]:
    plain, html = message.get_body(("plain",)), message.get_body(("html",))
    return {
        "subject": str(message["Subject"] or ""),
        "message_id": str(message["Message-ID"] or ""),
        "text": None if plain is None else plain.get_content(),
        "html": None if html is None else html.get_content(),
        "attachments": [part.get_filename() for part in message.iter_attachments()],
    }
