"""Objectives kept and missed, and what is left of the budgets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from alerts.reports.document import Cell, Mark, Section, Table, columns, row
from alerts.reports.wording import count, number, share
from metrics.spending import Spent, spending

if TYPE_CHECKING:
    from alerts.reports.weekly import Review

_MOST: Final = 40
_WEEK, _BEFORE = 0, 1


@dataclass(frozen=True, slots=True)
class Objectives:
    """What was counted for each, in the week and the one before."""

    spent: tuple[Spent, ...]

    @property
    def kept(self) -> tuple[int, int]:
        """How many were kept in the week, of how many that anything was measured of."""
        return self._kept(_WEEK)

    @property
    def kept_before(self) -> tuple[int, int]:
        """The same of the week before."""
        return self._kept(_BEFORE)

    def _kept(self, stretch: int) -> tuple[int, int]:
        verdicts = [one.kept(stretch) for one in self.spent]
        return sum(verdict is True for verdict in verdicts), sum(verdict is not None for verdict in verdicts)


def found(review: Review) -> Objectives:
    """Of every declared objective; budgets as they stood at the end of the week."""
    windows = [review.window, review.before]
    config = review.sources.config
    return Objectives(review.sources.ask(lambda con: spending(con, config, windows, review.window.end)))


def section(review: Review, objectives: Objectives) -> Section:
    """What was missed or changed sides, and the budgets with the least left."""
    return Section("objectives", "Objectives", (_verdicts(review, objectives), _budgets(objectives)))


def _verdicts(review: Review, objectives: Objectives) -> Table:
    shown = [one for one in objectives.spent if False in (one.kept(_WEEK), one.kept(_BEFORE))]
    shown.sort(key=lambda one: (one.kept(_WEEK) is not False, -(one.share(_WEEK) or 0.0), one.subject, one.key))
    more = f"The first {_MOST} of {len(shown)}. " if len(shown) > _MOST else ""
    return Table(
        "Missed, this week or the one before",
        columns("whose", "objective", "this week", "#SLI", "#SLI before", "#n", "#budget spent", "#left"),
        tuple(_verdict(one) for one in shown[:_MOST]),
        empty="every objective was kept in both weeks" if objectives.spent else "no objective is declared",
        note=f"{more}Kept: the target held in the week by itself. Budget: of the objective's own window, as it stood "
        f"at the end of {review.week.name}.",
    )


def _verdict(one: Spent) -> tuple[Cell, ...]:
    now, then = one.kept(_WEEK), one.kept(_BEFORE)
    words = {
        (False, False): "missed again", (False, True): "missed, kept before", (True, False): "kept, missed before",
        (False, None): "missed", (None, False): "not measured, missed before",
    }.get((now, then), "kept")  # fmt: skip
    counted = one.within[_WEEK]
    return row(
        one.subject.replace(":", " "),
        one.key,
        Cell(words, mark=Mark.BAD if now is False else Mark.GOOD if now else Mark.NONE),
        number(one.sli(_WEEK), share(one.sli(_WEEK), 2)),
        number(one.sli(_BEFORE), share(one.sli(_BEFORE), 2)),
        number(counted.good + counted.bad, count(counted.good + counted.bad)),
        number(one.share(_WEEK), share(one.share(_WEEK))),
        Cell(share(one.left), one.left, Mark.BAD if one.left is not None and one.left <= 0 else Mark.NONE),
    )


def _budgets(objectives: Objectives) -> Table:
    known = sorted((one for one in objectives.spent if one.left is not None), key=lambda one: one.left or 0.0)
    touched = [one for one in known if (one.left or 0.0) < 1][:15]
    return Table(
        "Budgets with the least left",
        columns("whose", "objective", "#left", "#spent this week", "#the week before", "#minutes this week"),
        tuple(
            row(
                one.subject.replace(":", " "),
                one.key,
                Cell(share(one.left), one.left, Mark.BAD if (one.left or 0.0) <= 0 else Mark.NONE),
                number(one.share(_WEEK), share(one.share(_WEEK), 1)),
                number(one.share(_BEFORE), share(one.share(_BEFORE), 1)),
                number(one.minutes(_WEEK), f"{one.minutes(_WEEK) or 0.0:.1f} of {one.budget_minutes:.1f}"),
            )
            for one in touched
        ),
        empty="no budget was touched",
        note="Minutes: in which nothing works, of those that the target allows in the objective's window.",
    )
