"""Which objectives are counted from single runs, and which series each is about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

import numpy as np

from config.model import Config, Flow, Integration, Objective
from config.objective import SLICE
from metrics.model import flow_subject
from metrics.sliced import Slicing
from metrics.store.asked import all_objectives, longest_interval, series_of
from metrics.store.schedule import Series


@dataclass(frozen=True, slots=True)
class Watched:
    """An objective, whose it is, and the integrations that it is about."""

    place: int
    """Which of all objectives it is, in the order of the configuration, those of flows last."""
    subject: str
    objective: Objective
    members: tuple[Integration, ...]
    slicing: Slicing | None
    """None: every slice of a schedule counts by itself."""
    series: tuple[Series, ...]
    every: timedelta
    """How often at least it is told something: the longest interval of its workflows, or a slice of time."""


def watched(config: Config) -> list[Watched]:
    """All of that configuration."""
    flows = len(all_objectives(config))
    return [one for one in every_objective(config) if one.place >= flows or one.objective.from_runs]


def every_objective(config: Config) -> list[Watched]:
    """Every objective of that configuration as if it were counted from single runs, in its order."""
    promised = all_objectives(config)
    own = [_own(place, *pair) for place, pair in enumerate(promised)]
    return [*own, *_of_flows(config, len(promised))]


def _own(place: int, integration: Integration, objective: Objective) -> Watched:
    every = longest_interval(integration, objective)
    target = objective.slice_target or 1.0
    length = (objective.slice or SLICE) if objective.method == "time_slices" else None
    return _watched(place, integration.name, objective, (integration,), every, length, target, ())


def _of_flows(config: Config, first: int) -> Iterator[Watched]:
    promised = [(flow, objective) for flow in config.settings.flows for objective in flow.objectives]
    for place, (flow, objective) in enumerate(promised, start=first):
        members = config.members(flow)
        every = max(longest_interval(one) for one in members)
        length, target = objective.slice or every, objective.slice_target or 1.0
        weights = _weights(flow, members)
        yield _watched(place, flow_subject(flow.name), objective, members, every, length, target, weights)


def _weights(flow: Flow, members: Sequence[Integration]) -> tuple[float, ...]:
    return tuple(flow.weights.get(one.name, 1.0) for one in members) if flow.weights else ()


def _watched(
    place: int,
    subject: str,
    objective: Objective,
    members: tuple[Integration, ...],
    every: timedelta,
    length: timedelta | None,
    target: float,
    weights: tuple[float, ...],
) -> Watched:
    series = [(number, one) for number, member in enumerate(members) for one in series_of(member, objective)]
    slicing = None
    if length is not None:
        member = np.array([number for number, _ in series], np.int64)
        slicing = Slicing(length // timedelta(milliseconds=1), Fraction(repr(target)), member, weights)
    return Watched(
        place, subject, objective, members, slicing, tuple(one for _, one in series), max(every, length or every)
    )
