"""Who was told of an incident, who was not and why; what else was off; what the vendor said."""

from __future__ import annotations

from typing import Final

from duckdb import DuckDBPyConnection

from alerts.facts import VENDOR_STATUS
from alerts.model import Condition
from alerts.reports.case import Case
from alerts.reports.document import Block, Cell, Mark, Paragraph, Section, Table, columns, row
from alerts.reports.wording import NONE, at_time, lasting, plural, short
from alerts.store.told import Told
from metrics.store.evaluations import Explained, evaluations

_STATES: Final = {
    "sent": ("delivered", Mark.GOOD),
    "dead": ("given up", Mark.BAD),
    "superseded": ("overtaken", Mark.NONE),
    "due": ("waiting", Mark.WARN),
    "claimed": ("being sent", Mark.WARN),
}
_OFF: Final = frozenset({"firing", "burning", "spent", "runs_out"})
_MOST: Final = 40


def section(case: Case) -> Section:
    """What alerted and what did not."""
    blocks: tuple[Block, ...] = (_conditions(case), _messages(case), _muted(case), _besides(case), _judged(case))
    return Section("told", "What alerted and what did not", blocks)


def vendor(case: Case) -> Section:
    """What the vendor's own status page said meanwhile."""
    said = [event for event in case.timeline if event.kind == VENDOR_STATUS]
    if not said:
        words = "No status page of the vendor is configured, or it said nothing about this while it lasted."
        return Section("vendor", "The vendor's own status page", (Paragraph(words),))
    rows = tuple(row(at_time(event.at, case.sources.zone), short(event.note, 600)) for event in said[:_MOST])
    return Section("vendor", "The vendor's own status page", (Table("What it said", columns("at", "what"), rows),))


def _conditions(case: Case) -> Table:
    rows = tuple(_condition(case, one) for one in case.conditions[:_MOST])
    return Table(
        "What was wrong",
        columns("rule", "tier", "since", "what", "blame"),
        rows,
        empty="nothing is known any more",
        note="All of it is one incident: whoever was told of one was told of all.",
    )


def _condition(case: Case, one: Condition) -> tuple[Cell, ...]:
    what = f"{one.title}: {one.summary}" if one.title else one.summary
    why = short(one.blame_reason, 200) or NONE
    return row(str(one.rule), str(one.tier), at_time(one.since, case.sources.zone), short(what), why)


def _messages(case: Case) -> Table:
    shown = [one for one in case.told if one.state != "superseded"]
    overtaken = len(case.told) - len(shown)
    return Table(
        "Messages by channel",
        columns("channel", "tier", "what", "written", "state", "#tries", "#after", "answer"),
        tuple(_message(case, one) for one in shown[:_MOST]),
        empty="nobody was told of it",
        note="after: from writing to its end."
        + (f" Without {plural(overtaken, 'message')} that newer ones overtook." if overtaken else ""),
    )


def _message(case: Case, one: Told) -> tuple[Cell, ...]:
    words, mark = _STATES.get(one.state, (one.state, Mark.NONE))
    took = one.settled_at - one.written_at if one.settled_at else None
    return row(
        one.channel,
        str(one.tier),
        str(one.action),
        at_time(one.written_at, case.sources.zone),
        Cell(words, mark=mark),
        Cell(f"{one.attempts}", float(one.attempts)),
        Cell(lasting(took), None if took is None else took.total_seconds()),
        short(one.answer, 120) or NONE,
    )


def _muted(case: Case) -> Table:
    zone = case.sources.zone
    rows = tuple(
        row(
            str(one.muting.reason).replace("_", " "), short(one.muting.words, 200), at_time(one.began_at, zone),
            at_time(one.ended_at, zone) if one.ended_at else "still", Cell(f"{one.withheld}", float(one.withheld)),
        )
        for one in case.mutings[:_MOST]
    )  # fmt: skip
    return Table(
        "Muted", columns("by", "what", "from", "to", "#changes not told"), rows, empty="nothing about it was muted"
    )


def _besides(case: Case) -> Table:
    """Other incidents of the same integrations, or of a region."""
    near = {*case.names, *(f"changes:{name}" for name in case.names), *(f"flow:{name}" for name in case.incident.flows)}
    related = [one for one in case.others if one.subject in near or ":" in one.subject]
    rows = tuple(
        row(
            Cell(one.incident_id, link=case.sources.page(f"/reports/incident/{one.incident_id}")), str(one.tier),
            short(one.title, 160), at_time(one.opened_at, case.sources.zone), str(one.state),
        )
        for one in related[:_MOST]
    )  # fmt: skip
    return Table(
        "Other incidents at the same time", columns("incident", "tier", "what", "opened", "state"), rows, empty="none"
    )


def _judged(case: Case) -> Table:
    """What was judged to be off meanwhile and made no alert of its own: inhibited by the outage, or not far off."""
    window, names = case.window, case.names

    def question(con: DuckDBPyConnection) -> list[Explained]:
        return [one for name in names[:_MOST] for one in evaluations(con, name, window.start, window.end, 200)]

    found = {(e.integration, e.kind, e.subject): e for e in case.sources.ask(question) if e.verdict in _OFF}
    alerted = {condition.key for condition in case.conditions}
    silent = [one for one in found.values() if not any(one.subject in key for key in alerted)]
    rows = tuple(
        row(one.integration, one.kind, one.subject, one.verdict.replace("_", " "), short(one.words, 240))
        for one in sorted(silent, key=lambda e: (e.integration, e.kind, e.subject))[:_MOST]
    )
    return Table(
        "Judged to be off, without an alert of its own",
        columns("integration", "kind", "of", "verdict", "why"),
        rows,
        empty="nothing",
        note="Inhibited by what this incident is about, or not yet far enough off.",
    )
