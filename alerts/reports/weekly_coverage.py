"""How much of what was promised was measured, and what measuring cost the vendors."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from alerts.reports.document import Cell, Mark, Section, Table, columns, row
from alerts.reports.weekly_latency import Figures
from alerts.reports.wording import change, count, number, share
from metrics.model import Coverage
from metrics.store.coverage import coverage_by_integration

if TYPE_CHECKING:
    from alerts.reports.weekly import Review

_MOST: Final = 15
_LITTLE: Final = 0.95


@dataclass(frozen=True, slots=True)
class Covered:
    """Measured ÷ expected time of everything together, and by integration; None where nothing was expected."""

    week: float | None
    before: float | None
    parts: tuple[tuple[Coverage, Coverage], ...]


def found(review: Review, figures: Figures) -> Covered:
    """Of every declared integration."""
    del figures
    declared = review.sources.config.integrations
    windows = (review.window, review.before)
    known = review.sources.ask(lambda con: coverage_by_integration(con, declared, windows))
    by = {(one.integration, one.window): one for one in known}
    pairs = tuple(
        (by[one.name, windows[0]], by[one.name, windows[1]]) for one in declared if (one.name, windows[0]) in by
    )
    return Covered(_share([now for now, _ in pairs]), _share([then for _, then in pairs]), pairs)


def section(review: Review, covered: Covered) -> Section:
    """The integrations with the least of it."""
    del review
    thin = sorted(
        (p for p in covered.parts if (p[0].share or 0.0) < 1), key=lambda p: (p[0].share or 0.0, p[0].integration)
    )
    few = [pair for pair in thin if pair[0].expected][:_MOST]
    table = Table(
        "Least covered",
        columns("integration", "#coverage", "#the week before", "#measured slices", "#expected"),
        tuple(_row(now, then) for now, then in few),
        empty="every slice of every schedule was measured"
        if any(p[0].expected for p in covered.parts)
        else "nothing was expected",
        note=f"All together {share(covered.week, 1)} ({share(covered.before, 1)} the week before): measured ÷ expected "
        "time of the schedules; a throttled run counts, a skipped or tainted one does not.",
    )
    return Section("coverage", "Coverage", (table,))


def _row(now: Coverage, then: Coverage) -> tuple[Cell, ...]:
    mark = Mark.WARN if (now.share or 0.0) < _LITTLE else Mark.NONE
    return row(
        now.integration,
        Cell(share(now.share, 1), now.share, mark),
        number(then.share, share(then.share, 1)),
        number(now.measured, count(now.measured)),
        number(now.expected, count(now.expected)),
    )


def _share(parts: list[Coverage]) -> float | None:
    expected = sum(one.expected_ms for one in parts)
    return sum(one.measured_ms for one in parts) / expected if expected else None


def cost(review: Review, figures: Figures) -> Section:
    """Requests that our own probes made, by vendor."""
    vendors = {one.name: one.vendor for one in review.sources.config.integrations}
    calls: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for now, then in figures.pairs:
        known = calls[vendors[now.integration]]
        known[0] += now.rates.requests
        known[1] += then.rates.requests
        known[2] += 1
    days = max(review.window.length / timedelta(days=1), 1 / 24)
    ranked = sorted(calls.items(), key=lambda pair: (-pair[1][0], pair[0]))
    table = Table(
        "Calls of our own probes",
        columns("vendor", "#integrations", "#calls this week", "#a day", "#the week before", "#change"),
        tuple(
            row(
                vendor, number(integrations, count(integrations)), number(now, count(now)),
                number(now / days, count(now / days)), number(then, count(then)), Cell(change(now, then)),
            )
            for vendor, (now, then, integrations) in ranked[:_MOST]
            if now or then
        ),
        empty="no call was made",
        note="Every request counts, retries and clean-ups too; what a call costs of a quota is the vendor's affair.",
    )  # fmt: skip
    return Section("cost", "What probing cost", (table,))
