"""PagerDuty's webhooks, version 3: what people do to an incident there."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from pydantic import SecretStr

from alerts.inbound.base import Act, ActKind, EarKind, Forged, Heard, Unreadable, storable
from alerts.messages import one_line, shortened

SIGNATURES: Final = "x-pagerduty-signature"
MAX_NAME: Final = 80
MAX_TEXT: Final = 4_000

_KINDS: Final = {
    "incident.acknowledged": ActKind.ACKNOWLEDGE,
    "incident.unacknowledged": ActKind.UNACKNOWLEDGE,
    "incident.resolved": ActKind.RESOLVE,
    "incident.reopened": ActKind.REOPEN,
    "incident.annotated": ActKind.COMMENT,
}
_OURSELVES: Final = "integration_reference"
"""What the agent's type ends with when an event of ours did it: PagerDuty tells us what we told it."""


@dataclass(frozen=True, slots=True)
class PagerDutyEar:
    """Signs with HMAC-SHA256; while a secret is rotated there are several signatures, any of which will do."""

    secret: SecretStr

    def hear(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Heard:
        """The event. One that is none of ours, such as a ping, has no acts."""
        wanted = signature(self.secret.get_secret_value(), body)
        given = [one.strip() for one in headers.get(SIGNATURES, "").split(",")]
        if not any(hmac.compare_digest(one.encode(), wanted.encode()) for one in given):
            raise Forged
        return _heard(body)


def signature(secret: str, body: bytes) -> str:
    """`v1=` and the hexadecimal HMAC-SHA256 of the body as it was received."""
    return "v1=" + hmac.new(secret.encode(), body, "sha256").hexdigest()


def _heard(body: bytes) -> Heard:
    try:
        event = json.loads(body)["event"]
        key, kind, data = storable(event["id"]), str(event["event_type"]), event.get("data") or {}
        incident = data.get("incident") or {} if kind == "incident.annotated" else data
        their_id, dedup_key = incident.get("id"), incident.get("incident_key")
        agent = event.get("agent") or {}
        done_at = datetime.fromisoformat(str(event["occurred_at"]))
        text = shortened(storable(data.get("content") or ""), MAX_TEXT)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as err:
        raise Unreadable("not an event of PagerDuty's webhooks, version 3") from err
    calls = (storable(their_id), storable(dedup_key)) if their_id and dedup_key else None
    is_ours = str(agent.get("type", "")).endswith(_OURSELVES) if isinstance(agent, dict) else False
    if kind not in _KINDS or is_ours or (_KINDS[kind] is ActKind.COMMENT and not text.strip()):
        return Heard(key, calls=calls)
    act = Act(
        _KINDS[kind],
        _who(agent),
        dedup_key=storable(dedup_key) if dedup_key else None,
        their_id=storable(their_id) if their_id else None,
        text=text,
        done_at=done_at if done_at.tzinfo else done_at.replace(tzinfo=UTC),
    )
    return Heard(key, (act,), calls, is_echo_known=True)


def _who(agent: Any) -> str:
    name = one_line(str(agent.get("summary") or "")) if isinstance(agent, dict) else ""
    return f"{shortened(name, MAX_NAME)} (PagerDuty)" if name else "PagerDuty"


EAR: Final = EarKind("webhook_secret", PagerDutyEar)
