"""What stands around every page, and the one callback that draws it."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import structlog
from dash import ALL, ClientsideFunction, Dash, Input, Output, State, ctx, dcc, html, no_update, set_props
from dash.development.base_component import Component

from app.dashboard import live
from app.dashboard.elements import aria, data, empty_state
from app.dashboard.head import Found, drawn, head, keys, nav
from app.dashboard.page import find
from app.dashboard.pages import PAGES
from app.dashboard.view import View
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
        <noscript>Leadline's pages need JavaScript. The state as text: leadline status, leadline incidents.</noscript>
        <footer>
            {%config%}
            {%scripts%}
            {%renderer%}
        </footer>
    </body>
</html>"""


def layout() -> Component:
    """The frame: head, page, and what keeps the page live."""
    return html.Div(
        [
            dcc.Location(id="url", refresh=False),
            dcc.Interval(id="tick", interval=TICK_S * 1000),
            dcc.Store(id="shape"),
            # Grows at each refresh that is due while the tab is seen: what a page's own callbacks take as their input.
            dcc.Store(id="beat"),
            # Grows where only the head is to be drawn: a page that never changes, or one whose time has not come.
            dcc.Store(id="pulse"),
            html.A("Skip to content", href="#page", className="skip"),
            head(),
            html.Main(_skeleton(), id="page", tabIndex=-1),
            keys(),
        ]
    )


def _skeleton() -> Component:
    """What stands while the first page is on its way: its outlines, so that nothing jumps when it comes."""
    blocks = [html.Div(className=f"bone {kind}") for kind in ("title", "row", "tall", "tall")]
    return html.Div(blocks, className="stack skeleton", **aria(hidden="true"), **data(skeleton=""))


def register(app: Dash, view: View) -> None:
    """One callback draws whichever page the address names, and then refreshes it in place at the page's own pace."""
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("leadline", "tick"), Output("beat", "data"), Input("tick", "n_intervals")
    )

    @app.callback(
        Output("page", "children"),
        Output("shape", "data"),
        Output("nav", "children"),
        Output("heard", "drawn"),
        Input("url", "pathname"),
        Input("url", "search"),
        Input("beat", "data"),
        State("shape", "data"),
        State({"chart": ALL}, "relayoutData"),
        State({"chart": ALL}, "id"),
    )
    async def show(
        pathname: str | None, search: str | None, beat: int | None, shaped: Any, axes: Any, charts: Any
    ) -> Any:
        found = find(PAGES, pathname or "/", search or "")
        # In a thread, so that a slow question never holds up ingest on the event loop.
        page, seen, links, heard = await asyncio.to_thread(_draw, view, found, pathname or "/")
        now_shaped = [pathname, search, live.shape(page)]
        if ctx.triggered_id != "beat" or not shaped or now_shaped != shaped[:-1]:
            return live.in_parts(page), [*now_shaped, seen], links, heard
        zooms = {chart["chart"]: axis for chart, axis in zip(charts, axes, strict=True)}
        for component, props in live.updates(page, zooms, shaped[-1], seen):
            set_props(component, props)
        return no_update, no_update if seen == shaped[-1] else [*now_shaped, seen], links, heard

    @app.callback(
        Output("nav", "children", allow_duplicate=True),
        Output("heard", "drawn", allow_duplicate=True),
        Input("pulse", "data"),
        State("url", "pathname"),
        prevent_initial_call=True,
    )
    async def tell_the_head(pulse: int | None, pathname: str | None) -> Any:
        return await asyncio.to_thread(_head, view, find(PAGES, pathname or "/", ""))


def _draw(view: View, found: Found, pathname: str) -> tuple[Component, live.Seen, list[Component], dict[str, Any]]:
    page = _content(view, found, pathname)
    return page, live.digests(page), *_head(view, found)


def _head(view: View, found: Found) -> tuple[list[Component], dict[str, Any]]:
    heard = drawn(view, found)
    return nav(found[0] if found else None, len(heard["firing"] or ())), heard


def _content(view: View, found: Found, pathname: str) -> Component:
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
