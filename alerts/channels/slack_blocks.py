"""A notification as Slack's Block Kit, within its limits and with every foreign text escaped."""

from __future__ import annotations

from typing import Any, Final

from alerts.messages import facts, headline, links, mark, one_line
from alerts.model import Action, IncidentState, Notification, Tier
from alerts.reports import sending as report

MAX_HEADER: Final = 150
MAX_SECTION: Final = 3000
MAX_FIELD: Final = 600
"""Slack takes 2,000, but no more than some 13,000 in all blocks together."""
MAX_TEXT: Final = 4000
MAX_ID: Final = 255
ACKNOWLEDGE: Final = "leadline.acknowledge"
RESOLVE: Final = "leadline.resolve"
SILENCE_1H: Final = "leadline.silence_1h"
"""The `action_id` of each button; its `value` is the incident's id."""
PLAIN: Final = {"unfurl_links": False, "unfurl_media": False, "parse": "none", "link_names": False}
"""Slack makes nothing of our words by itself: neither links nor previews nor mentions."""
_FIELDS: Final = ("Since", "Blame", "Flows", "Budget left", "Came back", "Owner", "Acknowledged by")
_FOOTER: Final = ("Evidence", "Incident")


def body_of(notification: Notification, *, buttons: bool = False) -> dict[str, Any]:
    """`text` for notifications and screen readers, `blocks` for everybody else; `buttons` where clicks are heard."""
    if notification.tier is Tier.REPORT and notification.action is not Action.CHANGE:
        title, where = report.subject(notification), links(notification)
        pages = " · ".join(f"<{_address(url)}|{label}>" for label, url in where)
        blocks = [_header(title), _section(cut(escape(report.summary(notification)), MAX_SECTION))]
        blocks += [{"type": "context", "elements": [_mrkdwn(pages, MAX_FIELD)]}] if pages else []
        return {"text": cut(escape(title), MAX_TEXT), "blocks": blocks, **PLAIN}
    known = dict(facts(notification))
    fields = [_mrkdwn(f"*{label}*\n{escape(known[label])}", MAX_FIELD) for label in _FIELDS if label in known]
    footer = " · ".join(f"{label} {escape(known[label])}" for label in _FOOTER if label in known)
    pages = " · ".join(f"<{_address(url)}|{label}>" for label, url in links(notification))
    blocks = [
        _header(one_line(f"{mark(notification)} {notification.incident.title}")),
        _section(escape(known.get("What broke", headline(notification)))),
    ]
    blocks += [{"type": "section", "fields": fields}] if fields else []
    blocks += [{"type": "context", "elements": [_mrkdwn(text, MAX_FIELD)]} for text in (footer, pages) if text]
    blocks += [_buttons(notification)] if buttons and notification.incident.resolved_at is None else []
    return {"text": cut(escape(headline(notification)), MAX_TEXT), "blocks": blocks, **PLAIN}


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


def _buttons(notification: Notification) -> dict[str, Any]:
    incident = notification.incident
    open_ = incident.state is IncidentState.OPEN
    found = [_button("Acknowledge", ACKNOWLEDGE, incident.incident_id, style="primary")] if open_ else []
    found.append(_button("Resolve", RESOLVE, incident.incident_id))
    found.append(_button("Silence 1 h", SILENCE_1H, incident.incident_id))
    return {"type": "actions", "block_id": f"leadline:{incident.incident_id}"[:MAX_ID], "elements": found}


def _button(text: str, action: str, value: str, **more: str) -> dict[str, Any]:
    shown = {"type": "plain_text", "text": text}
    return {"type": "button", "text": shown, "action_id": action, "value": value, **more}


def _header(text: str) -> dict[str, Any]:
    return {"type": "header", "text": {"type": "plain_text", "text": cut(text, MAX_HEADER), "emoji": True}}


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": _mrkdwn(text, MAX_SECTION)}


def _mrkdwn(text: str, limit: int) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": cut(text, limit), "verbatim": True}


def _address(url: str) -> str:
    return escape(url).replace("|", "%7C")
