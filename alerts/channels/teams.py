"""Microsoft Teams, by the webhook of a Workflow: one Adaptive Card for each change."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx
from pydantic import SecretStr

from alerts.channels.base import ChannelKind, Receipt, TransportError
from alerts.channels.http import parts_of, post, require_private, shown
from alerts.messages import facts, headline, links, mark, one_line, shortened
from alerts.model import Notification, Tier
from alerts.reports import sending as report
from config.model import Declared
from config.secrets import SecretRef

MAX_BYTES: Final = 24_000
"""Teams takes 28 kB, counted after the card was written as text inside its own message."""
MAX_TEXT: Final = 1500
_FACTS: Final = ("Since", "Blame", "Flows", "Budget left", "Came back", "Acknowledged by", "Owner", "Evidence")
_CARD: Final = "application/vnd.microsoft.card.adaptive"
_FAILED_INSIDE: Final = re.compile(r"delivery failed.*HTTP error (\d{3})", re.DOTALL)


class Options(Declared):
    """Options of a `teams` channel: the address that the workflow `When a Teams webhook request is received` shows."""

    webhook_url: SecretRef


@dataclass(frozen=True, slots=True)
class Teams:
    """Posts a new card for each change, because a workflow cannot edit one."""

    webhook_url: SecretStr
    client: httpx.AsyncClient

    async def send(self, notification: Notification) -> Receipt:
        """202 means that the workflow has begun; whether it posted the card, only its own run history says."""
        url = self.webhook_url.get_secret_value()
        now, secrets = notification.sent_at or notification.created_at, parts_of(url)
        answer = await post(self.client, url, now=now, secrets=secrets, json=message(notification))
        text = shown(answer, secrets)
        failed = _FAILED_INSIDE.search(answer.text)
        if failed is not None:  # The retired connectors answered 200 to what they could not deliver.
            status = int(failed[1])
            raise TransportError(f"teams: {text}", permanent=400 <= status < 500 and status != 429, status=status)
        return Receipt(answer.status_code, text or "accepted")


def message(notification: Notification) -> dict[str, Any]:
    """The envelope with its card. `summary` is what a notification shows where the client looks at it."""
    limit = MAX_TEXT
    while True:
        found = _message(notification, limit)
        if _size(found) <= MAX_BYTES or limit < 40:
            return found
        limit //= 2


def _message(notification: Notification, limit: int) -> dict[str, Any]:
    text = report.subject(notification) if notification.tier is Tier.REPORT else headline(notification)
    line = shortened(text, limit)
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "fallbackText": line,
        "speak": line,
        "body": [_banner(notification, limit), *_body(notification, limit)],
        "actions": [{"type": "Action.OpenUrl", "title": label, "url": url} for label, url in links(notification)],
    }
    return {
        "type": "message",
        "summary": line,
        "attachments": [{"contentType": _CARD, "contentUrl": None, "content": card}],
    }


def _banner(notification: Notification, limit: int) -> dict[str, Any]:
    word, style = mark(notification), _style(notification)
    title = one_line(notification.incident.title or notification.incident.subject)
    text = _words(f"{word} {shortened(title, limit)}", weight="Bolder", size="Medium")
    return {"type": "Container", "style": style, "bleed": True, "items": [text]}


def _body(notification: Notification, limit: int) -> list[dict[str, Any]]:
    if notification.tier is Tier.REPORT:
        return [_words(shortened(report.summary(notification), limit))]
    known = dict(facts(notification))
    what = [_words(shortened(line, limit)) for line in known.get("What broke", "").split("\n")[:10] if line]
    rows = [_labelled(label, shortened(known[label], limit)) for label in _FACTS if label in known]
    return what + rows


def _labelled(label: str, text: str) -> dict[str, Any]:
    runs = [{"type": "TextRun", "text": f"{label}: ", "weight": "Bolder"}, {"type": "TextRun", "text": text}]
    return {"type": "RichTextBlock", "spacing": "Small", "inlines": runs}


def _words(text: str, **manner: str) -> dict[str, Any]:
    """Foreign words stand in text runs: in a TextBlock or a FactSet they would be read as Markdown, links and all."""
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text, **manner}]}


def _style(notification: Notification) -> str:
    if notification.incident.resolved_at is not None:
        return "good"
    return "attention" if notification.incident.tier is Tier.URGENT else "warning"


def _size(message: dict[str, Any]) -> int:
    """As Teams counts: quotes and all that is not ASCII are escaped once more."""
    return len(json.dumps(json.dumps(message, ensure_ascii=False), ensure_ascii=False).encode())


def build(options: Options, environ: Mapping[str, str], client: httpx.AsyncClient) -> Teams:
    """Raises UnresolvedReference, or ValueError for an address that would show the secret."""
    secret = options.webhook_url.reveal(environ)
    require_private(secret.get_secret_value())
    return Teams(secret, client)


CHANNEL: Final = ChannelKind(Options, build)
