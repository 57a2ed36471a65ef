"""A webhook: the whole notification as signed JSON, for anything that has no channel of its own."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import httpx
from pydantic import SecretStr, TypeAdapter

from alerts.channels.base import ChannelKind, Proof, Receipt
from alerts.channels.http import parts_of, post, shown
from alerts.messages import headline
from alerts.model import Incident, Notification
from config.model import Declared
from config.secrets import SecretRef

VERSION: Final = 1
_INCIDENT: Final = TypeAdapter(Incident)


class Options(Declared):
    """Options of a `webhook` channel. With `secret`, every request is signed."""

    url: SecretRef
    secret: SecretRef | None = None


@dataclass(frozen=True, slots=True)
class Webhook:
    """POSTs JSON. `X-Leadline-Delivery` is the same for every try, so that a receiver can drop repetitions."""

    url: SecretStr
    secret: SecretStr | None
    client: httpx.AsyncClient

    async def send(self, notification: Notification) -> Receipt:
        """Any 2xx is acceptance."""
        answered = await self._post(
            document(notification), str(notification.notification_id), notification.sent_at or notification.created_at
        )
        return Receipt(*answered)

    async def test(self, now: datetime) -> Proof:
        """A signed document with the action `ping`; any 2xx is acceptance."""
        ping = {"version": VERSION, "action": "ping", "created_at": now.isoformat()}
        answered = await self._post(ping, f"ping-{int(now.timestamp())}", now)
        return Proof(*answered, end_to_end=True)

    async def _post(self, told: dict[str, Any], delivery: str, now: datetime) -> tuple[int, str]:
        url, body = self.url.get_secret_value(), json.dumps(told).encode()
        timestamp = str(int(now.timestamp()))
        headers = {
            "Content-Type": "application/json",
            "X-Leadline-Delivery": delivery,
            "X-Leadline-Timestamp": timestamp,
        }
        secrets = [*parts_of(url)]
        if self.secret is not None:
            secret = self.secret.get_secret_value()
            headers["X-Leadline-Signature"] = signature(secret, timestamp, body)
            secrets.append(secret)
        answer = await post(self.client, url, now=now, secrets=secrets, content=body, headers=headers)
        return answer.status_code, shown(answer, secrets)


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """`v1=` and the hexadecimal HMAC-SHA256 of `timestamp.body`."""
    digest = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return f"v1={digest}"


def document(notification: Notification) -> dict[str, Any]:
    """What is sent; a field is only ever added within one `version`."""
    return {
        "version": VERSION,
        "action": str(notification.action),
        "tier": str(notification.tier),
        "created_at": notification.created_at.isoformat(),
        "dedup_key": notification.incident.dedup_key,
        "headline": headline(notification),
        "link": notification.link,
        "budget_left": notification.budget_left,
        "incident": _INCIDENT.dump_python(notification.incident, mode="json"),
    }


def build(options: Options, environ: Mapping[str, str], client: httpx.AsyncClient) -> Webhook:
    """Raises UnresolvedReference."""
    secret = options.secret.reveal(environ) if options.secret else None
    return Webhook(options.url.reveal(environ), secret, client)


CHANNEL: Final = ChannelKind(Options, build)
