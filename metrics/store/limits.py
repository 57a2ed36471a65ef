"""The thresholds that slices are held against."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from config.model import Integration, Objective
from metrics.judgement import MEASURES


@dataclass(frozen=True, slots=True, order=True)
class Limit:
    """What the good runs of one integration are held against; what takes longer is beyond it."""

    integration: str
    measure: str
    """The measured column of the runs."""
    limit_ms: float


def limit_of(integration: str, objective: Objective) -> Limit | None:
    """The limit of an objective; None when it has none."""
    column = MEASURES.get(objective.sli)
    if column is None:
        return None
    return Limit(integration, column, (objective.threshold or timedelta()) / timedelta(milliseconds=1))


def limits_of(integrations: Iterable[Integration]) -> frozenset[Limit]:
    """Every limit that these declare and that roll-ups count by."""
    asked = ((one.name, objective) for one in integrations for objective in one.objectives if not objective.from_runs)
    return frozenset(limit for name, objective in asked if (limit := limit_of(name, objective)))
