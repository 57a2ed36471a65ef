"""What people do at a receiver, told to a hub: signed webhooks, as the real services send them."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import httpx

_WITHIN_S: Final = 5.0


class ActError(ValueError):
    """What cannot be done there; says why."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """One request to the hub, signed."""

    body: bytes
    headers: Mapping[str, str]


def hmac_sha256(secret: str, message: bytes) -> str:
    """In hexadecimal digits."""
    return hmac.new(secret.encode(), message, "sha256").hexdigest()


def checked(address: object) -> str:
    """The address of a webhook, if it is on this machine. Raises ActError."""
    try:
        parts = urlsplit(str(address))
        local = parts.hostname == "localhost" or ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        local = False
    if not local or parts.scheme != "http":
        raise ActError(
            '"webhook" takes an address on this machine: http://127.0.0.1:8050/api/v1/inbound/pagerduty/NAME'
        )
    return str(address)


async def send(address: str, webhook: Webhook) -> int:
    """The status that it is answered with. Raises ActError when nobody answers."""
    try:
        async with httpx.AsyncClient(timeout=_WITHIN_S, trust_env=False) as client:
            answer = await client.post(address, content=webhook.body, headers=dict(webhook.headers))
    except httpx.HTTPError as err:
        raise ActError(f"{address}: no answer ({type(err).__name__})") from err
    return answer.status_code
