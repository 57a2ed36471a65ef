"""E-mail by SMTP: plain text and HTML, one thread per incident."""

from __future__ import annotations

import asyncio
import hashlib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from email.header import Header
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime
from functools import lru_cache
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

import aiosmtplib
import certifi
import httpx
import structlog
from pydantic import Field, SecretStr, field_validator

from alerts import mail, messages
from alerts.channels.base import ChannelKind, ChartOf, Proof, Receipt, TransportError
from alerts.channels.http import is_loopback, redact
from alerts.model import Action, Notification, Report, Tier
from alerts.reports import sending as report
from alerts.reports.document import Chart
from config.model import Declared
from config.secrets import SecretRef, resolve

log = structlog.get_logger(__name__)

TIMEOUT_S: Final = 15.0
CHART_LIMIT_S: Final = 5.0
MAX_SUBJECT: Final = 200
CHART: Final = "latency.png"
"""The content id of the chart."""
CHART_SIZE: Final = (4.8, 2.3)
"""Inches: its letters can be read on a phone, and are not huge on a desk."""


class _Policy(EmailPolicy):
    """Folds subjects itself: Python's own way loses spaces between words that are encoded and words that are not."""

    def fold_binary(self, name: str, value: str) -> bytes:
        """One header as it travels."""
        if name.lower() != "subject":
            return super().fold_binary(name, value)
        text = str(value)
        folded = text if text.isascii() and len(text) < 60 else Header(text, "utf-8", header_name=name).encode()
        return f"{name}: {folded}\n".replace("\n", "\r\n").encode("ascii")


_POLICY: Final = _Policy(linesep="\r\n", cte_type="7bit")
"""Whatever lies between us and the reader, it takes seven bits."""


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
    charts: ChartOf | None = None

    def with_charts(self, charts: ChartOf) -> Email:
        """The same, with a chart of the latency in every mail that has one to show."""
        return replace(self, charts=charts)

    async def send(self, notification: Notification) -> Receipt:
        """An acknowledgement is worth no mail."""
        if notification.action is Action.ACKNOWLEDGE:
            return Receipt(None, "not sent: nobody is mailed about an acknowledgement")
        open_ = [address for address in self.to if _receipt_key(notification, address) not in notification.receipt]
        if not open_:
            return Receipt(None, "accepted before")
        chart = await self._chart(notification)
        picture = await asyncio.to_thread(_picture, chart) if chart else None
        message = compose(notification, self.from_address, self.to, chart=chart, picture=picture)
        refused = await self._deliver(message, open_)
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
            addresses = (self.from_address, *to)
            international = not all(address.isascii() for address in addresses)
            refused, _ = await aiosmtplib.send(
                message.as_bytes(),
                sender=self.from_address,
                recipients=to,
                mail_options=["SMTPUTF8"] if international else None,
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

    async def _chart(self, notification: Notification) -> Chart | None:
        """Nothing where the mail is no news of an incident, or where it would have to wait for the chart."""
        if self.charts is None or notification.tier is Tier.REPORT:
            return None
        try:
            async with asyncio.timeout(CHART_LIMIT_S):
                return await self.charts(notification)
        except TimeoutError:
            return None

    def _clean(self, text: str) -> str:
        secrets = (self.password.get_secret_value(),) if self.password else ()
        return messages.one_line(redact(text, (*secrets, *self.to)))[:200]


def compose(
    notification: Notification,
    sender: str,
    to: tuple[str, ...],
    *,
    chart: Chart | None = None,
    picture: bytes | None = None,
) -> EmailMessage:
    """The mail: a stable Message-ID, in the thread of its incident; with the picture where there is one."""
    message = EmailMessage(_POLICY)
    for name, value in _headers(notification, sender, to).items():
        message[name] = value
    caption = chart.alt if chart else ""
    if notification.tier is Tier.REPORT:
        text, html = report.as_text(notification), report.as_html(notification)
    else:
        text = messages.plain(notification) + (f"\n{caption}\n" if caption else "")
        html = mail.as_html(notification, chart=CHART if picture else "", caption=caption)
    message.set_content(text)
    message.add_alternative(html, subtype="html")
    if picture is not None:
        _relate(message, CHART, picture)
    if notification.report is not None:
        _attach(message, notification.report)
    return message


def _picture(chart: Chart) -> bytes | None:
    try:
        return drawn(chart)
    except Exception:  # the edge of a library that draws: whatever it cannot, the mail goes without it
        log.exception("email.no_picture", chart=chart.title)
        return None


def drawn(chart: Chart) -> bytes:
    """The picture, PNG on white."""
    # Imported here: it takes half a second, and only mails with a chart need it.
    from alerts.reports.charts import as_png

    return as_png(chart, ZoneInfo("UTC"), CHART_SIZE)


def _headers(notification: Notification, sender: str, to: tuple[str, ...]) -> dict[str, str]:
    """Machines are told that no person wrote it; mail programs, which mails belong together and how urgent they are."""
    is_report = notification.tier is Tier.REPORT
    domain = sender.rpartition("@")[2].strip("> ") or "leadline"
    thread = hashlib.sha256(notification.incident.dedup_key.encode()).hexdigest()[:24]
    # Python reads encoded words in a subject, whoever wrote them.
    subject = (report.subject if is_report else messages.headline)(notification).replace("=?", "= ?")
    loud = notification.action is Action.TRIGGER and notification.incident.tier is Tier.URGENT and not is_report
    return {
        "Subject": messages.shortened(subject, MAX_SUBJECT),
        "From": sender,
        "To": ", ".join(to),
        "Date": format_datetime(notification.created_at),
        "Message-ID": f"<{thread}.{notification.notification_id}@{domain}>",
        "References": f"<{thread}@{domain}>",
        "List-Id": f"Leadline alerts <leadline-alerts.{domain}>",
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        **({} if notification.action is Action.TRIGGER else {"In-Reply-To": f"<{thread}@{domain}>"}),
        **({"Importance": "high", "X-Priority": "1"} if loud else {}),
    }


def _relate(message: EmailMessage, name: str, picture: bytes) -> None:
    body = message.get_body(("html",))
    if isinstance(body, EmailMessage):
        body.add_related(picture, "image", "png", cid=f"<{name}>", filename=name, disposition="inline")


def _attach(message: EmailMessage, made: Report) -> None:
    """The pictures to the HTML that shows them, the PDF to the mail."""
    for name, picture in made.pictures.items():
        _relate(message, name, picture)
    message.add_attachment(made.pdf, maintype="application", subtype="pdf", filename=f"{made.file_name}.pdf")


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
