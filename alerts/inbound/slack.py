"""Slack's interactivity: the buttons below a message."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final
from urllib.parse import parse_qs

from pydantic import SecretStr

from alerts.channels.slack_blocks import ACKNOWLEDGE, RESOLVE, SILENCE_1H
from alerts.inbound.base import Act, ActKind, EarKind, Forged, Heard, Unreadable, storable
from alerts.messages import one_line, shortened

SIGNATURE: Final = "x-slack-signature"
TIMESTAMP: Final = "x-slack-request-timestamp"
FRESH_S: Final = 300
"""Older, or further ahead, than this is refused."""
MAX_NAME: Final = 80

_KINDS: Final = {ACKNOWLEDGE: ActKind.ACKNOWLEDGE, RESOLVE: ActKind.RESOLVE, SILENCE_1H: ActKind.SILENCE}


@dataclass(frozen=True, slots=True)
class SlackEar:
    """Signs the body together with the time; numbers nothing, so that the signature stands for the request."""

    secret: SecretStr

    def hear(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Heard:
        """What the buttons say; other interactions have no acts."""
        at, given = headers.get(TIMESTAMP, ""), headers.get(SIGNATURE, "")
        wanted = signature(self.secret.get_secret_value(), at, body)
        if not hmac.compare_digest(given.encode(), wanted.encode()) or not _is_fresh(at, now):
            raise Forged
        return Heard(sha256(given.encode()).hexdigest(), tuple(_acts(_payload(body))))


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """`v0=` and the hexadecimal HMAC-SHA256 of `v0:timestamp:body`."""
    return "v0=" + hmac.new(secret.encode(), b"v0:" + timestamp.encode() + b":" + body, "sha256").hexdigest()


def _is_fresh(timestamp: str, now: datetime) -> bool:
    return timestamp.isascii() and timestamp.isdigit() and abs(now.timestamp() - int(timestamp[:15])) <= FRESH_S


def _payload(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(parse_qs(body.decode(), strict_parsing=True, max_num_fields=10)["payload"][0])
    except (ValueError, KeyError, RecursionError) as err:
        raise Unreadable("not an interaction of Slack: no payload of JSON in a form") from err
    if not isinstance(found, dict):
        raise Unreadable("not an interaction of Slack: its payload is no object")
    return found


def _acts(payload: dict[str, Any]) -> list[Act]:
    actions = payload.get("actions")
    found = [one for one in actions if isinstance(one, dict)] if isinstance(actions, list) else []
    pressed = ((_KINDS.get(str(one.get("action_id"))), storable(one.get("value"))) for one in found)
    return [Act(kind, _who(payload.get("user")), incident_id=value) for kind, value in pressed if kind is not None]


def _who(user: Any) -> str:
    known = user if isinstance(user, dict) else {}
    name = one_line(str(known.get("username") or known.get("name") or known.get("id") or ""))
    return f"{shortened(name, MAX_NAME)} (Slack)" if name else "Slack"


EAR: Final = EarKind("signing_secret", SlackEar)
