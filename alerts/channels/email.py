"""E-mail by SMTP: plain text and HTML, one thread per incident."""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from functools import lru_cache
from typing import Annotated, Any, Final

import aiosmtplib
import certifi
import httpx
from pydantic import Field, SecretStr, field_validator

from alerts import messages, report
from alerts.channels.base import ChannelKind, Proof, Receipt, TransportError
from alerts.channels.http import is_loopback, redact
from alerts.model import Action, Notification, Tier
from config.model import Declared
from config.secrets import SecretRef, resolve

TIMEOUT_S: Final = 15.0


class Options(Declared):
    """Options of an `email` channel. `tls` is TLS from the first byte (port 465); neither is for this machine."""

    host: str = Field(min_length=1)
    port: int | str = 587
    starttls: bool = True
    tls: bool = False
    username: str | None = None
    password: SecretRef | None = None
    from_address: str = Field(min_length=3)
    to: Annotated[tuple[str, ...], Field(min_length=1)]

    @field_validator("from_address", "to")
    @classmethod
    def _one_line(cls, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
        texts = (value,) if isinstance(value, str) else value
        if any("\n" in text or "\r" in text or not ("@" in text or "${" in text) for text in texts):
            raise ValueError("not an e-mail address")
        return value


@dataclass(frozen=True, slots=True)
class Email:
    """One mail to everybody. Who has accepted is remembered, so that a retry mails only the others."""

    host: str
    port: int
    starttls: bool
    tls: bool
    username: str | None
    password: SecretStr | None
    from_address: str
    to: tuple[str, ...]

    async def send(self, notification: Notification) -> Receipt:
        """An acknowledgement is worth no mail."""
        if notification.action is Action.ACKNOWLEDGE:
            return Receipt(None, "not sent: nobody is mailed about an acknowledgement")
        open_ = [address for address in self.to if _receipt_key(notification, address) not in notification.receipt]
        if not open_:
            return Receipt(None, "accepted before")
        refused = await self._deliver(compose(notification, self.from_address, self.to), open_)
        accepted = {_receipt_key(notification, address): "accepted" for address in open_ if address not in refused}
        if refused:
            raise self._refusal(refused, accepted)
        return Receipt(250, f"accepted for {len(open_)} address{'es' if len(open_) > 1 else ''}", accepted)

    async def test(self, now: datetime) -> Proof:
        """Logs in as for a mail, says NOOP and leaves: nobody gets a mail."""
        server = aiosmtplib.SMTP(**self._connection())
        try:
            async with server:
                answer = await server.noop()
        except (aiosmtplib.SMTPException, OSError) as err:
            raise self._failed(err) from None
        return Proof(answer.code, "the server takes the login")

    async def _deliver(self, message: EmailMessage, to: list[str]) -> dict[str, tuple[int, str]]:
        """Hands the mail over; returns who was refused. Raises TransportError when nobody could get it."""
        try:
            refused, _ = await aiosmtplib.send(
                message,
                sender=self.from_address,
                recipients=to,
                **self._connection(),
            )
        except aiosmtplib.SMTPRecipientsRefused as err:
            return {refusal.recipient: (refusal.code, refusal.message) for refusal in err.recipients}
        except (aiosmtplib.SMTPException, OSError) as err:
            # From None: a traceback would show the frames that hold the password.
            raise self._failed(err) from None
        return {address: (answer.code, answer.message) for address, answer in refused.items()}

    def _connection(self) -> dict[str, Any]:
        return {
            "hostname": self.host,
            "port": self.port,
            "username": self.username,
            "password": self.password.get_secret_value() if self.password else None,
            "start_tls": self.starttls,
            "use_tls": self.tls,
            "tls_context": _trust() if self.starttls or self.tls else None,
            "timeout": TIMEOUT_S,
        }

    def _failed(self, err: Exception) -> TransportError:
        if isinstance(err, aiosmtplib.SMTPResponseException):
            text = self._clean(f"SMTP {err.code}: {err.message}")
            return TransportError(text, permanent=err.code >= 500, status=err.code)
        return TransportError(self._clean(f"{type(err).__name__}: {err}"), permanent=False)

    def _refusal(self, refused: dict[str, tuple[int, str]], accepted: dict[str, str]) -> TransportError:
        code, message = next(iter(refused.values()))
        return TransportError(
            self._clean(f"{len(refused)} of {len(self.to)} addresses refused: SMTP {code}: {message}"),
            permanent=all(code >= 500 for code, _ in refused.values()),
            status=code,
            keep=accepted,
        )

    def _clean(self, text: str) -> str:
        secrets = (self.password.get_secret_value(),) if self.password else ()
        return messages.one_line(redact(text, (*secrets, *self.to)))[:200]


def compose(notification: Notification, sender: str, to: tuple[str, ...]) -> EmailMessage:
    """The mail: a stable Message-ID, in the thread of its incident."""
    is_report = notification.tier is Tier.REPORT
    domain = sender.rpartition("@")[2].strip("> ") or "leadline"
    thread = hashlib.sha256(notification.incident.dedup_key.encode()).hexdigest()[:24]
    message = EmailMessage()
    message["Subject"] = (report.subject if is_report else messages.headline)(notification)[:200]
    message["From"] = sender
    message["To"] = ", ".join(to)
    message["Date"] = format_datetime(notification.created_at)
    message["Message-ID"] = f"<{thread}.{notification.notification_id}@{domain}>"
    message["References"] = f"<{thread}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(report.as_text(notification) if is_report else messages.plain(notification))
    html = report.as_html(notification) if is_report else messages.as_html(notification)
    message.add_alternative(html, subtype="html")
    return message


@lru_cache(maxsize=1)
def _trust() -> ssl.SSLContext:
    """Made once: parsing the bundle of authorities takes longer than sending the mail."""
    return ssl.create_default_context(cafile=certifi.where())


def _receipt_key(notification: Notification, address: str) -> str:
    """Names the address without storing it."""
    return f"mail:{notification.notification_id}:{hashlib.sha256(address.encode()).hexdigest()[:16]}"


def build(options: Options, environ: Mapping[str, str], client: httpx.AsyncClient) -> Email:
    """Raises UnresolvedReference, or ValueError for a port that is none or a password that would travel in the open."""
    host = resolve(options.host, environ)
    if options.password is not None and not (options.starttls or options.tls or is_loopback(host)):
        raise ValueError("a password needs starttls or tls, because it would travel in the open")
    return Email(
        host=host,
        port=_port(resolve(str(options.port), environ)),
        starttls=options.starttls and not options.tls,
        tls=options.tls,
        username=resolve(options.username, environ) if options.username else None,
        password=options.password.reveal(environ) if options.password else None,
        from_address=resolve(options.from_address, environ),
        to=tuple(resolve(address, environ) for address in options.to),
    )


def _port(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        # Without the text: whatever stands there by mistake may be a secret.
        raise ValueError("its port is not a number") from None


CHANNEL: Final = ChannelKind(Options, build)
