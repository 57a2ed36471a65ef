"""What is announced of vendors' APIs, which version answers, and how the shape of answers has changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from dash import html
from dash.development.base_component import Component

from alerts.rules.shape_drift import change_words, declared_step
from app.dashboard import wording
from app.dashboard.elements import ago, integration_link, mark, panel, run_link, table
from config.lifecycle import accepted
from config.model import Config, Integration
from metrics.model import Evaluation, ShapeChange, ShapeFinding, State, VendorSignal
from metrics.shape_reading import is_read
from probes.model import ChangeKind

KINDS = {
    ChangeKind.SUNSET: "ends",
    ChangeKind.DEPRECATION: "deprecated",
    ChangeKind.FALL_FORWARD: "another version answers",
}
_FAR = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Announcement:
    """One thing that is known of an API's future: declared, or said by the vendor."""

    integration: Integration
    what: str
    at: datetime | None
    where: str
    said_by: str
    link: str | None = None
    seen: datetime | None = None
    run_id: str | None = None
    accepted: bool = False
    urgency: State = State.DEGRADED


def changes_panels(
    evaluation: Evaluation | None, config: Config, now: datetime, only: str | None = None
) -> list[Component]:
    """Announcements and versions, then shapes; of one integration, or of all."""
    shown = [one for one in config.integrations if only in (None, one.name)]
    signals, drift = (evaluation.signals, evaluation.drift) if evaluation is not None else ((), ())
    told = sorted(_announcements(shown, signals, now), key=lambda one: (one.at or _FAR, one.integration.name, one.what))
    names = {one.name: one for one in shown}
    found = [(names[one.integration], one) for one in drift if one.integration in names]
    return [_announced(told, now, only), _shapes(found, now, only)]


def change_strip(evaluation: Evaluation | None, integration: Integration, now: datetime) -> Component:
    """The nearest date, and how many changes there are, for the top of the integration's page; hidden without any."""
    signals, drift = (evaluation.signals, evaluation.drift) if evaluation is not None else ((), ())
    told = [
        one for one in _announcements([integration], signals, now) if not one.accepted and one.urgency is not State.UP
    ]
    read = [one for one in drift if one.integration == integration.name and _weight(integration, one, now)[1] == "read"]
    if not told and not read:
        return html.Div(hidden=True)
    words = [
        f"{one.what} {_countdown(one.at, now)}".strip() for one in sorted(told, key=lambda one: one.at or _FAR)[:2]
    ]
    words += [change_words(one) for one in read[:2]]
    more = len(told) + len(read) - len(words)
    text = " · ".join(words) + (f" · and {more} more" if more > 0 else "")
    return html.Div(
        [html.B("The API changes"), html.Span(text), html.A("all changes", href="#changes")], className="banner"
    )


def _announcements(
    integrations: Iterable[Integration], signals: Iterable[VendorSignal], now: datetime
) -> Iterator[Announcement]:
    heard = list(signals)
    for integration in integrations:
        for declared in integration.lifecycle:
            end = datetime.combine(declared.ends, datetime.max.time(), UTC)
            instead = f"; use {declared.replace_with}" if declared.replace_with else ""
            near = State.DEGRADED if end - now <= declared.warn else State.UP
            yield Announcement(
                integration, f"{declared.what} ends{instead}", end, "", "configuration", declared.link, urgency=near
            )
        yield from (_of_signal(integration, one, now) for one in heard if one.api == integration.name)


def _of_signal(integration: Integration, signal: VendorSignal, now: datetime) -> Announcement:
    is_known = accepted(integration.accepted_changes, signal.kind.value, _today(now), step=signal.step) is not None
    return Announcement(
        integration=integration,
        what=signal.what or KINDS[signal.kind],
        at=signal.at,
        where=f"{signal.workflow} / {signal.step}",
        said_by=f"{signal.source} header",
        link=signal.link,
        seen=signal.last_seen,
        run_id=signal.run_id,
        accepted=is_known,
    )


def _announced(told: list[Announcement], now: datetime, only: str | None) -> Component:
    head = ("", "integration", "what", "date", "", "step", "said by", "last said", "more")
    rows = [
        (
            _state(one, now),
            integration_link(one.integration.name, one.integration.label),
            html.Span(one.what, className="wrap"),
            f"{one.at:%Y-%m-%d}" if one.at else "no date",
            _countdown(one.at, now),
            one.where or wording.NONE,
            one.said_by,
            [ago(one.seen), " · ", run_link(one.run_id, "run")] if one.run_id else wording.NONE,
            _link(one.link),
        )
        for one in told
    ]
    empty = "No vendor announces an end or answers with another version, and no date is declared under lifecycle."
    note = f"newest words of each step · {wording.plural(len(rows), 'announcement')}" if rows else ""
    shown = table(*_without_name(head, rows, only), empty=empty)
    return html.Div(panel("API versions and announced changes", shown, note=note), id="changes")


def _shapes(found: list[tuple[Integration, ShapeFinding]], now: datetime, only: str | None) -> Component:
    weighed = [(*_weight(integration, one, now), integration, one) for integration, one in found]
    weighed.sort(key=lambda row: (row[0] is not State.DEGRADED, row[3].change is ShapeChange.NEW, row[3].path))
    head = ("", "integration", "what changed", "step", "since", "regions", "answers before", "answers since")
    rows = [
        (
            mark(state, words),
            integration_link(integration.name, integration.label),
            html.Span(change_words(one), className="mono wrap"),
            f"{one.workflow} / {one.step}",
            [wording.clock_time(one.since, now), " · ", ago(one.since)],
            ", ".join(one.regions),
            f"{one.learned:,}",
            f"{one.seen:,}",
        )
        for state, words, integration, one in weighed
    ]
    empty = "Every answer that was looked at has the shape that is usual for its step."
    note = f"JSON paths, types before and now · {wording.plural(len(rows), 'change')}" if rows else ""
    names, cells = _without_name(head, rows, only)
    shown = table(names, cells, numeric=(len(names) - 2, len(names) - 1), empty=empty)
    return html.Div(panel("Changes in the shape of answers", shown, note=note), id="shapes")


def _without_name(
    head: Iterable[str], rows: Iterable[tuple[Any, ...]], only: str | None
) -> tuple[list[str], list[list[Any]]]:
    """On an integration's own page its name need not stand in every row."""
    names, cells = list(head), [list(row) for row in rows]
    if only is not None:
        del names[1]
        for row in cells:
            del row[1]
    return names, cells


def _weight(integration: Integration, finding: ShapeFinding, now: datetime) -> tuple[State, str]:
    step = declared_step(integration, finding)
    known = accepted(integration.accepted_changes, "shape", _today(now), step=finding.step, path=finding.path)
    if known is not None:
        return State.UP, "accepted"
    if step is not None and is_read(step, finding.path, finding.change):
        return State.DEGRADED, "read"
    return State.NO_DATA, "information" if finding.change is ShapeChange.NEW else "not read"


def _state(one: Announcement, now: datetime) -> Component:
    if one.accepted:
        return mark(State.UP, "accepted")
    if one.urgency is State.UP:
        return mark(State.UP, "far off")
    return mark(State.DEGRADED, "over" if one.at is not None and one.at <= now else "coming" if one.at else "now")


def _link(address: str | None) -> Component | str:
    """Vendors' words lead anywhere: only addresses of the web are followed."""
    if address is None or not address.startswith(("https://", "http://")):
        return wording.NONE
    return html.A("announcement", href=address, target="_blank", rel="noreferrer")


def _countdown(at: datetime | None, now: datetime) -> str:
    if at is None:
        return ""
    days = (at.astimezone(UTC).date() - _today(now)).days
    return "today" if days == 0 else f"in {days} d" if days > 0 else f"{-days} d ago"


def _today(now: datetime) -> date:
    return now.astimezone(UTC).date()
