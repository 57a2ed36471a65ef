"""The report after an incident, for the people whose flows it stopped."""

from __future__ import annotations

import html

from alerts.messages import BLAMES, duration, facts, instant, one_line
from alerts.model import Blame, IncidentEvent, Notification


def subject(notification: Notification) -> str:
    """`Post-incident report: HubSpot contact-roundtrip DOWN, 12 min`."""
    incident = notification.incident
    end = incident.resolved_at or notification.created_at
    return one_line(f"Post-incident report: {incident.title}, {duration(end - incident.opened_at)}")


def as_text(notification: Notification) -> str:
    """Summary, conditions, evidence, budget and timeline as plain text."""
    lines = [subject(notification), "=" * len(subject(notification)), "", summary(notification), ""]
    for label, text in facts(notification):
        lines += [f"{label}:", *(f"  {line}" for line in text.split("\n"))]
    lines += ["", "Timeline:", *(f"  {_event(event)}" for event in notification.timeline)]
    return "\n".join(lines) + "\n"


def as_html(notification: Notification) -> str:
    """The same as HTML; nothing in it is loaded from anywhere."""
    rows = "".join(
        f'<tr><th align="left" valign="top">{html.escape(label)}</th>'
        f"<td>{html.escape(text).replace(chr(10), '<br>')}</td></tr>"
        for label, text in facts(notification)
    )
    events = "".join(f"<li>{html.escape(_event(event))}</li>" for event in notification.timeline)
    return (
        f"<html><body><h1>{html.escape(subject(notification))}</h1><p>{html.escape(summary(notification))}</p>"
        f"<table>{rows}</table><h2>Timeline</h2><ol>{events}</ol></body></html>"
    )


def summary(notification: Notification) -> str:
    """Two or three sentences: when, how long, whose fault, who took it and how fast."""
    incident = notification.incident
    end = incident.resolved_at or notification.created_at
    parts = [
        f"{incident.title}: open from {instant(incident.opened_at)} to {instant(end)},"
        f" {duration(end - incident.opened_at)} in all."
    ]
    blamed = next((c for c in incident.conditions if c.blame is not Blame.UNKNOWN), None)
    if blamed:
        parts.append(f"Blame: {BLAMES[blamed.blame]}; {blamed.blame_reason}.")
    if incident.acknowledged_by and incident.acknowledged_at:
        taken = duration(incident.acknowledged_at - incident.opened_at)
        parts.append(f"{incident.acknowledged_by} acknowledged it after {taken}.")
    if incident.reopened:
        parts.append(f"It came back {incident.reopened} time{'s' if incident.reopened > 1 else ''} in between.")
    return " ".join(parts)


def _event(event: IncidentEvent) -> str:
    return one_line(f"{instant(event.at)} · {event.kind} · {event.note}")
