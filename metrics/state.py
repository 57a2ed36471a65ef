"""How an integration stands, in one word, from what the last evaluation saw."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from config.model import Confirmation
from metrics.model import Evaluation, ObjectiveStatus, RegionVerdict, State, WorkflowVerdict
from probes.model import Outcome

_FRESH_INTERVALS: Final = 3
_FRESH_GRACE: Final = timedelta(seconds=60)
_WELL: Final = frozenset({State.UP, State.UNSTABLE, State.THROTTLED})


def quiet_after(every: timedelta) -> timedelta:
    """How old the latest run of a workflow may be: three intervals and a minute. Older, and nobody reports on it."""
    return _FRESH_INTERVALS * every + _FRESH_GRACE


def is_fresh(at: datetime, every: timedelta, now: datetime) -> bool:
    """Whether a workflow's run at that instant still says how it is."""
    return now - at <= quiet_after(every)


def failing_regions(verdict: WorkflowVerdict, confirm: Confirmation) -> tuple[RegionVerdict, ...]:
    """The regions where the workflow has failed often enough in a row to believe it."""
    return tuple(region for region in verdict.regions if region.failing >= confirm.failures)


def is_down(verdict: WorkflowVerdict, confirm: Confirmation) -> bool:
    """Whether more than the quorum's share of the reporting regions see confirmed failures.

    With a quorum of 50 %, one region of one is enough, and one of two is not.
    """
    failing, reporting = len(failing_regions(verdict, confirm)), len(verdict.regions)
    # Nothing exceeds a quorum of 100 %; all of them is what it means.
    return failing > 0 and (failing / reporting > confirm.quorum or failing == reporting)


def fails_elsewhere(verdict: WorkflowVerdict, confirm: Confirmation) -> bool:
    """Whether all of its confirmed failures happened in another integration, which it has steps against."""
    failing = failing_regions(verdict, confirm)
    return bool(failing) and all(region.failed_integration is not None for region in failing)


def _blamed_from_elsewhere(evaluation: Evaluation, confirm: Confirmation) -> set[str | None]:
    """Integrations that workflows of others find broken."""
    down = (verdict for verdict in evaluation.workflows if is_down(verdict, confirm))
    return {region.failed_integration for verdict in down for region in failing_regions(verdict, confirm)}


@dataclass(frozen=True, slots=True)
class Recovery:
    """An outage that is over while a burn-rate window still remembers it."""

    since: datetime | None
    """When the runs began to be good again; None where that is longer ago than their streaks reach."""
    good_for: timedelta
    """At least so long nothing was bad."""
    burnt: float
    """The share of the error budget that went within the windows that remember it; above 1 it was more than all."""


class States:
    """How every integration stands at one evaluation; what they share is worked out once."""

    def __init__(self, evaluation: Evaluation, confirm: Confirmation) -> None:
        self._confirm = confirm
        self._verdicts: dict[str, list[WorkflowVerdict]] = defaultdict(list)
        self._burning: dict[str, list[ObjectiveStatus]] = defaultdict(list)
        for verdict in evaluation.workflows:
            self._verdicts[verdict.integration].append(verdict)
        for status in evaluation.objectives:
            if any(burn.firing for burn in status.burns):
                self._burning[status.integration].append(status)
        self._unusual = {verdict.key.integration for verdict in evaluation.learned or ()}
        self._blamed = _blamed_from_elsewhere(evaluation, confirm)
        self._found: dict[str, State] = {}

    def of(self, name: str) -> State:
        """The worst that holds for any workflow of the integration; NO_DATA when no region reported lately."""
        if name not in self._found:
            self._found[name] = self._worst(name)
        return self._found[name]

    def recovery(self, name: str) -> Recovery | None:
        """What burn-rate windows remember of an integration that is well again; None where there is nothing to tell."""
        burning = self._burning.get(name)
        if not burning or self.of(name) not in _WELL:
            return None
        good_for = min(_good_for(status) for status in burning)
        return Recovery(_since(self._verdicts[name]), good_for, max(_burnt(status) for status in burning))

    def _worst(self, name: str) -> State:
        verdicts = self._verdicts.get(name, [])
        regions = [region for verdict in verdicts for region in verdict.regions]
        if not regions:
            return State.NO_DATA
        if any(is_down(verdict, self._confirm) and not fails_elsewhere(verdict, self._confirm) for verdict in verdicts):
            return State.DOWN
        if self._is_degraded(name, regions):
            return State.DEGRADED
        return _of_outcomes(region.last_outcome for region in regions)

    def _is_degraded(self, name: str, regions: Sequence[RegionVerdict]) -> bool:
        burning = any(not _is_remembered(status) for status in self._burning.get(name, ()))
        failing = any(region.failing for region in regions)
        return burning or failing or name in self._unusual or name in self._blamed


def region_state(region: RegionVerdict, confirm: Confirmation) -> State:
    """How a workflow stands seen from one region alone."""
    if region.failing:
        return State.DOWN if region.failing >= confirm.failures else State.DEGRADED
    return _of_outcomes([region.last_outcome])


def integration_state(name: str, evaluation: Evaluation, confirm: Confirmation) -> State:
    """How one integration stands; whoever asks about many makes `States` once."""
    return States(evaluation, confirm).of(name)


def _of_outcomes(outcomes: Iterable[Outcome]) -> State:
    """How it stands where nothing fails."""
    ended = set(outcomes)
    if Outcome.THROTTLED in ended:
        return State.THROTTLED
    return State.UNSTABLE if Outcome.UNSTABLE in ended else State.UP


def _is_remembered(status: ObjectiveStatus) -> bool:
    """Whether nothing was bad within the shortest window: what burns is what went before it."""
    return min(status.burns, key=lambda burn: burn.pair.short).short_burn == 0


def _good_for(status: ObjectiveStatus) -> timedelta:
    """The longest of the short windows in which nothing was bad."""
    return max((burn.pair.short for burn in status.burns if burn.short_burn == 0), default=timedelta(0))


def _burnt(status: ObjectiveStatus) -> float:
    firing = (burn for burn in status.burns if burn.firing)
    return max(((burn.long_burn or 0.0) * (burn.pair.long / status.objective.length) for burn in firing), default=0.0)


def _since(verdicts: Sequence[WorkflowVerdict]) -> datetime | None:
    """When the last region that had failed was good again, as far as the looked at runs reach."""
    turned = [
        region.last_run_at - (region.good - 1) * verdict.every
        for verdict in verdicts
        for region in verdict.regions
        if 0 < region.good < len(region.latest)
    ]
    return max(turned, default=None)
