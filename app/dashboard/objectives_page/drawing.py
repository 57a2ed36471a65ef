"""The objectives as a table, with filters and pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from dash import html
from dash.development.base_component import Component

from app.dashboard import wording
from app.dashboard.elements import BurnDown, aria, budget_bar, integration_link, mark, table
from app.dashboard.objectives import lasting, measured
from app.dashboard.objectives_page.burn_down import Course
from app.dashboard.objectives_page.choosing import FILTERS, PAGE, Choice, Promise, Standing, values
from config.model import CalendarWindow, Objective
from metrics.model import Burn, State

_SHOWN: Final = 6
"""Values of a filter in sight; the others are one click away."""
_STATES: Final = {
    Standing.BURNING: State.DOWN,
    Standing.OVERSPENT: State.DOWN,
    Standing.LOW: State.DEGRADED,
    Standing.NO_DATA: State.NO_DATA,
    Standing.KEPT: State.UP,
}
HEAD: Final = ("", "whose", "objective", "SLI now", "coverage", "budget left", "lasts", "burn rate", "burn-down")


def filters(found: Sequence[Promise], choice: Choice) -> Component:
    """Chips for standing, tier, flow and owner; each says how many it would leave."""
    groups = [_group(found, choice, name) for name in FILTERS]
    return html.Div([group for group in groups if group is not None], className="filters objectives-filters")


def rows(shown: Sequence[Promise], courses: Mapping[tuple[str, str], Course]) -> Component:
    """The table of one page."""
    lines = [_row(one, courses.get((one.status.integration, one.status.key))) for one in shown]
    found = table(HEAD, lines, numeric=(4,), empty="No objective fits these filters.")
    return html.Div(found, className="objectives-table")


def pages(choice: Choice, total: int) -> Component:
    """To the page before and the one after."""
    last = max(0, (total - 1) // PAGE)
    links: list[Any] = []
    if choice.page:
        before = str(choice.page - 1) if choice.page > 1 else ""
        links.append(html.A("← worse", href=choice.address(page=before)))
    links.append(html.Span(f"page {choice.page + 1} of {last + 1}", className="note"))
    if choice.page < last:
        links.append(html.A("better →", href=choice.address(page=str(choice.page + 1))))
    return html.Nav(links, className="pages", **aria(label="Pages of objectives")) if last else html.Div(hidden=True)


def name_of(objective: Objective) -> str:
    """`latency < 400 ms · roundtrip`."""
    limit = f" < {wording.span(objective.threshold)}" if objective.threshold else ""
    value = f" {objective.value}" if objective.value else ""
    edges = (("≥", objective.at_least), ("≤", objective.at_most))
    limit += "".join(f" {sign} {edge:g}" for sign, edge in edges if edge is not None)
    scope = f" · {objective.workflow}" if objective.workflow else ""
    return f"{wording.spoken(objective.sli)}{value}{limit}{scope}"


def promise_words(objective: Objective) -> str:
    """`99.9 % over 30 d rolling`, `99.9 % each month, Europe/Berlin`."""
    window, target = objective.window, f"{objective.target * 100:.10g} %"
    if isinstance(window, CalendarWindow):
        return f"{target} each {window.calendar}, {window.time_zone}"
    return f"{target} over {wording.span(window)} rolling"


def _group(found: Sequence[Promise], choice: Choice, name: str) -> Component | None:
    known, here = values(found, choice, name), getattr(choice, name)
    if len(known) < 2 and not here:
        return None
    total = html.A([f"every {name}"], href=choice.address(**{name: ""}), **_class(on=not here))
    chips = [
        html.A([value, html.B(f"{count:,}")], href=choice.address(**{name: value}), **_class(on=value == here))
        for value, count in known
    ]
    inside: list[Any] = [total, *chips[:_SHOWN]]
    if len(chips) > _SHOWN:
        more = html.Div(chips[_SHOWN:], className="chips")
        inside.append(html.Details([html.Summary(f"{len(chips) - _SHOWN} more"), more]))
    return html.Div(inside, className="chips", role="group", **aria(label=name))


def _class(*, on: bool) -> dict[str, Any]:
    return {"className": "chip on", **aria(current="true")} if on else {"className": "chip"}


def _row(one: Promise, course: Course | None) -> tuple[Any, ...]:
    status = one.status
    flow = status.integration.startswith("flow:")
    whose: Any = html.Span(one.title) if flow else integration_link(status.integration, one.title)
    note = html.Div(" · ".join(filter(None, (one.tier, one.owner))), className="note")
    promise = html.Div(promise_words(status.objective), className="note")
    return (
        mark(_STATES[one.standing], one.standing.value),
        html.Div([whose, note]),
        html.Div([name_of(status.objective), promise]),
        measured(status),
        wording.share(status.coverage, 1),
        budget_bar(status.budget_left),
        lasting(status),
        html.Div([_burn(burn) for burn in status.burns], className="burns") if status.burns else wording.NONE,
        _chart(one, course),
    )


def _burn(burn: Burn) -> Component:
    length, short = wording.span(burn.pair.long), wording.span(burn.pair.short)
    if burn.long_burn is None:
        return html.Div([html.Span(length), html.Span("no data", className="none")])
    sign = "▲ " if burn.firing else ""
    title = f"fires at {burn.pair.factor:g} × over {length} and over {short}; n {burn.bad_in_long} bad in {length}"
    shown = html.Span(f"{sign}{burn.long_burn:.1f} ×", className="actual-bad" if burn.firing else None)
    return html.Div([html.Span(length), shown], title=title)


def _chart(one: Promise, course: Course | None) -> Any:
    if course is None:
        return html.Span("not drawn" if one.status.budget_left is not None else "no data", className="none")
    begin, end = one.status.window.start, one.status.window.end
    words = f"budget left from {wording.moment(begin)} to {wording.moment(end)}: {wording.share(course[-1], 0)} now"
    return BurnDown(points=[round(point, 4) for point in course], words=words)
