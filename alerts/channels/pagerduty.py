"""PagerDuty, Events API v2: one alert per incident by its dedup key, and change events beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import httpx
from pydantic import Field, SecretStr, StrictBool

from alerts.channels.base import ChannelKind, Proof, Receipt
from alerts.channels.http import post, require_private, shown
from alerts.messages import facts, headline, links, one_line
from alerts.model import Action, Notification, Tier
from config.model import Declared
from config.rate import Rate
from config.secrets import SecretRef, resolve

_PATH: Final = "/v2/enqueue"
_CHANGE_PATH: Final = "/v2/change/enqueue"
MAX_SUMMARY: Final = 1024
MAX_DEDUP_KEY: Final = 255
SELF_TEST_KEY: Final = "leadline/self-test"
"""Always the same, so that the next self-test ends what one that was cut short left open."""
MAX_BYTES: Final = 500_000
"""The API takes 512 kB."""


class Options(Declared):
    """Options of a `pagerduty` channel."""

    routing_key: SecretRef
    url: str = Field("https://events.pagerduty.com", description="Base of the Events API.")
    webhook_secret: SecretRef | None = Field(
        None, description="Of the webhook (v3) that points at the hub: what is done to an incident there flows back."
    )
    change_events: StrictBool = Field(
        False, description="Also tell of changed configuration and of vendors' new versions, as change events."
    )


@dataclass(frozen=True, slots=True)
class PagerDuty:
    """Triggers, acknowledges and resolves."""

    routing_key: SecretStr
    url: str
    client: httpx.AsyncClient

    async def send(self, notification: Notification) -> Receipt:
        """A resolve or acknowledge of something that PagerDuty does not know is dropped there without harm."""
        key = self.routing_key.get_secret_value()
        now = notification.sent_at or notification.created_at
        is_change = notification.action is Action.CHANGE
        body = change_event(notification) if is_change else event(notification)
        url = self.url + (_CHANGE_PATH if is_change else _PATH)
        answer = await post(self.client, url, now=now, secrets=(key,), json={"routing_key": key, **body})
        return Receipt(answer.status_code, shown(answer, (key,)))

    async def test(self, now: datetime) -> Proof:
        """An event of the lowest severity, resolved at once."""
        key = self.routing_key.get_secret_value()
        payload = {"summary": "Leadline self-test: nothing is wrong", "source": "leadline", "severity": "info"}
        trigger = {"event_action": "trigger", "payload": payload}
        for event_ in (trigger, {"event_action": "resolve"}):
            body = {"routing_key": key, "dedup_key": SELF_TEST_KEY, **event_}
            answer = await post(self.client, self.url + _PATH, now=now, secrets=(key,), json=body)
        return Proof(answer.status_code, "an event of severity info, resolved at once", end_to_end=True)


def event(notification: Notification) -> dict[str, Any]:
    """The event without its routing key."""
    incident = notification.incident
    ends = {Action.RESOLVE: "resolve", Action.ACKNOWLEDGE: "acknowledge"}
    key = incident.dedup_key[:MAX_DEDUP_KEY]
    if notification.action in ends:
        return {"event_action": ends[notification.action], "dedup_key": key}
    worst = incident.conditions[0] if incident.conditions else None
    found: dict[str, Any] = {
        "event_action": "trigger",
        "dedup_key": key,
        "client": "Leadline",
        "client_url": notification.address,
        "links": _links(notification),
        "payload": {
            "summary": headline(notification)[:MAX_SUMMARY],
            "source": incident.subject,
            "severity": "critical" if incident.tier is Tier.URGENT else "warning",
            "timestamp": (worst.since if worst else incident.opened_at).isoformat(),
            "component": (worst.workflow if worst else None) or incident.subject,
            "group": one_line(", ".join(incident.flows)) or incident.subject,
            "class": str(worst.rule) if worst else "",
            "custom_details": _details(notification),
        },
    }
    return _within_limit(found)


def change_event(notification: Notification) -> dict[str, Any]:
    """The change without its routing key. PagerDuty shows it beside the incidents of its time and pages nobody."""
    incident = notification.incident
    found: dict[str, Any] = {
        "links": _links(notification),
        "payload": {
            "summary": headline(notification)[:MAX_SUMMARY],
            "source": incident.subject,
            "timestamp": notification.created_at.isoformat(),
            "custom_details": _details(notification),
        },
    }
    return _within_limit(found)


def _links(notification: Notification) -> list[dict[str, str]]:
    return [{"href": url, "text": label} for label, url in links(notification)]


def _details(notification: Notification) -> dict[str, str | list[str]]:
    """As PagerDuty shows them: a list where there is more than one line."""
    shown = ((label, text.split("\n")) for label, text in facts(notification))
    return {label: lines if len(lines) > 1 else lines[0] for label, lines in shown}


def _within_limit(found: dict[str, Any]) -> dict[str, Any]:
    if len(json.dumps(found)) > MAX_BYTES:
        found["payload"]["custom_details"] = {"note": "left out: too long; see the dashboard"}
    return found


def build(options: Options, environ: Mapping[str, str], client: httpx.AsyncClient) -> PagerDuty:
    """Raises UnresolvedReference, or ValueError for an address that would show the key."""
    base = require_private(resolve(options.url, environ)).rstrip("/").removesuffix(_PATH)
    return PagerDuty(options.routing_key.reveal(environ), base, client)


CHANNEL: Final = ChannelKind(Options, build, Rate(120, timedelta(minutes=1)))
