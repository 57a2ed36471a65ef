"""The incidents of the week, how fast they were met, and which of them were of no use to anybody."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from duckdb import DuckDBPyConnection

from alerts.model import Incident, IncidentState, Rule, Tier
from alerts.reports.document import Cell, Mark, Section, Table, columns, row
from alerts.reports.times import Times, median, times_of
from alerts.reports.wording import at_time, lasting, on_minute, seconds, short
from alerts.store.incidents import timelines
from alerts.store.told import first_told, incidents_opened
from metrics.model import Window

if TYPE_CHECKING:
    from alerts.reports.weekly import Review

BRIEF: Final = timedelta(minutes=5)
"""What is over by itself sooner than this was over before anybody could do anything."""
_MOST: Final = 50
_CHANGES: Final[dict[Rule, str]] = {
    Rule.WORKFLOW_DOWN: "confirm.failures: more failed runs in a row; confirm.quorum: more regions that agree",
    Rule.REGION_DOWN: "confirm.failures: more failed runs in a row",
    Rule.BURN_RATE: "confirm.min_bad_slices, or min_bad of the objective: more evidence; page: false",
    Rule.UNUSUAL: "thresholds.sensitivity: low, or thresholds.floor; `leadline normal accept` for a new level",
    Rule.QUOTA_LOW: "quota.reserve: less",
    Rule.RECORDED_VALUE: "confirm.failures, or the range of the recorded value",
    Rule.PROBER_SILENT: "confirm.prober_silent_after: longer",
    Rule.API_LIFECYCLE: "accepted_changes: what is known already",
    Rule.SHAPE_DRIFT: "accepted_changes: what is known already",
}
"""What makes a rule say less, beside `for` and `enabled` that every rule has."""


@dataclass(frozen=True, slots=True)
class Lived:
    """An incident with the instants of its life, and whether anybody heard of it."""

    incident: Incident
    times: Times

    @property
    def is_urgent(self) -> bool:
        """Whether somebody was to get up."""
        return self.incident.tier is Tier.URGENT

    @property
    def was_told(self) -> bool:
        """Whether any channel took a message about it."""
        return self.times.told_at is not None

    @property
    def never_taken(self) -> bool:
        """Told, over, and nobody acknowledged it."""
        over = self.incident.state is IncidentState.RESOLVED
        return self.was_told and over and self.times.acknowledged_at is None

    @property
    def was_brief(self) -> bool:
        """Told, and over by itself before anybody could do anything."""
        end, by_hand = self.times.resolved_at, self.incident.resolved_by
        return self.was_told and end is not None and not by_hand and end - self.times.opened_at < BRIEF

    @property
    def is_noise(self) -> bool:
        """Both."""
        return self.never_taken and self.was_brief


@dataclass(frozen=True, slots=True)
class Incidents:
    """Those that opened in the week and in the one before."""

    week: tuple[Lived, ...]
    before: tuple[Lived, ...]

    @property
    def noisy(self) -> int:
        """How many of the week were noise."""
        return sum(one.is_noise for one in self.week)

    def median(self, part: str, *, before: bool = False) -> tuple[timedelta | None, int]:
        """The median of one length of `Times`, and of how many."""
        return median(getattr(one.times, part) for one in (self.before if before else self.week))


def found(review: Review) -> Incidents:
    """By when they opened."""
    return Incidents(*(review.sources.ask(lambda con, w=w: _lived(con, w)) for w in (review.window, review.before)))  # type: ignore[misc]


def _lived(con: DuckDBPyConnection, window: Window) -> tuple[Lived, ...]:
    opened = incidents_opened(con, window)
    ids = [one.incident_id for one in opened]
    events, told = timelines(con, ids), first_told(con, ids)
    return tuple(Lived(i, times_of(i, events.get(i.incident_id, ()), told.get(i.incident_id))) for i in opened)


def section(review: Review, incidents: Incidents) -> Section:
    """The medians, and one row for each incident, the urgent ones first."""
    return Section("incidents", "Incidents", (_medians(incidents), _list(review, incidents)))


def _medians(incidents: Incidents) -> Table:
    lengths = (
        ("time to detect", "to_detect", "first failure → opened"),
        ("time to tell", "to_tell", "opened → first message accepted"),
        ("time to acknowledge", "to_acknowledge", "opened → taken"),
        ("time to resolve", "to_resolve", "begun → resolved"),
    )
    rows = []
    for words, part, about in lengths:
        (now, n), (then, n_then) = incidents.median(part), incidents.median(part, before=True)
        cells = (Cell(lasting(now), seconds(now)), Cell(f"{n}", float(n)), Cell(lasting(then), seconds(then)))
        rows.append(row(words, about, *cells, Cell(f"{n_then}", float(n_then))))
    return Table(
        "How fast they were met (median)",
        columns("what", "from → to", "#this week", "#n", "#the week before", "#n"),
        tuple(rows),
        note="Of the incidents of which both instants are known; of two in the middle the smaller.",
    )


def _list(review: Review, incidents: Incidents) -> Table:
    ranked = sorted(incidents.week, key=lambda one: (not one.is_urgent, one.times.opened_at, one.incident.incident_id))
    more = f"The first {_MOST} of {len(ranked)}." if len(ranked) > _MOST else ""
    return Table(
        "Opened in the week",
        columns("opened", "incident", "tier", "rule", "#detected in", "#taken in", "#lasted", "state"),
        tuple(_incident(review, one) for one in ranked[:_MOST]),
        empty="none",
        note=f"Times of {at_time(review.window.end, review.sources.zone).rsplit(' ', 1)[-1]}. {more}".strip(),
    )


def _incident(review: Review, one: Lived) -> tuple[Cell, ...]:
    about, times = one.incident, one.times
    lasted = times.lasted(review.sources.now)
    again = f" (came back ×{about.reopened})" if about.reopened else ""
    return row(
        on_minute(about.opened_at, review.sources.zone),
        Cell(short(about.title, 120) + again, link=review.sources.page(f"/reports/incident/{about.incident_id}")),
        Cell(str(about.tier), mark=Mark.BAD if one.is_urgent else Mark.NONE),
        str(about.conditions[0].rule) if about.conditions else "",
        Cell(lasting(times.to_detect), seconds(times.to_detect)),
        Cell(lasting(times.to_acknowledge), seconds(times.to_acknowledge)),
        Cell(lasting(lasted), seconds(lasted)),
        str(about.state),
    )


def noise(review: Review, incidents: Incidents) -> Section:
    """By rule: told, never acknowledged, over by themselves in no time; and the setting to change."""
    del review
    by_rule: dict[str, list[Lived]] = defaultdict(list)
    for one in incidents.week:
        if one.was_told and one.incident.conditions:
            by_rule[str(one.incident.conditions[0].rule)].append(one)
    ranked = sorted(by_rule.items(), key=lambda pair: (-sum(o.is_noise for o in pair[1]), -len(pair[1]), pair[0]))
    table = Table(
        "By rule",
        columns("rule", "#told", "#never acknowledged", "#over in 5 min", "#both", "what to change"),
        tuple(_rule(name, told) for name, told in ranked if any(o.never_taken or o.was_brief for o in told)),
        empty="nothing that anybody was told of was noise",
        note="Never acknowledged: over without anybody taking it. Over in 5 min: by itself, within 5 minutes. "
        " Try a change on what was measured before you make it: `leadline backtest`.",
    )
    return Section("noise", "Alerts that helped nobody", (table,))


def _rule(name: str, told: list[Lived]) -> tuple[Cell, ...]:
    never, brief, both = (sum(getattr(o, part) for o in told) for part in ("never_taken", "was_brief", "is_noise"))
    setting = f"alerts.yaml, rules.{name}.for: longer than what is over by itself"
    own = _CHANGES.get(Rule(name)) if name in set(Rule) else None
    return row(
        name,
        Cell(f"{len(told)}", float(len(told))),
        Cell(f"{never}", float(never)),
        Cell(f"{brief}", float(brief)),
        Cell(f"{both}", float(both), Mark.WARN if both else Mark.NONE),
        f"{setting}; or {own}" if own else setting,
    )
