"""How an integration stands, in one word, from what the last evaluation saw."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from config.model import Confirmation
from metrics.model import Evaluation, RegionVerdict, State, WorkflowVerdict
from probes.model import Outcome

_FRESH_INTERVALS: Final = 3
_FRESH_GRACE: Final = timedelta(seconds=60)


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


def _is_degraded(name: str, evaluation: Evaluation, confirm: Confirmation, regions: Sequence[RegionVerdict]) -> bool:
    firing = any(burn.firing for o in evaluation.objectives if o.integration == name for burn in o.burns)
    failing = any(region.failing for region in regions)
    unusual = any(verdict.key.integration == name for verdict in evaluation.learned or ())
    return firing or failing or unusual or name in _blamed_from_elsewhere(evaluation, confirm)


def _blamed_from_elsewhere(evaluation: Evaluation, confirm: Confirmation) -> set[str | None]:
    """Integrations that workflows of others find broken."""
    down = (verdict for verdict in evaluation.workflows if is_down(verdict, confirm))
    return {region.failed_integration for verdict in down for region in failing_regions(verdict, confirm)}


def integration_state(name: str, evaluation: Evaluation, confirm: Confirmation) -> State:
    """The worst that holds for any workflow of the integration; NO_DATA when no region reported lately."""
    verdicts = [verdict for verdict in evaluation.workflows if verdict.integration == name]
    regions = [region for verdict in verdicts for region in verdict.regions]
    if not regions:
        return State.NO_DATA
    if any(is_down(verdict, confirm) and not fails_elsewhere(verdict, confirm) for verdict in verdicts):
        return State.DOWN
    if _is_degraded(name, evaluation, confirm, regions):
        return State.DEGRADED
    if any(region.last_outcome is Outcome.THROTTLED for region in regions):
        return State.THROTTLED
    if any(region.last_outcome is Outcome.UNSTABLE for region in regions):
        return State.UNSTABLE
    return State.UP
