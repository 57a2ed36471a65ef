"""What an incident cost: flows and owners, runs, budgets."""

from __future__ import annotations

from typing import Final

from alerts.reports.case import Case
from alerts.reports.document import Block, Cell, Mark, Section, Table, columns, row
from alerts.reports.wording import NONE, count, listed, number, share
from config.model import Integration

_MOST: Final = 40


def section(case: Case) -> Section:
    """Flows, runs and budgets."""
    blocks: list[Block] = [_flows(case), _runs(case), _budgets(case)]
    return Section("impact", "Impact", tuple(blocks))


def _flows(case: Case) -> Table:
    radius = case.incident.blast_radius
    if radius is not None and radius.flows:
        rows = [row(f.name, f.how, f.owner or NONE, listed(f.others, 4) or NONE) for f in radius.flows]
    else:
        rows = [row(name, "hit", NONE, NONE) for name in case.incident.flows]
    integrations = [one for one in case.sources.config.integrations if one.name in case.names]
    note = f"Integrations: {_named(integrations)}." if integrations else ""
    return Table(
        "Business flows and their owners",
        columns("flow", "how", "owner", "others in it"),
        tuple(rows[:_MOST]),
        empty="none is declared for it",
        note=note,
    )


def _named(integrations: list[Integration]) -> str:
    return listed([f"{one.label} ({one.owner})" if one.owner else one.label for one in integrations])


def _runs(case: Case) -> Table:
    hit = sorted(case.runs, key=lambda one: (-one.failed, one.integration, one.workflow, one.region))
    rows = tuple(
        row(
            f"{one.integration} / {one.workflow}",
            one.region,
            number(one.runs, count(one.runs)),
            number(one.failed, count(one.failed), Mark.BAD if one.failed else Mark.NONE),
            number(one.throttled, count(one.throttled)),
            number(one.unstable, count(one.unstable)),
            number(one.held_back, count(one.held_back)),
        )
        for one in hit[:_MOST]
    )
    more = f" The {_MOST} with most failures of {len(hit)}." if len(hit) > _MOST else ""
    return Table(
        "Runs while it lasted",
        columns("workflow", "region", "#runs", "#failed", "#throttled", "#unstable", "#held back"),
        rows,
        empty="no run was made in its time",
        note=f"Probe runs that started while it lasted, confirmations included; held back: by an open circuit.{more}",
    )


def _budgets(case: Case) -> Table:
    known = sorted(case.spent, key=lambda one: (-(one.share() or -1.0), one.subject, one.key))
    rows = []
    for one in known[:_MOST]:
        spent, left, counted = one.share(), one.left, one.within[0]
        minutes = one.minutes()
        rows.append(
            row(
                one.subject.replace(":", " "),
                one.key,
                Cell(share(spent, 1), spent, Mark.BAD if (spent or 0) >= 0.5 else Mark.NONE),
                number(minutes, NONE if minutes is None else f"{minutes:.1f} of {one.budget_minutes:.1f} min"),
                Cell(share(left), left, Mark.BAD if left is not None and left <= 0 else Mark.NONE),
                number(counted.bad, f"{counted.bad:,} of {counted.good + counted.bad:,}"),
            )
        )
    return Table(
        "Error budgets spent by it",
        columns("whose", "objective", "#spent by it", "#in minutes", "#left at its end", "#bad slices"),
        tuple(rows),
        empty="no objective is declared for what it is about",
        note="Share of the whole budget of the objective's window, as it stood at the end of the incident; minutes: "
        "the same share of the minutes in which nothing works that the target allows.",
    )
