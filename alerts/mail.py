"""A notification as a mail: HTML that mail programs show as meant, by day and by night, with nothing loaded from
anywhere but the chart that travels with it."""

from __future__ import annotations

import html
from collections.abc import Iterable
from typing import Final

from alerts.messages import facts, headline, is_address, links, mark
from alerts.model import Action, Notification, Tier

_FONT: Final = "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"
_STYLE: Final = """
:root { color-scheme: light dark; supported-color-schemes: light dark; }
@media (prefers-color-scheme: dark) {
  .page { background: #14181d !important; } .card { background: #1f252c !important; }
  .ink, .ink td { color: #e6e9ec !important; } .soft, .soft td, th.soft { color: #a9b4bf !important; }
  .line { border-color: #38424c !important; } a { color: #8ab8ff !important; }
  a.button { color: #ffffff !important; }
}
@media (max-width: 480px) { .pad { padding-left: 14px !important; padding-right: 14px !important; } }
"""
_COLOURS: Final = {"over": "#1a7f37", "urgent": "#b3261e", "degraded": "#9a5b00", "change": "#31506e"}


def as_html(notification: Notification, *, chart: str = "", caption: str = "") -> str:
    """The page: what it is, the headline, where to go, the chart (`chart` is its content id), and the facts."""
    colour = _COLOURS[_mood(notification)]
    title = html.escape(headline(notification))
    rows = (
        f'<tr><td class="pad" style="background:{colour};color:#ffffff;padding:10px 22px;font-weight:700">'
        f"{_word(notification)}</td></tr>",
        _row(f'<h1 style="font-size:18px;line-height:1.4;margin:0">{title}</h1>', "18px 22px 6px"),
        _row(_buttons(notification, colour), "8px 22px 10px"),
        _picture(chart, caption),
        _row(_table(_rows(notification)), "8px 22px 20px"),
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark">'
        f"<title>{title}</title><style>{_STYLE}</style></head>"
        f'<body class="page" style="margin:0;padding:0;background:#eef1f4;{_FONT}">'
        '<table role="presentation" class="page" width="100%" cellpadding="0" cellspacing="0"'
        ' style="background:#eef1f4">'
        '<tr><td align="center" style="padding:16px 8px">'
        '<table role="presentation" class="card" width="100%" cellpadding="0" cellspacing="0"'
        ' style="max-width:640px;background:#ffffff;border-radius:8px;overflow:hidden">'
        f"{''.join(rows)}</table></td></tr></table></body></html>"
    )


def _word(notification: Notification) -> str:
    """Without its sign: not every mail program has the letters for it."""
    return html.escape(mark(notification).rstrip(":").partition(" ")[2])


def _rows(notification: Notification) -> list[tuple[str, str]]:
    """The facts but for those that are buttons already."""
    shown = {label for label, _ in links(notification)}
    return [(label, text) for label, text in facts(notification) if label not in shown]


def _mood(notification: Notification) -> str:
    if notification.action is Action.CHANGE:
        return "change"
    if notification.incident.resolved_at is not None:
        return "over"
    return "urgent" if notification.incident.tier is Tier.URGENT else "degraded"


def _row(content: str, padding: str) -> str:
    return f'<tr><td class="pad ink" style="padding:{padding};color:#1c2733">{content}</td></tr>' if content else ""


def _buttons(notification: Notification, colour: str) -> str:
    look = (
        f"display:inline-block;background:{colour};color:#ffffff;text-decoration:none;font-size:14px;font-weight:600;"
        "padding:8px 14px;border-radius:6px;margin:0 8px 8px 0"
    )
    return "".join(
        f'<a class="button" href="{html.escape(url, quote=True)}" style="{look}">{html.escape(label)}</a>'
        for label, url in links(notification)
    )


def _picture(chart: str, caption: str) -> str:
    if not chart:
        return ""
    words = html.escape(caption, quote=True)
    image = (
        f'<img src="cid:{html.escape(chart, quote=True)}" alt="{words}" width="596"'
        ' style="display:block;width:100%;max-width:596px;height:auto;border-radius:6px">'
    )
    return _row(f'{image}<p class="soft" style="font-size:13px;margin:6px 0 0;color:#55616d">{words}</p>', "6px 22px")


def _table(rows: Iterable[tuple[str, str]]) -> str:
    cells = "".join(
        f'<tr><th class="soft line" align="left" valign="top" style="padding:7px 14px 7px 0;font-size:13px;'
        f'font-weight:600;color:#55616d;border-top:1px solid #e3e8ec;white-space:nowrap">{html.escape(label)}</th>'
        f'<td class="ink line" valign="top" style="padding:7px 0;font-size:14px;line-height:1.45;color:#1c2733;'
        f'border-top:1px solid #e3e8ec;overflow-wrap:anywhere;word-break:break-word">{_cell(text)}</td></tr>'
        for label, text in rows
    )
    return f'<table width="100%" cellpadding="0" cellspacing="0">{cells}</table>'


def _cell(text: str) -> str:
    if is_address(text):
        address = html.escape(text, quote=True)
        return f'<a href="{address}">{address}</a>'
    return html.escape(text).replace("\n", "<br>")
