"""What changed while it was measured: configurations, what people and programs report, what vendors announce, the shape
of answers. One seam for all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from dash import html
from dash.development.base_component import Component
from duckdb import DuckDBPyConnection

from alerts.rules.shape_drift import change_words
from alerts.store.config_versions import config_changes
from alerts.store.reported_changes import reported_changes
from app.dashboard.changes import KINDS
from app.dashboard.elements import when
from app.dashboard.figures import Figure
from app.dashboard.view import View
from app.dashboard.wording import epoch_ms
from metrics.model import Window

SIGNS: Final = {"reported": ("■", "square"), "configuration": ("◆", "diamond"), "vendor": ("▼", "triangle-down")}
"""Kind → how it looks in words and in charts."""
_MOST: Final = 40
_LISTED: Final = 6
_INK: Final = "#c7821c"


@dataclass(frozen=True, slots=True)
class Annotation:
    """Something that changed at an instant; `kind` is one of SIGNS."""

    at: datetime
    kind: str
    text: str
    link: str | None = None


def annotations_of(view: View, name: str, window: Window) -> list[Annotation]:
    """Everything that changed for that integration in that time, oldest first, the newest 40 of it."""
    found = [one for source in SOURCES for one in source(view, name, window)]
    return sorted(found, key=lambda one: one.at)[-_MOST:]


def _configuration(view: View, name: str, window: Window) -> Iterator[Annotation]:
    def question(con: DuckDBPyConnection) -> Any:
        return config_changes(con, window.start, window.end)

    for change in view.ask(("config changes", *_minutes(window)), question):
        others = [one for one in change.changed if one not in _integrations(view)]
        if name in change.changed or others:
            what = ", ".join([name] * (name in change.changed) + others)
            yield Annotation(
                change.at, "configuration", f"configuration {change.version[:8]} (was {change.before[:8]}): {what}"
            )


def _reported(view: View, name: str, window: Window) -> Iterator[Annotation]:
    def question(con: DuckDBPyConnection) -> Any:
        return reported_changes(con, name, window)

    for change in view.ask(("reported changes", name, *_minutes(window)), question):
        yield Annotation(
            change.at, "reported", f"{change.kind} “{change.title}”, says {change.by}", change.link or None
        )


def _announced(view: View, name: str, window: Window) -> Iterator[Annotation]:
    evaluation = view.hub.evaluation
    for signal in evaluation.signals if evaluation else ():
        if signal.api == name and window.start <= signal.first_seen < window.end:
            text = f"{signal.what or KINDS[signal.kind]} ({signal.source} header)"
            yield Annotation(signal.first_seen, "vendor", text, f"/run/{signal.run_id}")


def _reshaped(view: View, name: str, window: Window) -> Iterator[Annotation]:
    evaluation = view.hub.evaluation
    for finding in evaluation.drift if evaluation else ():
        if finding.integration == name and window.start <= finding.since < window.end:
            yield Annotation(
                finding.since, "vendor", f"answers changed: {change_words(finding)}", "/credentials#shapes"
            )


SOURCES: Final[tuple[Callable[[View, str, Window], Iterator[Annotation]], ...]] = (
    _configuration,
    _reported,
    _announced,
    _reshaped,
)
"""Who knows of changes; another one is another line."""


def draw(figure: Figure, found: Sequence[Annotation]) -> None:
    """Puts them into a chart: a thin line each, and a sign at its upper edge that says what it was."""
    if not found:
        return
    top = figure["layout"]["yaxis"].get("range", (0, 1))[1]
    figure["layout"]["shapes"] += [_line(one) for one in found]
    figure["data"].append(
        {
            "type": "scatter",
            "mode": "markers",
            "name": "changes",
            "x": [epoch_ms(one.at) for one in found],
            "y": [top * 0.97] * len(found),
            "text": [one.text for one in found],
            "marker": {"symbol": [SIGNS[one.kind][1] for one in found], "size": 9, "color": _INK},
            "hovertemplate": "%{text}<extra></extra>",
            "cliponaxis": False,
        }
    )


def listed(found: Sequence[Annotation]) -> Component:
    """The same in words, the newest first."""
    rows = [
        html.Li([html.Span(SIGNS[one.kind][0], className="sign"), when(one.at), " ", _text(one)])
        for one in reversed(found[-_LISTED:])
    ]
    more = len(found) - _LISTED
    rows += [html.Li(f"and {more} earlier", className="note")] if more > 0 else []
    return html.Ul(rows, className="annotations", id="live-changes", hidden=not rows)


def _text(one: Annotation) -> Any:
    if one.link is None:
        return one.text
    if one.link.startswith("/"):
        return html.A(one.text, href=one.link)
    return html.A(one.text, href=one.link, target="_blank", rel="noreferrer")


def _line(one: Annotation) -> dict[str, Any]:
    at = epoch_ms(one.at)
    ink = {"color": _INK, "width": 1, "dash": "dot"}
    return {"type": "line", "xref": "x", "yref": "paper", "x0": at, "x1": at, "y0": 0, "y1": 1, "line": ink}


def _integrations(view: View) -> frozenset[str]:
    return frozenset(one.name for one in view.config.integrations)


def _minutes(window: Window) -> tuple[int, int]:
    """Which question it is: nobody changes a configuration twice within a minute of a chart."""
    return int(window.start.timestamp()) // 60, int(window.end.timestamp()) // 60
