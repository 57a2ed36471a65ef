"""The report after an incident; of one that still goes on, so far."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from alerts.messages import BLAMES
from alerts.model import IncidentEvent
from alerts.reports import incident_charts, incident_evidence, incident_impact, incident_told
from alerts.reports.case import Case, case_of
from alerts.reports.document import (
    Cell,
    Checklist,
    Document,
    Figure,
    Figures,
    Kind,
    Mark,
    Moment,
    Section,
    Table,
    Timeline,
    columns,
    row,
)
from alerts.reports.sources import Sources
from alerts.reports.wording import NONE, at_time, lasting, listed, plural, seconds, share, short
from config.model import Sli

_ACTIONS: Final = (
    "So that it does not happen again:",
    "So that it is seen earlier:",
    "So that it hurts less:",
)
_MOST_MOMENTS: Final = 300
_SPOKEN: Final = {"escalated_to": "level", "report_failed": "report failed"}


def incident_report(sources: Sources, incident_id: str) -> Document:
    """Raises UnknownIncidentError."""
    case = case_of(sources, incident_id)
    about = case.incident
    title = f"Post-incident report: {short(about.title, 160)}, {lasting(case.times.lasted(sources.now))}"
    return Document(
        kind=Kind.INCIDENT,
        key=about.incident_id,
        title=title + ("" if case.is_over else " so far"),
        subtitle=_subtitle(case),
        generated_at=sources.now,
        time_zone=str(sources.zone),
        summary=_summary(case),
        sections=(
            Section("figures", "At a glance", (_figures(case),)),
            Section("timeline", "Timeline", (_timeline(case),)),
            incident_impact.section(case),
            Section("response", "Detection and recovery", (_response(case),)),
            incident_charts.section(case),
            incident_evidence.section(case),
            incident_evidence.standing(case),
            incident_told.section(case),
            incident_told.vendor(case),
            Section("actions", "Actions", (Checklist(_ACTIONS),)),
        ),
        so_far=not case.is_over,
        link=sources.page(f"/reports/incident/{about.incident_id}"),
        facts=_facts(case),
    )


def _subtitle(case: Case) -> str:
    about = case.incident
    parts = [about.incident_id, about.tier, about.state, f"owner {about.owner}" if about.owner else ""]
    return " · ".join(str(part) for part in parts if part)


def _summary(case: Case) -> tuple[str, ...]:
    times, zone, about = case.times, case.sources.zone, case.incident
    span = f"{at_time(times.begun_at, zone)} to {at_time(times.resolved_at, zone)}" if case.is_over else (
        f"{at_time(times.begun_at, zone)} up to now"
    )  # fmt: skip
    said = [f"{short(about.title)}: {span}, {lasting(times.lasted(case.sources.now))} in all."]
    if case.blamed is not None:
        said.append(f"Blame: {BLAMES[case.blamed.blame]}; {short(case.blamed.blame_reason)}.")
    said += [_what_it_cost(case), _how_it_was_met(case)]
    if about.flows:
        said.append(f"Business flows hit: {listed(about.flows)}.")
    if about.reopened:
        said.append(f"It came back {plural(about.reopened, 'time')} after it had been called over.")
    return tuple(sentence for sentence in said if sentence)


def _what_it_cost(case: Case) -> str:
    runs, failed = _runs(case)
    parts = [f"{failed:,} of {plural(runs, 'run')} failed"] if runs else []
    worst = _scarcest(case)
    if worst is not None and (spent := worst.share()) is not None:
        whose = f"the budget of {worst.key} of {worst.subject}"
        over = worst.left is not None and worst.left < 0
        left = f"overspent by {share(-(worst.left or 0.0))}" if over else f"{share(worst.left)} of it was left"
        parts.append(f"it took {share(spent, 1)} ({worst.minutes() or 0:.1f} min) of {whose}; at its end {left}")
    return f"{'; '.join(parts)}.".capitalize() if parts else ""


def _scarcest(case: Case) -> Any:
    """The availability budget that lost most."""
    known = [one for one in case.spent if one.objective.sli is Sli.AVAILABILITY and one.share() is not None]
    return max(known, key=lambda one: one.share() or 0.0, default=None)


def _how_it_was_met(case: Case) -> str:
    times = case.times
    seen = f"Seen {lasting(times.to_detect)} after the first failure" if times.to_detect is not None else "Seen at once"
    if times.to_acknowledge is not None:
        taken = f"taken by {times.acknowledged_by or 'somebody'} {lasting(times.to_acknowledge)} after it opened"
    else:
        taken = "acknowledged by nobody"
    over = f"over {lasting(times.to_resolve)} after it began" if times.to_resolve is not None else "not over yet"
    by_hand = f", called over by {case.incident.resolved_by}" if case.incident.resolved_by else ""
    return f"{seen}, {taken}, {over}{by_hand}."


def _figures(case: Case) -> Figures:
    times, now = case.times, case.sources.now
    runs, failed = _runs(case)
    worst = _scarcest(case)
    spent = worst.share() if worst else None
    lengths = (
        ("lasted", "Lasted", times.lasted(now), "begun → resolved" if case.is_over else "begun → now"),
        ("mttd", "Time to detect", times.to_detect, "first failure → opened"),
        ("mtta", "Time to acknowledge", times.to_acknowledge, "opened → taken"),
        ("mttr", "Time to resolve", times.to_resolve, "begun → resolved"),
    )
    found = [
        Figure(name, label, lasting(length), seconds(length), "s", about) for name, label, length, about in lengths
    ]
    about = f"{worst.key} of {worst.subject}" if worst else ""
    mark = Mark.BAD if spent is not None and spent >= 1 else Mark.NONE
    found.append(Figure("budget_spent", "Budget spent by it", share(spent, 1), spent, "share", about, None, mark))
    found.append(Figure("failed_runs", "Failed runs", f"{failed:,}" if runs else NONE, float(failed), "runs", "", runs))
    return Figures(tuple(found))


def _timeline(case: Case) -> Timeline:
    """Every fact, in order of when it happened; what was written down in one instant, in the order of writing."""
    begun = case.times.begun_at
    events = sorted(case.timeline, key=lambda event: event.at)
    return Timeline(tuple(_moment(event, begun) for event in events[:_MOST_MOMENTS]))


def _moment(event: IncidentEvent, begun: Any) -> Moment:
    kind = _SPOKEN.get(event.kind, event.kind.replace("_", " "))
    after = event.at - begun
    return Moment(
        event.at, kind, short(event.note, 800), event.who, f"+{lasting(after)}" if after >= timedelta() else ""
    )


def _response(case: Case) -> Table:
    """Each length with what it is measured from and to."""
    times, zone = case.times, case.sources.zone
    rows = (
        ("Time to detect (MTTD)", times.to_detect, "first failed run", times.first_failure_at,
         "opened", times.opened_at),
        ("Time to tell", times.to_tell, "opened", times.opened_at, "first message accepted", times.told_at),
        ("Time to acknowledge (MTTA)", times.to_acknowledge, "opened", times.opened_at,
         f"taken by {times.acknowledged_by}" if times.acknowledged_by else "acknowledged", times.acknowledged_at),
        ("Time to resolve (MTTR)", times.to_resolve,
         "first failed run" if times.first_failure_at else "opened", times.begun_at, "resolved", times.resolved_at),
    )  # fmt: skip
    return Table(
        "Measured from … to …",
        columns("what", "#how long", "from", "at", "to", "at"),
        tuple(
            row(what, Cell(lasting(length), seconds(length)), start, at_time(a, zone), end, at_time(b, zone))
            for what, length, start, a, end, b in rows
        ),
        note="– where one of the two instants is not known: nothing failed, nobody took it, or it is not over.",
    )


def _runs(case: Case) -> tuple[int, int]:
    return sum(one.runs for one in case.runs), sum(one.failed for one in case.runs)


def _facts(case: Case) -> dict[str, Any]:
    times, (runs, failed) = case.times, _runs(case)
    instants = {
        name: None if at is None else at.isoformat()
        for name, at in (
            ("first_failure_at", times.first_failure_at), ("opened_at", times.opened_at), ("told_at", times.told_at),
            ("acknowledged_at", times.acknowledged_at), ("resolved_at", times.resolved_at),
        )
    }  # fmt: skip
    return {
        "incident_id": case.incident.incident_id,
        "subject": case.incident.subject,
        "tier": str(case.incident.tier),
        "state": str(case.incident.state),
        "blame": str(case.blamed.blame) if case.blamed else None,
        "flows": list(case.incident.flows),
        "integrations": list(case.names),
        **instants,
        "mttd_s": seconds(times.to_detect),
        "mtta_s": seconds(times.to_acknowledge),
        "mttr_s": seconds(times.to_resolve),
        "runs": runs,
        "failed_runs": failed,
        "budgets": [
            {
                "subject": one.subject, "objective": one.key, "spent": one.share(), "spent_minutes": one.minutes(),
                "left": one.left,
            }
            for one in case.spent
        ],
    }  # fmt: skip
