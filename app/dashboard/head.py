"""What stands above every page: where one may go, whether it is live, the time, and what the keys do."""

from __future__ import annotations

from typing import Any, Final

import structlog
from dash import html
from dash.development.base_component import Component

from app.dashboard import wording
from app.dashboard.elements import Clock, Live, Notify, ThemeToggle, aria, data
from app.dashboard.firing import firing
from app.dashboard.page import Page, Visit
from app.dashboard.pages import PAGES
from app.dashboard.view import View
from app.dashboard.who import who

log = structlog.get_logger(__name__)

Found = tuple[Page, Visit] | None


def head() -> Component:
    """The header, before anything is known."""
    brand = html.A([html.Span(className="plumb", **aria(hidden="true")), "Leadline"], href="/", className="brand")
    right = html.Div(
        [
            html.Span([Live(id="heard"), Clock(id="clock")], id="live", className="live"),
            *who(),
            ThemeToggle(id="theme"),
            html.Button("?", className="help-button", title="Keys", **data(help=""), **aria(label="Keyboard help")),
        ],
        className="right",
    )
    return html.Header([brand, html.Nav(nav(None, 0), id="nav", **aria(label="Pages")), right], className="top")


def nav(here: Page | None, incidents: int) -> list[Component]:
    """Links to the pages that have no varying parts; open incidents are counted on theirs."""
    return [_link(page, page is here, incidents) for page in PAGES if page.nav]


def _link(page: Page, here: bool, incidents: int) -> Component:
    counted = page.path == "/incidents" and incidents
    count = [html.Span(str(incidents), className="count", title=f"{incidents} open")] if counted else []
    said: dict[str, Any] = aria(current="page") if here else {}
    keyed: dict[str, Any] = data(key=page.key) if page.key else {}
    return html.A([page.nav, *count], href=page.path, className="here" if here else None, **said, **keyed)


def drawn(view: View, found: Found) -> dict[str, Any]:
    """What the head is told whenever something was drawn: when, how often again, the tab's title, and what is open.

    `firing` is None where it could not be asked.
    """
    page, visit = found if found else (None, Visit())
    return {
        "at": wording.epoch_ms(view.now()),
        "pace": page.refresh_s if page else None,
        "title": page.heading(visit) if page else "No such page",
        "firing": _firing(view),
    }


def _firing(view: View) -> list[dict[str, Any]] | None:
    try:
        return firing(view)
    except Exception:
        log.exception("dashboard.firing_unknown")
        return None


_KEYS: Final = (
    ("/", "search"),
    *((f"g {page.key}", page.nav.lower()) for page in PAGES if page.key and page.nav),
    ("w", "wall mode"),
    ("Esc", "close, leave the search or the wall"),
    ("?", "this help"),
)


def keys() -> Component:
    """The dialog that says what the keys do, made from the pages there are."""
    rows = [
        part for pressed, words in _KEYS for part in (html.Dt([html.Kbd(k) for k in pressed.split()]), html.Dd(words))
    ]
    parts = [
        html.H2("Keys", id="help-title"),
        html.Dl(rows),
        html.H2("Notifications"),
        Notify(id="notify"),
        html.Button("Close", className="primary", **data(help="")),
    ]
    return html.Dialog(parts, id="help", **aria(labelledby="help-title"))
