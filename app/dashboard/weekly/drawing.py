"""A report's document in the dashboard's own pieces: the same words and figures, in its colours and on its paper."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from dash import html
from dash.development.base_component import Component

from alerts.reports.document import (
    Block,
    Cell,
    Chart,
    Checklist,
    Document,
    Figure,
    Figures,
    Mark,
    Paragraph,
    Section,
    Table,
    Timeline,
    is_address,
)
from alerts.reports.wording import at_time
from app.dashboard.charts import chart
from app.dashboard.elements import aria, figure_tile, panel
from app.dashboard.weekly.figure import chart_figure

_TONES: Final = {Mark.NONE: "", Mark.GOOD: "good", Mark.WARN: "warn", Mark.BAD: "bad"}
_SHAPES: Final = {Mark.NONE: "", Mark.GOOD: "✓ ", Mark.WARN: "▲ ", Mark.BAD: "■ "}
_OURS: Final = "/reports/incident/"


def summary(document: Document) -> Component:
    """The sentences that somebody who reads nothing else should read."""
    lines = [html.P(sentence) for sentence in document.summary]
    return html.Div(lines, className="review-lead")


def section(document: Document, part: Section) -> Component:
    """A panel with all that stands under one heading."""
    zone = ZoneInfo(document.time_zone)
    blocks = [_block(part.name, number, block, zone) for number, block in enumerate(part.blocks)]
    return html.Div(panel(part.heading, *blocks), id=part.name, className="review-part")


def contents(document: Document) -> Component:
    """Links to the sections."""
    links = [html.A(part.heading, href=f"#{part.name}", className="chip") for part in document.sections]
    return html.Nav(links, className="chips", **aria(label="Sections"))


def _block(name: str, number: int, block: Block, zone: ZoneInfo) -> Component:
    match block:
        case Paragraph():
            return html.P([_SHAPES[block.mark], block.text], className=_TONES[block.mark] or None)
        case Figures():
            return html.Div([_figure(one) for one in block.items], className="kpis")
        case Table():
            return _table(block)
        case Chart():
            return _chart(f"{name}-{number}", block)
        case Timeline():
            lines = [f"{at_time(one.at, zone)} {one.kind} {one.text}" for one in block.moments]
            return html.Ol([html.Li(line) for line in lines], className="timeline")
        case Checklist():
            return html.Ul([html.Li(item) for item in block.items])


def _figure(one: Figure) -> Component:
    notes = (one.window, f"n {one.n:,}" if one.n is not None else "")
    empty = one.value is None and not one.shown.strip("–- ")
    shown = "–" if empty else f"{_SHAPES[one.mark]}{one.shown}"
    return figure_tile(one.label, shown, " · ".join(filter(None, notes)), _TONES[one.mark])


def _table(found: Table) -> Component:
    caption = html.H3(found.caption)
    note = html.P(found.note, className="note") if found.note else html.Span(hidden=True)
    if not found.rows:
        return html.Div([caption, html.P(found.empty, className="empty-note"), note])
    numbers = [column.number for column in found.columns]
    head = [html.Th(column.label, scope="col", className=_number(column.number)) for column in found.columns]
    body = [
        html.Tr([html.Td(_cell(cell), className=_number(number)) for cell, number in zip(row, numbers, strict=True)])
        for row in found.rows
    ]
    inside = html.Table([html.Thead(html.Tr(head)), html.Tbody(body)])
    scroller = html.Div(inside, className="scroll", tabIndex=0, role="region", **aria(label=found.caption))
    return html.Div([caption, scroller, note])


def _number(number: bool) -> str | None:
    return "num" if number else None


def _cell(cell: Cell) -> Any:
    text = f"{_SHAPES[cell.mark]}{cell.text}"
    if is_address(cell.link):
        return html.A(text, href=_here(cell.link))
    return html.Span(text, className=f"review-{_TONES[cell.mark]}") if cell.mark else text


def _here(link: str) -> str:
    """Of an incident's report: its page, on this hub by whatever name it was reached."""
    path = urlsplit(link).path
    return path.replace("/reports", "", 1) if path.startswith(_OURS) else link


def _chart(name: str, found: Chart) -> Component:
    drawn = chart(f"review-{name}", chart_figure(found), height="15rem")
    picture = html.Div(drawn, role="img", **aria(label=found.alt))
    return html.Figure([html.H3(found.title), picture, html.Figcaption(found.note, className="note")])
