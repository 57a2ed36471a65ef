"""What people read: a headline that is enough at 03:00, and the facts behind it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from alerts.model import Action, Blame, Condition, Incident, Notification, Rule, Tier, changes_subject
from alerts.radius_words import FLOWS_HIT, sentences

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
_PAGES: Final = ("Incident page", "Dashboard", "Runbook")
_MAX_LISTED: Final = 5
_MAX_SUMMARY: Final = 90
"""Of what broke, in the headline of a page: whose fault it is and what stops must still be seen on a phone."""
_MAX_QUIET_SUMMARY: Final = 140
"""The same, of what nobody is woken by."""
_SHORT_NOTE: Final = 60
"""A note up to this long stands before what broke, a longer one behind what matters more."""


def headline(notification: Notification) -> str:
    """One line, most important first, because a phone shows some 100 characters of it:

    `HubSpot contact-roundtrip DOWN 4 min · create → 503 · vendor's fault (2/2 regions) · lead-routing stopped ·
    budget 38 % left`.
    """
    incident, note = notification.incident, notification.note
    over = incident.resolved_at is not None
    parts = [_what(notification), note if len(note) <= _SHORT_NOTE else ""]
    if incident.conditions:
        worst = incident.conditions[0]
        limit = _MAX_SUMMARY if incident.tier is Tier.URGENT else _MAX_QUIET_SUMMARY
        parts += [shortened(worst.summary, limit), _whose(worst)]
        more = len(incident.conditions) - 1
        parts += [f"+{more} more"] if more and not over else []
    if incident.flows and not over:
        parts.append(f"{listed(incident.flows)} {_how_hit(incident)}")
    parts += [_budget(notification.budget_left), note if len(note) > _SHORT_NOTE else ""]
    return " · ".join(one_line(part) for part in parts if part)


def facts(notification: Notification) -> tuple[tuple[str, str], ...]:
    """Label and text of everything worth knowing, most urgent first; what is not known is left out. Only `What broke`
    has more than one line."""
    incident = notification.incident
    conditions = incident.conditions
    blamed = next((c for c in conditions if c.blame is not Blame.UNKNOWN), conditions[0] if conditions else None)
    found = (
        ("What broke", "\n".join(_line(c) for c in conditions)),
        ("Since", _since(notification)),
        ("Told now", notification.note),
        ("Blame", f"{BLAMES[blamed.blame]}: {blamed.blame_reason}".rstrip(": ") if blamed else ""),
        ("Flows", ", ".join(incident.flows)),
        *_radius(incident),
        ("Budget left", percent(notification.budget_left) if notification.budget_left is not None else ""),
        ("Came back", times(incident.reopened) if incident.reopened else ""),
        ("Evidence", listed(e for c in conditions for e in c.evidence_ids)),
        ("Runs", listed(r for c in conditions for r in c.run_ids)),
        ("Acknowledged by", incident.acknowledged_by or ""),
        ("Owner", incident.owner),
        ("Incident", incident.incident_id),
        ("Incident page", notification.page),
        ("Dashboard", notification.link),
        ("Runbook", incident.runbook or ""),
    )
    cleaned = ((label, "\n".join(one_line(line) for line in text.split("\n"))) for label, text in found)
    return tuple((label, text) for label, text in cleaned if text)


def links(notification: Notification) -> tuple[tuple[str, str], ...]:
    """Label and address of every page to go to: only what a browser can open; of a report, where it is."""
    if notification.report is not None:
        return (("Read the report", notification.report.link),)
    return tuple((label, text) for label, text in facts(notification) if label in _PAGES and is_address(text))


def is_address(text: str) -> bool:
    """Whether a browser can open it; a runbook may be named in words."""
    return text.startswith(("http://", "https://")) and " " not in text


def mark(notification: Notification) -> str:
    """A shape and a word, because colour alone says nothing to everybody."""
    incident = notification.incident
    if notification.action is Action.CHANGE:
        return "🔧 CHANGED:"
    if incident.resolved_at is not None:
        return "✅ RESOLVED:"
    return "🔴 URGENT:" if incident.tier is Tier.URGENT else "🟠 DEGRADED:"


def plain(notification: Notification) -> str:
    """Headline and facts as plain text."""
    lines = [headline(notification), ""]
    for label, text in facts(notification):
        first, *rest = text.split("\n")
        lines += [f"{label + ':':<16} {first}", *(f"{'':<16} {line}" for line in rest)]
    return "\n".join(lines) + "\n"


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


def shortened(text: str, limit: int) -> str:
    """At most `limit` characters, cut between words where that loses little, with an ellipsis."""
    if len(text) <= limit:
        return text
    kept = text[: limit - 1]
    at_word = kept.rsplit(" ", 1)[0]
    return (at_word if len(at_word) > limit * 2 // 3 else kept).rstrip(" ,;:·") + "…"


def listed(items: Iterable[str]) -> str:
    """The first five, and how many more."""
    found = list(dict.fromkeys(items))
    more = f" and {len(found) - _MAX_LISTED} more" if len(found) > _MAX_LISTED else ""
    return ", ".join(found[:_MAX_LISTED]) + more


def times(count: int) -> str:
    """`once`, `2 times`."""
    return "once" if count == 1 else f"{count} times"


def _budget(left: float | None) -> str:
    if left is None:
        return ""
    return f"budget {percent(left)} left" if left > 0 else "budget spent"


def _radius(incident: Incident) -> tuple[tuple[str, str], ...]:
    """Who else depends on it, what is at risk and what still works; nothing once it is over."""
    if incident.blast_radius is None or incident.resolved_at is not None:
        return ()
    return tuple((label, text) for label, text in sentences(incident.blast_radius) if label != FLOWS_HIT)


def _what(notification: Notification) -> str:
    incident = notification.incident
    if notification.action is Action.CHANGE:
        return f"CHANGED: {incident.title}"
    if notification.action is Action.RESOLVE or incident.resolved_at is not None:
        lasted = (incident.resolved_at or notification.created_at) - _begin(incident)
        by_hand = f" by {incident.resolved_by}" if incident.resolved_by else ""
        return f"RESOLVED{by_hand} after {duration(lasted)}: {incident.title}"
    begin = min((c.since for c in incident.conditions[:1]), default=incident.opened_at)
    again = f"REOPENED ×{incident.reopened}: " if incident.reopened else ""
    taken = f" (acknowledged by {incident.acknowledged_by})" if incident.acknowledged_by else ""
    lasts = notification.created_at - begin
    # What is announced has not begun; and nothing lasts 0 s.
    is_news = lasts < timedelta(seconds=1) or incident.subject == changes_subject(incident.integration)
    length = "" if is_news else f" {duration(lasts)}"
    return f"{again}{incident.title}{length}{taken}"


def _whose(condition: Condition) -> str:
    regions = f" ({condition.region_count} regions)" if condition.region_count else ""
    return BLAMES[condition.blame] + regions if condition.blame is not Blame.UNKNOWN else ""


def _how_hit(incident: Incident) -> str:
    if any(c.rule in (Rule.WORKFLOW_DOWN, Rule.STORM) and c.tier is Tier.URGENT for c in incident.conditions):
        return "stopped"
    return "at risk" if incident.subject == changes_subject(incident.integration) else "affected"


def _line(condition: Condition) -> str:
    note = f" [{condition.note}]" if condition.note else ""
    return one_line(f"{condition.title}: {condition.summary}{note}")


def _begin(incident: Incident) -> datetime:
    """When it was first seen, which is before it was confirmed."""
    return min((c.since for c in incident.conditions), default=incident.opened_at)


def _since(notification: Notification) -> str:
    incident = notification.incident
    begin, end = _begin(incident), incident.resolved_at
    until = f" to {instant(end)}" if end else ""
    return f"{instant(begin)}{until} ({duration((end or notification.created_at) - begin)})"
