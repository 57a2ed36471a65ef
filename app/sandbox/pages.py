"""The sandbox's own pages: plain HTML, readable by day and by night, no script."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any, Final

from app.sandbox.faults import RECEIVER_FAULTS, VENDOR_FAULTS, FaultKind, FaultValue
from app.sandbox.receiver import Received, Receiver

_STYLE: Final = """
:root { color-scheme: light dark; --line: #8886; --soft: #8882; --bad: #c62828; }
@media (prefers-color-scheme: dark) { :root { --bad: #ff8a80; } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 68rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .4rem .8rem .4rem 0; border-bottom: 1px solid var(--line); }
code, pre { font: 0.9em ui-monospace, monospace; }
pre { background: var(--soft); padding: .6rem; overflow-x: auto; white-space: pre-wrap; }
.bad { color: var(--bad); font-weight: 600; }
"""


@dataclass(frozen=True, slots=True)
class VendorRow:
    """A vendor on the front page."""

    name: str
    title: str
    url: str
    usual_ms: float
    faults: Mapping[str, FaultValue]


def front_page(vendors: Iterable[VendorRow], receivers: Iterable[Receiver]) -> str:
    """Vendors, receivers, and the faults that there are."""
    return _page(
        "Leadline vendor sandbox",
        "<p>Simulated vendors and receivers on this machine. Nothing here reaches the real ones.</p>",
        "<h2>Vendors</h2>",
        _table(("Vendor", "Address", "Usual now", "Faults"), (_vendor_cells(row) for row in vendors)),
        "<h2>Receivers</h2>",
        _table(("Receiver", "Received", "Faults"), (_receiver_cells(receiver) for receiver in receivers)),
        "<h2>Faults</h2>",
        "<p>For vendors, e.g. <code>leadline demo fault hubspot error-rate=1</code>; "
        "<code>leadline demo fault hubspot clear</code> ends all.</p>",
        _fault_table(VENDOR_FAULTS),
        "<p>For receivers:</p>",
        _fault_table(RECEIVER_FAULTS),
    )


def received_page(receiver: Receiver) -> str:
    """What one receiver got, newest first."""
    board = receiver.board()
    messages = receiver.inbox.messages()
    return _page(
        f"{receiver.title}: {len(messages)} received",
        '<p><a href="/">All vendors and receivers</a> · this page as JSON: '
        f"<code>GET /received/{escape(receiver.name)}</code></p>",
        _board(board, receiver) if board else "",
        "<h2>Messages</h2>",
        "".join(_message(message) for message in reversed(messages)) or "<p>Nothing yet.</p>",
    )


def _vendor_cells(row: VendorRow) -> tuple[str, ...]:
    return (
        f"<b>{escape(row.title)}</b><br><code>{escape(row.name)}</code>",
        f"<code>{escape(row.url)}</code>",
        f"{row.usual_ms:.0f} ms",
        _faults(row.faults),
    )


def _receiver_cells(receiver: Receiver) -> tuple[str, ...]:
    name = escape(receiver.name)
    count = len(receiver.inbox.messages())
    link = f'<a href="/received/{name}">{count} message{"" if count == 1 else "s"}</a>'
    return f"<b>{escape(receiver.title)}</b><br><code>{name}</code>", link, _faults(receiver.faults.active())


def _faults(active: Mapping[str, FaultValue]) -> str:
    if not active:
        return "none"
    words = (name if value is True else f"{name}={value}" for name, value in active.items())
    return f'<span class="bad">⚠ {escape(", ".join(words))}</span>'


def _fault_table(catalogue: Mapping[str, FaultKind]) -> str:
    cells = (
        (f"<code>{kind.name}</code>", escape(kind.what), "" if kind.default is True else f"<code>{kind.default}</code>")
        for kind in catalogue.values()
    )
    return _table(("Fault", "What happens", "Value if none is given"), cells)


def _board(rows: list[dict[str, Any]], receiver: Receiver) -> str:
    shown = "".join(
        f"<pre>{escape(json.dumps(row, indent=2, ensure_ascii=False))}</pre>{_acts(row, receiver)}" for row in rows
    )
    return f"<h2>Now</h2>{shown}"


def _acts(row: dict[str, Any], receiver: Receiver) -> str:
    """A button for each thing that a person can do there; the hub hears of it."""
    key = row.get("dedup_key") or row.get("ts")
    if receiver.webhook is None or not receiver.acts or key is None:
        return ""
    buttons = "".join(f'<button name="act" value="{escape(act)}">{escape(act)}</button> ' for act in receiver.acts)
    hidden = f'<input type="hidden" name="key" value="{escape(str(key), quote=True)}">'
    return f'<form method="post" action="/received/{escape(receiver.name)}">{hidden}{buttons}</form>'


def _message(message: Received) -> str:
    detail = escape(json.dumps(dict(message.content), indent=2, ensure_ascii=False, default=str))
    head = f"#{message.number} · {message.at:%Y-%m-%d %H:%M:%S} UTC"
    line = escape(message.line)
    return f"<h3>{head}</h3><p>{line}</p><details><summary>All of it</summary><pre>{detail}</pre></details>"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    top = "".join(f'<th scope="col">{cell}</th>' for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def _page(title: str, *parts: str) -> str:
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style>"
    )
    body = f"<h1>{escape(title)}</h1>{''.join(parts)}"
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{body}</body></html>'
