"""Which thresholds the runs of each integration are held against, laid out as a few columns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from config.model import Objective
from metrics.judgement import MEASURES

_Limit = tuple[str, float]
"""A measured column and the threshold it is held against, in milliseconds."""


@dataclass(frozen=True, slots=True)
class Limits:
    """One row per integration; the columns are as many as the integration with the most thresholds needs."""

    measures: Sequence[str]
    """The measured column that each limit column belongs to."""
    rows: Mapping[str, Sequence[float | None]]
    """By integration: its threshold in each limit column, in milliseconds; None where it has no more."""

    @classmethod
    def of(cls, asked: Iterable[tuple[str, Objective]]) -> Limits:
        """The limits of these objectives, by the name of their integration."""
        wanted: dict[str, dict[str, set[float]]] = defaultdict(lambda: defaultdict(set))
        for name, objective in asked:
            if limit := _limit(objective):
                wanted[name][limit[0]].add(limit[1])
        widths = {m: max((len(own[m]) for own in wanted.values()), default=0) for m in sorted(MEASURES.values())}
        rows = {
            name: [f for m, width in widths.items() for f in _padded(own[m], width)] for name, own in wanted.items()
        }
        return cls([measure for measure, width in widths.items() for _ in range(width)], rows)

    def place(self, integration: str, objective: Objective) -> int | None:
        """In which column the objective's limit stands; None when it has none."""
        limit = _limit(objective)
        if limit is None:
            return None
        return list(zip(self.measures, self.rows[integration], strict=True)).index(limit)

    @property
    def columns(self) -> str:
        """The limit columns, to stand beside one integration each; bound by `parameters`."""
        return "".join(f", unnest($limit_{i}) AS limit_{i}" for i in range(len(self.measures)))

    @property
    def comparisons(self) -> str:
        """Whether a run kept each limit; null when it was not measured, or when there is no such limit."""
        return "".join(f", {measure} <= limit_{i} AS within_{i}" for i, measure in enumerate(self.measures))

    def parameters(self, integrations: Sequence[str]) -> dict[str, list[float | None]]:
        """The values of `columns`, for the integrations in that order."""
        return {
            f"limit_{i}": [self.rows[name][i] if name in self.rows else None for name in integrations]
            for i in range(len(self.measures))
        }


def _limit(objective: Objective) -> _Limit | None:
    column = MEASURES.get(objective.sli)
    return (column, (objective.threshold or timedelta()) / timedelta(milliseconds=1)) if column else None


def _padded(thresholds: set[float], width: int) -> list[float | None]:
    return [*sorted(thresholds), *[None] * (width - len(thresholds))]
