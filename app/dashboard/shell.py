"""What stands around every page, and the one callback that draws it."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import structlog
from dash import ALL, Dash, Input, Output, State, ctx, dcc, html, no_update, set_props
from dash.development.base_component import Component

from app.dashboard import live
from app.dashboard.elements import Clock, ThemeToggle, aria, data, empty_state
from app.dashboard.page import Page, Visit, find
from app.dashboard.pages import PAGES
from app.dashboard.view import View
from app.dashboard.who import who
from metrics.store.database import ReadTimeout

log = structlog.get_logger(__name__)

TICK_S: Final = 5
INDEX: Final = """<!DOCTYPE html>
<html lang="en">
    <head>
        {%metas%}
        <meta name="color-scheme" content="light dark">
        <title>{%title%}</title>
        {%favicon%}
        <script src="/assets/theme.js"></script>
        {%css%}
    </head>
    <body>
        {%app_entry%}
        <footer>
            {%config%}
            {%scripts%}
            {%renderer%}
        </footer>
    </body>
</html>"""
_KEYS: Final = (
    ("/", "search"),
    ("g o", "overview"),
    ("g i", "incidents"),
    ("g q", "quotas"),
    ("g c", "credentials"),
    ("g s", "system"),
    ("Esc", "close, leave the search"),
    ("?", "this help"),
)


def layout() -> Component:
    """The frame: head, page, and the ticking that keeps the page live."""
    return html.Div(
        [
            dcc.Location(id="url", refresh=False),
            dcc.Interval(id="tick", interval=TICK_S * 1000),
            dcc.Store(id="shape"),
            html.A("Skip to content", href="#page", className="skip"),
            html.Header(
                [
                    html.A(
                        [html.Span(className="plumb", **aria(hidden="true")), "Leadline"],
                        href="/",
                        className="brand",
                    ),
                    html.Nav(id="nav", **aria(label="Pages")),
                    html.Div(
                        [
                            html.Span(id="live", className="live", role="status"),
                            Clock(id="clock"),
                            *who(),
                            ThemeToggle(id="theme"),
                            html.Button(
                                "?",
                                className="help-button",
                                title="Keys",
                                **data(help=""),
                                **aria(label="Keyboard help"),
                            ),
                        ],
                        className="right",
                    ),
                ],
                className="top",
            ),
            html.Main(id="page", tabIndex=-1),
            _help(),
        ]
    )


def register(app: Dash, view: View) -> None:
    """One callback draws whichever page the address names, and then refreshes it in place at the page's own pace."""

    @app.callback(
        Output("page", "children"),
        Output("shape", "data"),
        Output("nav", "children"),
        Output("live", "children"),
        Input("url", "pathname"),
        Input("url", "search"),
        Input("tick", "n_intervals"),
        State("shape", "data"),
        State({"chart": ALL}, "relayoutData"),
        State({"chart": ALL}, "id"),
    )
    async def show(
        pathname: str | None, search: str | None, ticks: int | None, drawn: Any, axes: Any, charts: Any
    ) -> Any:
        found = find(PAGES, pathname or "/", search or "")
        ticked = ctx.triggered_id == "tick"
        if ticked and not _due(found, ticks or 0):
            return no_update, no_update, no_update, no_update
        # In a thread, so that a slow question never holds up ingest on the event loop.
        page, links, at = await asyncio.to_thread(_draw, view, found, pathname or "/")
        now_shaped = [pathname, search, live.shape(page)]
        if not ticked or now_shaped != drawn:
            return live.in_parts(page), now_shaped, links, at
        zooms = {chart["chart"]: seen for chart, seen in zip(charts, axes, strict=True)}
        for component, props in live.updates(page, zooms):
            set_props(component, props)
        return no_update, no_update, links, at


def _due(found: tuple[Page, Visit] | None, ticks: int) -> bool:
    refresh_s = found[0].refresh_s if found else None
    return refresh_s is not None and ticks % max(1, refresh_s // TICK_S) == 0


def _draw(view: View, found: tuple[Page, Visit] | None, pathname: str) -> tuple[Component, Any, Any]:
    return _content(view, found, pathname), nav(view, found[0] if found else None), _live(view)


def _content(view: View, found: tuple[Page, Visit] | None, pathname: str) -> Component:
    if found is None:
        return empty_state("No such page", [f"Nothing is at {pathname}. ", html.A("To the overview", href="/")])
    page, visit = found
    try:
        return page.render(view, visit)
    except ReadTimeout as err:
        return empty_state("This took too long", f"{err}. Choose a shorter time range; the hub itself keeps working.")
    except Exception as err:
        log.exception("dashboard.page_failed", page=page.path)
        return empty_state(
            "This page failed", f"{type(err).__name__}. The hub's log has the details; probing and alerting go on."
        )


def nav(view: View, here: Page | None) -> list[Component]:
    """Links to the pages that have no varying parts; open incidents are counted on theirs."""
    return [
        html.A(
            [page.nav, *_count(view, page)],
            href=page.path,
            className="here" if page is here else None,
            **(aria(current="page") if page is here else {}),
        )
        for page in PAGES
        if page.nav
    ]


def _count(view: View, page: Page) -> list[Component]:
    if page.path != "/incidents":
        return []
    firing = len(view.overview().incidents)
    return [html.Span(str(firing), className="count", title=f"{firing} open")] if firing else []


def _live(view: View) -> list[Component]:
    at = view.now().strftime("%H:%M:%S")
    return [
        html.Span(["live", html.Span(f" · {at}", className="wide")], title=f"drawn at {at} UTC, again every {TICK_S} s")
    ]


def _help() -> Component:
    rows = [part for keys, words in _KEYS for part in (html.Dt([html.Kbd(k) for k in keys.split()]), html.Dd(words))]
    box = html.Div(
        [html.H2("Keys"), html.Dl(rows), html.Button("Close", **data(help=""))],
        role="dialog",
        **aria(label="Keys"),
    )
    return html.Div(box, id="help", hidden=True)
