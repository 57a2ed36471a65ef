"""SMS by Twilio's REST API."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Final
from urllib.parse import quote

import httpx
from pydantic import Field, SecretStr

from alerts.channels.base import ChannelKind, Proof, Receipt, TransportError, tell_each
from alerts.channels.http import ask, require_private
from alerts.gsm import sms
from alerts.model import Action, Notification
from config.model import Declared
from config.rate import Rate
from config.secrets import SecretRef, resolve


class Options(Declared):
    """Options of a `twilio_sms` channel. Numbers in international form, +4930…."""

    account_sid: str = Field(min_length=1)
    auth_token: SecretRef
    from_number: str = Field(min_length=1)
    to: Annotated[tuple[str, ...], Field(min_length=1)]
    url: str = "https://api.twilio.com"


@dataclass(frozen=True, slots=True)
class TwilioSms:
    """One message per number. Each number's acceptance is remembered, so that a retry texts only the others."""

    account_sid: str
    auth_token: SecretStr
    from_number: str
    to: tuple[str, ...]
    url: str
    client: httpx.AsyncClient

    async def send(self, notification: Notification) -> Receipt:
        """Texts every number that has not got this message; an acknowledgement is worth no message."""
        if notification.action is Action.ACKNOWLEDGE:
            return Receipt(None, "not sent: nobody is texted about an acknowledgement")
        numbers = {_receipt_key(notification, number): number for number in self.to}
        accepted = await tell_each(numbers, notification.receipt, lambda number: self._text(notification, number))
        return Receipt(201, f"accepted for {len(self.to)} number{'s' if len(self.to) > 1 else ''}", accepted)

    async def test(self, now: datetime) -> Proof:
        """Looks the account up: the credentials are good, and it is active. Nobody is texted."""
        answer = await self._ask("GET", ".json", now)
        told = answer.json() if answer.text.startswith("{") else {}
        status = str(told.get("status", "active")) if isinstance(told, dict) else "active"
        if status != "active":
            raise TransportError(f"the account is {status[:40]}", permanent=True, status=answer.status_code)
        return Proof(answer.status_code, "the account is active")

    async def _text(self, notification: Notification, number: str) -> TransportError | None:
        """What kept the number from being texted; None when it was."""
        form = {"From": self.from_number, "To": number, "Body": sms(notification)}
        try:
            await self._ask("POST", "/Messages.json", notification.sent_at or notification.created_at, data=form)
        except TransportError as err:
            return TransportError(
                f"number …{number[-3:]}: {err}",
                permanent=err.permanent,
                retry_after_s=err.retry_after_s,
                status=err.status,
            )
        return None

    async def _ask(self, method: str, of_account: str, now: datetime, **request: Any) -> httpx.Response:
        token = self.auth_token.get_secret_value()
        basic = base64.b64encode(f"{self.account_sid}:{token}".encode()).decode()
        return await ask(
            self.client,
            method,
            f"{self.url}/2010-04-01/Accounts/{quote(self.account_sid, safe='')}{of_account}",
            now=now,
            secrets=(token, basic, *self.to),
            headers={"Authorization": f"Basic {basic}"},
            **request,
        )


def _receipt_key(notification: Notification, number: str) -> str:
    """Names the number without storing it."""
    return f"sms:{notification.notification_id}:{hashlib.sha256(number.encode()).hexdigest()[:16]}"


def build(options: Options, environ: Mapping[str, str], client: httpx.AsyncClient) -> TwilioSms:
    """Raises UnresolvedReference, or ValueError for an address that would show the token."""
    return TwilioSms(
        resolve(options.account_sid, environ),
        options.auth_token.reveal(environ),
        resolve(options.from_number, environ),
        tuple(resolve(number, environ) for number in options.to),
        require_private(resolve(options.url, environ)).rstrip("/"),
        client,
    )


CHANNEL: Final = ChannelKind(Options, build, Rate(1, timedelta(seconds=1)))
