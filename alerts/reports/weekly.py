"""The weekly review: an ISO week against the one before."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from alerts.reports import weekly_ahead, weekly_coverage, weekly_incidents, weekly_latency, weekly_objectives
from alerts.reports.document import Document, Figure, Figures, Kind, Mark, Paragraph, Section
from alerts.reports.sources import Sources
from alerts.reports.weeks import Week
from alerts.reports.wording import at_time, lasting, plural, seconds, share
from metrics.model import Window
from metrics.store.outcomes import first_measured


class FutureWeekError(ValueError):
    """The week has not begun; `str()` says which one it is now."""


@dataclass(frozen=True)
class Review:
    """A week and the one before it, as far as they are over."""

    sources: Sources
    week: Week

    @cached_property
    def window(self) -> Window:
        """The week; of the one that goes on, up to now."""
        whole = self.week.window(self.sources.zone)
        return Window(whole.start, min(whole.end, self.sources.now))

    @cached_property
    def before(self) -> Window:
        """The week before; of the one that goes on, the same part of it."""
        whole = self.week.before.window(self.sources.zone)
        return Window(whole.start, min(whole.end, whole.start + self.window.length)) if self.so_far else whole

    @property
    def so_far(self) -> bool:
        """Whether the week goes on."""
        return self.window.end < self.week.window(self.sources.zone).end

    @cached_property
    def measured(self) -> bool:
        """Whether anything was measured before it ended."""
        first = self.sources.ask(first_measured)
        return first is not None and first < self.window.end

    @property
    def names(self) -> tuple[str, ...]:
        """The declared integrations."""
        return tuple(one.name for one in self.sources.config.integrations)


def weekly_review(sources: Sources, week: Week) -> Document:
    """Raises FutureWeekError for a week that has not begun."""
    review = Review(sources, week)
    zone = sources.zone
    if week.window(zone).start >= sources.now:
        raise FutureWeekError(f"{week.name} has not begun; it is {Week.of(sources.now, zone).name} now")
    objectives = weekly_objectives.found(review)
    incidents = weekly_incidents.found(review)
    figures = weekly_latency.found(review)
    covered = weekly_coverage.found(review, figures)
    span = f"{at_time(review.window.start, zone)} to {at_time(review.window.end, zone)}"
    against = f"the same part of {week.before.name}" if review.so_far else week.before.name
    sections = (
        Section("figures", "At a glance", (_figures(objectives, incidents, covered),)),
        weekly_objectives.section(review, objectives),
        weekly_incidents.section(review, incidents),
        weekly_latency.section(review, figures),
        weekly_latency.errors(review, figures),
        weekly_ahead.quotas(review),
        weekly_ahead.due(review),
        weekly_incidents.noise(review, incidents),
        weekly_coverage.section(review, covered),
        weekly_coverage.cost(review, figures),
    )
    empty = Section("empty", "Nothing was measured", (Paragraph(_nothing(review), Mark.WARN),))
    return Document(
        kind=Kind.WEEKLY,
        key=week.name,
        title=f"Weekly review {week.name}" + (", so far" if review.so_far else ""),
        subtitle=f"{span} · against {against} · {plural(len(review.names), 'integration')}",
        generated_at=sources.now,
        time_zone=str(zone),
        summary=_summary(review, objectives, incidents, figures) if review.measured else (_nothing(review),),
        sections=sections if review.measured else (empty, sections[2], sections[6]),
        so_far=review.so_far,
        link=sources.page(f"/reports/weekly/{week.name}"),
        facts=_facts(review, objectives, incidents, covered),
    )


def _nothing(review: Review) -> str:
    return f"No run was measured in {review.week.name} or before it, so there is nothing to review."


def _summary(
    review: Review,
    objectives: weekly_objectives.Objectives,
    incidents: weekly_incidents.Incidents,
    figures: weekly_latency.Figures,
) -> tuple[str, ...]:
    kept, judged = objectives.kept
    before, judged_before = objectives.kept_before
    opened, opened_before = len(incidents.week), len(incidents.before)
    urgent = sum(one.is_urgent for one in incidents.week)
    said = [
        f"{kept} of {plural(judged, 'objective')} kept ({before} of {judged_before} in the week before)."
        if judged
        else "No objective could be judged.",
        f"{plural(opened, 'incident')}, {urgent} of them urgent ({opened_before} in the week before)"
        + (f"; {incidents.noisy} of no use to anybody." if incidents.noisy else "."),
        weekly_latency.headline(figures),
    ]
    if figures.simulated:
        said.append(f"{share(figures.simulated)} of what was measured is simulated history.")
    return tuple(sentence for sentence in said if sentence)


def _figures(
    objectives: weekly_objectives.Objectives,
    incidents: weekly_incidents.Incidents,
    covered: weekly_coverage.Covered,
) -> Figures:
    kept, judged = objectives.kept
    before, judged_before = objectives.kept_before
    items = [
        Figure("objectives_kept", "Objectives kept", f"{kept} of {judged}", kept / judged if judged else None, "share",
               f"{before} of {judged_before} the week before", mark=Mark.BAD if kept < judged else Mark.GOOD),
        Figure("incidents", "Incidents", f"{len(incidents.week)}", float(len(incidents.week)), "incidents",
               f"{len(incidents.before)} the week before"),
    ]  # fmt: skip
    for name, label, part in (
        ("mttd", "Median time to detect", "to_detect"),
        ("mtta", "Median time to acknowledge", "to_acknowledge"),
        ("mttr", "Median time to resolve", "to_resolve"),
    ):
        (now, n), (then, _) = incidents.median(part), incidents.median(part, before=True)
        then_words = f"{lasting(then)} the week before" if then is not None else ""
        items.append(Figure(name, label, lasting(now), seconds(now), "s", then_words, n))
    before_words = f"{share(covered.before, 1)} the week before" if covered.before is not None else ""
    items.append(Figure("coverage", "Coverage", share(covered.week, 1), covered.week, "share", before_words))
    return Figures(tuple(items))


def _facts(
    review: Review,
    objectives: weekly_objectives.Objectives,
    incidents: weekly_incidents.Incidents,
    covered: weekly_coverage.Covered,
) -> dict[str, Any]:
    kept, judged = objectives.kept
    return {
        "week": review.week.name,
        "from": review.window.start.isoformat(),
        "to": review.window.end.isoformat(),
        "measured": review.measured,
        "objectives_kept": kept,
        "objectives_judged": judged,
        "incidents": len(incidents.week),
        "noisy": incidents.noisy,
        "mttd_s": seconds(incidents.median("to_detect")[0]),
        "mtta_s": seconds(incidents.median("to_acknowledge")[0]),
        "mttr_s": seconds(incidents.median("to_resolve")[0]),
        "coverage": covered.week,
    }
