"""The pieces that pages are made of: plain HTML, and a few components of our own that live in `assets/leadline.js`.

A component of our own is one small React function. It takes data instead of a tree of HTML, which is what lets 354
tiles be searched, sorted and re-rendered within a frame.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from dash import html
from dash.development.base_component import Component

from alerts.model import Tier
from app.dashboard import wording
from metrics.model import State
from probes.model import Outcome

Node = Component | str | None
Children = Node | Sequence[Any]


def aria(**values: str) -> dict[str, Any]:
    """Attributes for assistive technology: `aria(label="Pages")` is `aria-label="Pages"`."""
    return {f"aria-{name}": value for name, value in values.items()}


def data(**values: str) -> dict[str, Any]:
    """Attributes for our own script: `data(help="")` is `data-help=""`."""
    return {f"data-{name}": value for name, value in values.items()}


class _Own(Component):
    """Base of our own components: `_props` are the properties that its React function reads."""

    _namespace = "leadline"
    _props: tuple[str, ...] = ("id",)

    def __init__(self, **props: Any) -> None:
        self._prop_names = list(self._props)
        self._valid_wildcard_attributes = []
        self.available_wildcard_properties: list[str] = []
        unknown = props.keys() - set(self._props)
        if unknown:
            raise TypeError(f"{self._type} has no property {', '.join(sorted(unknown))}")
        super().__init__()  # type: ignore[no-untyped-call]
        # Given to Dash's own constructor, each would have it look for a package of our namespace on the disk: 1 ms.
        for name, value in props.items():
            setattr(self, name, value)


class Tiles(_Own):
    """All integrations, worst first, with search, filters and grouping that live in the page's address (`q`, `state`,
    `tier`, `flow`, `owner`, `vendor`, `region`, `group`), and the matrix of their regions. With `wall` they are
    shown page after page on a screen at the wall.

    `tiles` are the mappings that `app.dashboard.tiles.tile` makes.
    """

    _type = "Tiles"
    _props = ("id", "tiles", "words", "wall")


class Beat(_Own):
    """Whether the page is live: no longer when `at` (epoch ms), the instant it shows, has not moved for `late` ms."""

    _type = "Beat"
    _props = ("id", "at", "late")


class Ago(_Own):
    """How long ago `at` (epoch ms) was, ticking in the browser. `late` (ms) marks it as overdue beyond that age."""

    _type = "Ago"
    _props = ("id", "at", "suffix", "late")


class When(_Own):
    """The instant `at` (epoch ms) in UTC or in its viewer's zone, whichever was chosen in the browser."""

    _type = "When"
    _props = ("id", "at")


class Zone(_Own):
    """The name of the zone that the page's instants are in."""

    _type = "Zone"


class Clock(_Own):
    """The time now; a click switches every instant between UTC and the viewer's zone."""

    _type = "Clock"


class Live(_Own):
    """Whether the page is live, and how. `drawn` is the mapping that `app.dashboard.head.drawn` makes."""

    _type = "Live"
    _props = ("id", "drawn")


class RangeBar(_Own):
    """Chooses the range of time in the page's address. `range` is the mapping that `app.dashboard.range_bar` makes."""

    _type = "RangeBar"
    _props = ("id", "range")


class Notify(_Own):
    """Asks for notifications of the browser; never by itself."""

    _type = "Notify"


class Copy(_Own):
    """A button that copies `text`."""

    _type = "Copy"
    _props = ("id", "text", "label")


class IncidentActs(_Own):
    """What people can do to an incident: acknowledge, comment, silence, resolve, through the hub's own API.

    `incident` is the mapping that `app.dashboard.pages.incident.acts` makes. What is half typed survives a refresh.
    """

    _type = "IncidentActs"
    _props = ("id", "incident")


class BurnDown(_Own):
    """How a budget went down: `points` are shares of it, evenly spaced in time, `words` say the same."""

    _type = "BurnDown"
    _props = ("id", "points", "words")


class ThemeToggle(_Own):
    """Switches between following the system, dark and light; the choice is kept in the browser."""

    _type = "ThemeToggle"


OUTCOME_STATE: Final = {
    Outcome.PASSED: State.UP,
    Outcome.UNSTABLE: State.UNSTABLE,
    Outcome.FAILED: State.DOWN,
    Outcome.THROTTLED: State.THROTTLED,
    Outcome.SKIPPED: State.NO_DATA,
    Outcome.TAINTED: State.NO_DATA,
}
STATE_WORDS: Final = {
    State.DOWN: "down",
    State.DEGRADED: "degraded",
    State.THROTTLED: "throttled",
    State.UNSTABLE: "unstable",
    State.UP: "up",
    State.NO_DATA: "no data",
}
TIER_STATE: Final = {Tier.URGENT: State.DOWN, Tier.DEGRADED: State.DEGRADED, Tier.REPORT: State.NO_DATA}


def mark(state: State, word: str) -> html.Span:
    """A state as colour, shape and word."""
    return html.Span(
        [html.Span(className="shape", **aria(hidden="true")), html.Span(word, className="word")],
        className=f"mark s-{state.value}",
    )


def state_mark(state: State) -> html.Span:
    """How an integration stands."""
    return mark(state, STATE_WORDS[state])


def outcome_mark(outcome: Outcome) -> html.Span:
    """How a run or step ended."""
    return mark(OUTCOME_STATE[outcome], outcome.value)


def ago(at: datetime | None, suffix: str = " ago", late_s: float | None = None) -> Node:
    """A ticking age; a dash when there is no instant."""
    if at is None:
        return wording.NONE
    late = None if late_s is None else late_s * 1000
    return Ago(at=wording.epoch_ms(at), suffix=suffix, late=late)


def when(at: datetime | None) -> Node:
    """An instant as its viewer's clock says it; a dash when there is none."""
    if at is None:
        return wording.NONE
    return When(at=wording.epoch_ms(at))


def in_zone(note: str) -> list[Node]:
    """What is inside a panel whose axes follow the viewer's clock, with whose clock that is."""
    return [f"{note} · ", Zone()]


def panel(title: str, *children: Any, note: Children = "", name: str = "") -> html.Section:
    """A titled surface. `note` states unit, window and sample count of what is inside; with a `name` it can be
    refreshed beside a chart."""
    marked: dict[str, Any] = {"id": f"live-note-{name}"} if name else {}
    told = html.Span(note, className="note", **marked)
    heading = html.Header([html.H2(title), told])
    return html.Section([heading, *children], className="panel")


def figure_tile(label: str, value: str, note: str, tone: str = "") -> html.Div:
    """One key figure: what, how much, and over which window and samples."""
    empty = value == wording.NONE
    parts = [
        html.Div(label, className="label"),
        html.Div("no data" if empty else value, className="value none" if empty else "value"),
        html.Div(note, className="note"),
    ]
    return html.Div(parts, className=f"kpi {tone}".strip())


def budget_bar(left: float | None) -> html.Div:
    """An error budget: how much of it is left, as bar and number; overspent is said in words."""
    if left is None:
        return html.Div([html.Span(className="track empty"), html.Span("no data", className="none")], className="bar")
    width = f"{max(0.0, min(1.0, left)) * 100:.1f}%"
    tone = "bad" if left <= 0 else "warn" if left < 0.25 else ""
    text = wording.share(left, 0) if left > 0 else f"overspent {wording.share(-left, 0)}" if left < 0 else "spent"
    track = html.Span(html.Span(style={"width": width}), className=f"track {tone}".strip())
    return html.Div([track, html.Span(text, className="num")], className="bar")


def table(
    head: Iterable[str],
    rows: Iterable[Sequence[Any]],
    numeric: Iterable[int] = (),
    empty: str = "",
    *,
    cards: bool = False,
) -> Component:
    """A table that scrolls sideways on a phone; `numeric` columns are right-aligned with tabular figures. With `cards`
    a row is a block on a phone, each cell beside its heading, so that nothing is beyond the edge."""
    head, numbers = tuple(head), frozenset(numeric)
    labels: list[dict[str, Any]] = [data(label=name) if cards else {} for name in head]
    body = [
        html.Tr([html.Td(cell, className="num" if i in numbers else None, **labels[i]) for i, cell in enumerate(row)])
        for row in rows
    ]
    if not body:
        return html.P(empty or "Nothing here yet.", className="empty-note")
    names = [html.Th(name, scope="col", className="num" if i in numbers else None) for i, name in enumerate(head)]
    around = "scroll cards" if cards else "scroll"
    return html.Div(html.Table([html.Thead(html.Tr(names)), html.Tbody(body)]), className=around, tabIndex=0)


def pairs(values: Mapping[str, Any]) -> html.Dl:
    """Names and values, two columns."""
    return html.Dl([part for name, value in values.items() for part in (html.Dt(name), html.Dd(value))])


def empty_state(title: str, text: Children, command: str | None = None) -> html.Div:
    """What stands where there is nothing yet: why, and the next step."""
    parts: list[Any] = [html.H2(title), html.P(text)]
    if command:
        parts.append(html.Pre(html.Code(command)))
    return html.Div(parts, className="empty-state")


def run_link(run_id: str, text: Node) -> html.A:
    """A link to a run's page."""
    return html.A(text, href=f"/run/{run_id}")


def integration_link(name: str, text: str | None = None) -> html.A:
    """A link to an integration's page."""
    return html.A(text or name, href=f"/integration/{name}")
