"""What people read: a headline that is enough at 03:00, and the facts behind it."""

from __future__ import annotations

import html
from datetime import datetime, timedelta
from typing import Final

from alerts.model import Action, Blame, Condition, Incident, Notification, Rule, Tier, changes_subject

BLAMES: Final[dict[Blame, str]] = {
    Blame.OURS: "our fault",
    Blame.NETWORK: "the network's fault",
    Blame.CREDENTIAL: "our credential",
    Blame.QUOTA: "our quota",
    Blame.VENDOR: "vendor's fault",
    Blame.VENDOR_CHANGE: "vendor changed its API",
    Blame.PROBER: "the prober's fault",
    Blame.UNKNOWN: "cause unknown",
}
_MAX_LISTED: Final = 5


def headline(notification: Notification) -> str:
    """`HubSpot contact-roundtrip DOWN 4 min · create → 503 · vendor's fault (1/1 regions) · lead-routing stopped`."""
    incident = notification.incident
    parts = [_what(notification)]
    if incident.conditions:
        worst = incident.conditions[0]
        parts += [worst.summary, _whose(worst)]
        more = len(incident.conditions) - 1
        parts += [f"+{more} more"] if more and incident.resolved_at is None else []
    if incident.flows and incident.resolved_at is None:
        parts.append(f"{', '.join(incident.flows)} {_how_hit(incident)}")
    return " · ".join(one_line(part) for part in parts if part)


def facts(notification: Notification) -> tuple[tuple[str, str], ...]:
    """Label and text of everything worth knowing, most urgent first; what is not known is left out."""
    incident = notification.incident
    conditions = incident.conditions
    blamed = next((c for c in conditions if c.blame is not Blame.UNKNOWN), conditions[0] if conditions else None)
    evidence = _listed(e for c in conditions for e in c.evidence_ids)
    found = (
        ("What broke", "\n".join(_line(c) for c in conditions)),
        ("Since", _since(notification)),
        ("Blame", f"{BLAMES[blamed.blame]}: {blamed.blame_reason}" if blamed else ""),
        ("Flows", ", ".join(incident.flows)),
        ("Budget left", percent(notification.budget_left) if notification.budget_left is not None else ""),
        ("Evidence", evidence),
        ("Runs", _listed(r for c in conditions for r in c.run_ids)),
        ("Acknowledged by", incident.acknowledged_by or ""),
        ("Owner", incident.owner),
        ("Incident", incident.incident_id),
        ("Dashboard", notification.link),
        ("Runbook", incident.runbook or ""),
    )
    return tuple((label, text) for label, text in found if text)


def plain(notification: Notification) -> str:
    """Headline and facts as plain text."""
    lines = [headline(notification), ""]
    for label, text in facts(notification):
        first, *rest = text.split("\n")
        lines += [f"{label + ':':<16} {first}", *(f"{'':<16} {line}" for line in rest)]
    return "\n".join(lines) + "\n"


def as_html(notification: Notification) -> str:
    """Headline and facts as a small HTML page; nothing in it is loaded from anywhere."""
    rows = "".join(
        f'<tr><th align="left" valign="top">{html.escape(label)}</th><td>{_cell(text)}</td></tr>'
        for label, text in facts(notification)
    )
    return f"<html><body><h2>{html.escape(headline(notification))}</h2><table>{rows}</table></body></html>"


def duration(length: timedelta) -> str:
    """`45 s`, `4 min`, `2 h 05 min`, `3 d 4 h`."""
    seconds = max(0, int(length.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    minutes = seconds // 60
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 24 * 60:
        return f"{minutes // 60} h {minutes % 60:02d} min"
    return f"{minutes // 1440} d {minutes % 1440 // 60} h"


def instant(at: datetime) -> str:
    """`2026-11-22 03:14:05 UTC`."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def percent(share: float) -> str:
    """`41 %`; negative when overspent."""
    return f"{share * 100:.0f} %"


def one_line(text: str) -> str:
    """Without line breaks and control characters: vendors' words end up in subjects and texts."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _what(notification: Notification) -> str:
    incident = notification.incident
    if notification.action is Action.RESOLVE or incident.resolved_at is not None:
        lasted = (incident.resolved_at or notification.created_at) - incident.opened_at
        return f"RESOLVED after {duration(lasted)}: {incident.title}"
    begin = min((c.since for c in incident.conditions[:1]), default=incident.opened_at)
    again = f"REOPENED ×{incident.reopened}: " if incident.reopened else ""
    taken = f" (acknowledged by {incident.acknowledged_by})" if incident.acknowledged_by else ""
    return f"{again}{incident.title} {duration(notification.created_at - begin)}{taken}"


def _whose(condition: Condition) -> str:
    regions = f" ({condition.region_count} regions)" if condition.region_count else ""
    return BLAMES[condition.blame] + regions if condition.blame is not Blame.UNKNOWN else ""


def _how_hit(incident: Incident) -> str:
    if any(c.rule is Rule.WORKFLOW_DOWN and c.tier is Tier.URGENT for c in incident.conditions):
        return "stopped"
    return "at risk" if incident.subject == changes_subject(incident.integration) else "affected"


def _line(condition: Condition) -> str:
    note = f" [{condition.note}]" if condition.note else ""
    return one_line(f"{condition.title}: {condition.summary}{note}")


def _since(notification: Notification) -> str:
    incident = notification.incident
    begin = min((c.since for c in incident.conditions), default=incident.opened_at)
    end = incident.resolved_at
    until = f" to {instant(end)}" if end else ""
    return f"{instant(begin)}{until} ({duration((end or notification.created_at) - begin)})"


def _listed(items: object) -> str:
    found = list(dict.fromkeys(items))  # type: ignore[call-overload]
    more = f" and {len(found) - _MAX_LISTED} more" if len(found) > _MAX_LISTED else ""
    return ", ".join(found[:_MAX_LISTED]) + more


def _cell(text: str) -> str:
    if text.startswith(("http://", "https://")):
        address = html.escape(text, quote=True)
        return f'<a href="{address}">{address}</a>'
    return html.escape(text).replace("\n", "<br>")
