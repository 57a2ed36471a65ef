"""The weekly review: an ISO week against the one before."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from dash import html
from dash.development.base_component import Component

from alerts.reports.document import Document
from alerts.reports.weekly import FutureWeekError
from alerts.reports.weeks import NotAWeekError, Week
from app.dashboard.elements import aria, data, empty_state
from app.dashboard.page import Visit
from app.dashboard.view import View
from app.dashboard.weekly.asking import review, this_week, week_of
from app.dashboard.weekly.drawing import contents, section, summary

_FORMATS = (("pdf", "PDF"), ("html", "HTML"), ("md", "Markdown"))


def render(view: View, visit: Visit) -> Component:
    """`week` of the address chooses, such as 2026-W47; without it, the last week that is over."""
    try:
        week = week_of(view, visit.query.get("week", ""))
        document = review(view, week)
    except (NotAWeekError, FutureWeekError) as err:
        words = [f"{err}. ", html.A("The last week", href="/weekly")]
        return html.Div([html.H1("Weekly review"), empty_state("No such week", words)], className="stack")
    parts = [_head(document), _around(view, week), summary(document), contents(document)]
    return html.Div([*parts, *(section(document, one) for one in document.sections)], className="stack weekly")


def _head(document: Document) -> Component:
    note = html.Span(document.subtitle, className="note")
    return html.Div([html.H1(document.title), note], className="headline")


def _around(view: View, week: Week) -> Component:
    """To the weeks beside it, and to the same on paper."""
    latest = this_week(view)
    after = Week(week.monday + timedelta(days=7))
    weeks: list[Any] = [html.A(f"← {week.before.name}", href=f"/weekly?week={week.before.name}", className="chip")]
    if after <= latest:
        words = f"{after.name}{' so far' if after == latest else ''} →"
        weeks.append(html.A(words, href=f"/weekly?week={after.name}", className="chip"))
    files: list[Any] = [
        html.A(words, href=f"/reports/weekly/{week.name}?format={form}", target="_blank", className="chip")
        for form, words in _FORMATS
    ]
    files.append(html.Button("Print", type="button", className="chip", **data(print="")))
    groups = [
        html.Nav(weeks, className="chips", **aria(label="Weeks")),
        html.Div(files, className="chips review-files", role="group", **aria(label="On paper")),
    ]
    return html.Div(groups, className="review-around")
