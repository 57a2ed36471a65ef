"""A report as a message: what each channel shows of it."""

from __future__ import annotations

from alerts import mail, messages
from alerts.model import Notification


def subject(notification: Notification) -> str:
    """`Post-incident report: HubSpot contact-roundtrip DOWN, 12 min`."""
    report = notification.report
    return messages.one_line(report.title) if report else messages.headline(notification)


def summary(notification: Notification) -> str:
    """Its first sentences, on one line."""
    report = notification.report
    return messages.one_line(report.summary) if report else messages.headline(notification)


def link(notification: Notification) -> str:
    """Where all of it is to be read."""
    return notification.report.link if notification.report else notification.link


def as_text(notification: Notification) -> str:
    """All of it, and where to find it; where its files are no longer kept, what a message would say."""
    report = notification.report
    return f"{report.text}\n{report.link}\n" if report else messages.plain(notification)


def as_html(notification: Notification) -> str:
    """The same for mail programs."""
    report = notification.report
    return report.html if report else mail.as_html(notification)
