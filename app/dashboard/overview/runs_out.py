"""What runs out next: quotas, credentials, certificates, APIs and error budgets, the soonest first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from dash import html
from dash.development.base_component import Component

from app.dashboard import wording
from app.dashboard.changes import known_ends
from app.dashboard.elements import aria, mark, when
from app.dashboard.view import View
from config.model import Config
from metrics.model import Evaluation, State

MOST: Final = 5
_NOW: Final = timedelta(hours=4)
_SOON: Final = timedelta(days=7)
_AHEAD: Final = timedelta(days=92)
"""What ends later is on the page of credentials."""


@dataclass(frozen=True, slots=True)
class RunsOut:
    """One thing that ends: when, what, whose, and where more is told."""

    at: datetime
    what: str
    subject: str
    href: str
    detail: str = ""


def runs_out_next(view: View) -> list[RunsOut]:
    """The next few, each thing once whatever number of regions tell of it. What has run out already fires instead."""
    evaluation, now = view.hub.evaluation, view.now()
    if evaluation is None:
        return []
    firsts: dict[tuple[str, str], RunsOut] = {}
    for one in sorted(_everything(evaluation, view.config, now), key=lambda found: found.at):
        if now < one.at <= now + _AHEAD:
            firsts.setdefault((one.what, one.subject), one)
    return list(firsts.values())[:MOST]


def runs_out_section(view: View) -> Component:
    """They stand in a row; a page without any of them says so."""
    found, now = runs_out_next(view), view.now()
    items: list[Component] = [html.Li(_entry(one, now)) for one in found]
    if not items:
        items = [html.Li(_nothing(view))]
    heading = html.H2("Runs out next", title="quotas, credentials, certificates, rotations, APIs, error budgets")
    return html.Section([heading, html.Ol(items)], className="runs-out", **aria(label="What runs out next"))


def _nothing(view: View) -> Component:
    """Of what nothing is known yet, nothing is well either."""
    overview = view.overview()
    if any(one.summary.last_run_at for one in overview.standings):
        return mark(State.UP, f"nothing known within {_AHEAD.days} days")
    return mark(State.NO_DATA, "nothing is known yet: no run has arrived")


def distance(at: datetime, now: datetime) -> str:
    """`in 2 h 10 min`, `in 12 d`."""
    length = at - now
    return f"in {length.days} d" if length >= timedelta(days=3) else f"in {wording.lasting(length)}"


def _entry(one: RunsOut, now: datetime) -> Component:
    left = one.at - now
    state = State.DOWN if left < _NOW else State.DEGRADED if left < _SOON else State.NO_DATA
    parts = [
        mark(state, distance(one.at, now)),
        html.Span(f"{one.subject}: {one.what}", className="what"),
        html.Span(when(one.at), className="note"),
    ]
    return html.A(parts, href=one.href, title=one.detail or None)


def _everything(evaluation: Evaluation, config: Config, now: datetime) -> Iterator[RunsOut]:
    titles = {one.name: one.label for one in config.integrations}
    yield from _quotas(evaluation, titles)
    yield from _credentials(evaluation, titles)
    yield from _certificates(evaluation, titles)
    yield from _apis(evaluation, config, now)
    yield from _budgets(evaluation, titles, now)


def _quotas(evaluation: Evaluation, titles: dict[str, str]) -> Iterator[RunsOut]:
    for told in evaluation.forecasts:
        if told.at is not None and told.subject in titles:
            yield RunsOut(told.at, f"quota {told.bucket or 'any'}", titles[told.subject], "/quotas", told.sentence)


def _credentials(evaluation: Evaluation, titles: dict[str, str]) -> Iterator[RunsOut]:
    for tracked in evaluation.credentials:
        life = tracked.life
        ends = {
            "rotation due": life.rotate_due_at,
            "refresh token ends": None if life.extended_by_use else life.refresh_expires_at,
            "client certificate ends": life.certificate_expires_at,
        }
        for what, at in ends.items():
            if at is not None and life.integration in titles:
                yield RunsOut(at, what, titles[life.integration], "/credentials", life.credential)


def _certificates(evaluation: Evaluation, titles: dict[str, str]) -> Iterator[RunsOut]:
    for one in evaluation.certificates:
        if one.integration in titles:
            yield RunsOut(one.expires_at, "certificate ends", titles[one.integration], "/credentials", one.host)


def _apis(evaluation: Evaluation, config: Config, now: datetime) -> Iterator[RunsOut]:
    for one in known_ends(evaluation, config.integrations, now):
        if one.at is not None:
            detail = f"{one.what} · {one.said_by}"
            yield RunsOut(one.at, "API ends", one.integration.label, "/credentials#changes", detail)


def _budgets(evaluation: Evaluation, titles: dict[str, str], now: datetime) -> Iterator[RunsOut]:
    ending = [one for one in evaluation.objectives if one.exhausted_in and one.integration in titles]
    # Of an integration's budgets the first that goes.
    first = {one.integration: one for one in sorted(ending, key=lambda one: one.exhausted_in or _AHEAD, reverse=True)}
    for status in first.values():
        if status.exhausted_in:
            pace = f" at the pace of the last {wording.span(status.pace_over)}" if status.pace_over else ""
            what = f"error budget of {wording.spoken(status.objective.sli)}"
            href = f"/integration/{status.integration}"
            yield RunsOut(now + status.exhausted_in, what, titles[status.integration], href, f"{status.key}{pace}")
