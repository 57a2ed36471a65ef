"""What is announced of vendors' APIs, which version answers, and how the shape of answers has changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from dash import html
from dash.development.base_component import Component

from alerts.rules.shape_drift import change_words, declared_step
from app.dashboard import wording
from app.dashboard.elements import ago, integration_link, mark, panel, run_link, table
from app.dashboard.view import View
from config.lifecycle import accepted
from config.model import Integration
from metrics.changing import ShapeChange, ShapeFinding, VendorSignal
from metrics.model import Evaluation, State
from metrics.shape_reading import is_read
from probes.model import ChangeKind

KINDS = {
    ChangeKind.SUNSET: "ends",
    ChangeKind.DEPRECATION: "deprecated",
    ChangeKind.FALL_FORWARD: "another version answers",
}
READ = "the workflow reads it"
FAILS = "the step fails"
TELLING = (READ, FAILS)
_FAR = datetime.max.replace(tzinfo=UTC)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


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
    kind: ChangeKind = ChangeKind.SUNSET


def announcements_panel(view: View) -> Component:
    """Every end that is announced or declared, and every API that answers with another version."""
    evaluation, now = view.hub.evaluation, view.now()
    told = _together(_announcements(view.config.integrations, evaluation.signals if evaluation else (), now))
    head = ("", "integration", "what", "date", "", "step", "said by", "last said", "more")
    rows = [
        (
            _state(one, now),
            integration_link(one.integration.name, one.integration.label),
            html.Span(one.what, className="wrap"),
            f"{one.at:%Y-%m-%d}" if one.at else "no date",
            _countdown(one.at, now),
            html.Span(one.where or wording.NONE, className="wrap"),
            one.said_by,
            [ago(one.seen), " · ", run_link(one.run_id, "run")] if one.run_id else wording.NONE,
            _link(one.link),
        )
        for one in told
    ]
    empty = "No vendor announces an end or answers with another version, and no date is declared under lifecycle."
    note = f"the vendors' latest words · {wording.plural(len(rows), 'announcement')}" if rows else ""
    return html.Div(
        panel("API versions and announced changes", table(head, rows, empty=empty), note=note), id="changes"
    )


def shapes_panel(view: View) -> Component:
    """Every lasting change in the shape of answers, what the workflows read first."""
    evaluation, now = view.hub.evaluation, view.now()
    names = {one.name: one for one in view.config.integrations}
    drift = evaluation.drift if evaluation else ()
    weighed = [(*_weight(names[one.integration], one, now), one) for one in drift if one.integration in names]
    weighed.sort(key=lambda row: (row[0] is not State.DEGRADED, row[2].change is ShapeChange.NEW, row[2].path))
    head = ("", "integration", "what changed", "step", "since", "regions", "answers before", "answers since")
    rows = [
        (
            mark(state, words),
            integration_link(one.integration, names[one.integration].label),
            html.Span(change_words(one), className="mono wrap"),
            f"{one.workflow} / {one.step}",
            [wording.clock_time(one.since, now), " · ", ago(one.since)],
            ", ".join(one.regions),
            f"{one.learned:,}",
            f"{one.seen:,}",
        )
        for state, words, one in weighed
    ]
    empty = "No answer is known that differs from the shape that is usual for its step."
    note = f"JSON paths, types before and now · {wording.plural(len(rows), 'change')}" if rows else ""
    shown = table(head, rows, numeric=(6, 7), empty=empty)
    return html.Div(panel("Changes in the shape of answers", shown, note=note), id="shapes")


def changes_mark(view: View) -> list[Component]:
    """How many changes somebody should look at, for the head of a page; none: nothing."""
    told, read = _wanting_a_look(view.hub.evaluation, view.config.integrations, view.now())
    count = len(told) + len(read)
    return [mark(State.DEGRADED, f"{wording.plural(count, 'change')} to look at")] if count else []


def known_ends(evaluation: Evaluation, integrations: Sequence[Integration], now: datetime) -> list[Announcement]:
    """What ends on a day that is declared, or said by the vendor; without what is accepted."""
    found = _announcements(integrations, evaluation.signals, now)
    return [one for one in found if one.kind is ChangeKind.SUNSET and one.at is not None and not one.accepted]


def change_strip(evaluation: Evaluation | None, integration: Integration, now: datetime) -> Component:
    """The nearest date, and how many changes there are, for the top of the integration's page; hidden without any."""
    told, read = _wanting_a_look(evaluation, [integration], now)
    if not told and not read:
        return html.Div(hidden=True)
    words = [
        f"{one.what} {_countdown(one.at, now)}".strip() for one in sorted(told, key=lambda one: one.at or _FAR)[:2]
    ]
    words += [change_words(one) for one in read[:2]]
    more = len(told) + len(read) - len(words)
    text = " · ".join(words) + (f" · and {more} more" if more > 0 else "")
    return html.Div(
        [html.B("The API changes"), html.Span(text), html.A("all changes", href="/credentials#changes")],
        className="banner",
    )


def _wanting_a_look(
    evaluation: Evaluation | None, integrations: Sequence[Integration], now: datetime
) -> tuple[list[Announcement], list[ShapeFinding]]:
    signals, drift = (evaluation.signals, evaluation.drift) if evaluation is not None else ((), ())
    told = [
        one
        for one in _together(_announcements(integrations, signals, now))
        if not one.accepted and one.urgency is not State.UP
    ]
    names = {one.name: one for one in integrations}
    read = [
        one for one in drift if one.integration in names and _weight(names[one.integration], one, now)[1] in TELLING
    ]
    return told, read


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


def _together(found: Iterable[Announcement]) -> list[Announcement]:
    """What is said in the same words to several steps stands once; the nearest date first."""
    same: dict[tuple[object, ...], Announcement] = {}
    for one in found:
        key = (one.integration.name, one.what, one.at, one.said_by, one.link, one.accepted)
        before = same.get(key)
        if before is None:
            same[key] = one
        else:
            latest = max(before, one, key=lambda each: each.seen or _LONG_AGO)
            same[key] = replace(latest, where=f"{before.where}, {one.where}")
    return sorted(same.values(), key=lambda one: (one.at or _FAR, one.integration.name, one.what))


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
        kind=signal.kind,
    )


def _weight(integration: Integration, finding: ShapeFinding, now: datetime) -> tuple[State, str]:
    step = declared_step(integration, finding)
    known = accepted(integration.accepted_changes, "shape", _today(now), step=finding.step, path=finding.path)
    if known is not None:
        return State.UP, "accepted"
    if step is not None and is_read(step, finding.path, finding.change):
        return State.DEGRADED, READ
    if finding.failing and finding.change is not ShapeChange.NEW:
        return State.DEGRADED, FAILS
    return State.NO_DATA, "information" if finding.change is ShapeChange.NEW else "not read"


def _state(one: Announcement, now: datetime) -> Component:
    if one.accepted:
        return mark(State.UP, "accepted")
    if one.urgency is State.UP:
        return mark(State.UP, "far off")
    if one.at is not None and one.at > now:
        return mark(State.DEGRADED, "coming")
    return mark(State.DEGRADED, "over" if one.at is not None and one.kind is ChangeKind.SUNSET else "now")


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
