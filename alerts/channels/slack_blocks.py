"""A notification as Slack's Block Kit, within its limits and with every foreign text escaped."""

from __future__ import annotations

from typing import Any, Final

from alerts import report
from alerts.messages import facts, headline
from alerts.model import Notification, Tier

MAX_HEADER: Final = 150
MAX_SECTION: Final = 3000
MAX_FIELD: Final = 600
"""Slack takes 2,000, but no more than some 13,000 in all blocks together."""
MAX_TEXT: Final = 4000
_FIELDS: Final = ("Since", "Blame", "Flows", "Budget left", "Owner", "Acknowledged by")
_FOOTER: Final = ("Evidence", "Incident")


def body_of(notification: Notification) -> dict[str, Any]:
    """`text` for notifications and screen readers, `blocks` for everybody else."""
    if notification.tier is Tier.REPORT:
        text = report.as_text(notification)
        blocks = [_header(report.subject(notification)), _section(f"```{cut(escape(text), MAX_SECTION - 6)}```")]
        return {"text": cut(escape(report.subject(notification)), MAX_TEXT), "blocks": blocks}
    known = dict(facts(notification))
    fields = [_mrkdwn(f"*{label}*\n{escape(known[label])}", MAX_FIELD) for label in _FIELDS if label in known]
    footer = " · ".join(f"{label} {escape(known[label])}" for label in _FOOTER if label in known)
    links = " · ".join(f"<{_address(known[label])}|{label}>" for label in ("Dashboard", "Runbook") if label in known)
    blocks = [
        _header(f"{_mark(notification)} {notification.incident.title}"),
        _section(escape(known.get("What broke", headline(notification)))),
    ]
    blocks += [{"type": "section", "fields": fields}] if fields else []
    blocks += [{"type": "context", "elements": [_mrkdwn(text, MAX_FIELD)]} for text in (footer, links) if text]
    return {"text": cut(escape(headline(notification)), MAX_TEXT), "blocks": blocks}


def escape(text: str) -> str:
    """Slack reads only these three as its own; a vendor's `<!channel>` becomes harmless text."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def cut(text: str, limit: int) -> str:
    """At most `limit` characters, never ending inside an escape."""
    if len(text) <= limit:
        return text
    kept = text[: limit - 1]
    start = kept.rfind("&", max(0, len(kept) - 5))
    return (kept[:start] if start >= 0 and ";" not in kept[start:] else kept) + "…"


def _mark(notification: Notification) -> str:
    """A shape and a word, because colour alone says nothing to everybody."""
    incident = notification.incident
    if incident.resolved_at is not None:
        return "✅ RESOLVED:"
    return "🔴 URGENT:" if incident.tier is Tier.URGENT else "🟠 DEGRADED:"


def _header(text: str) -> dict[str, Any]:
    return {"type": "header", "text": {"type": "plain_text", "text": cut(text, MAX_HEADER), "emoji": True}}


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": _mrkdwn(text, MAX_SECTION)}


def _mrkdwn(text: str, limit: int) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": cut(text, limit)}


def _address(url: str) -> str:
    return escape(url).replace("|", "%7C")
