"""Runs that maintenance excuses: kept for inspection, and counted by nothing.

An excused run is a skipped one. So whatever leaves out skipped runs (slices, percentiles, error rates, what is learned,
roll-ups, streaks) leaves it out too, and an objective decides as for any skipped maintenance whether that time was
promised (docs/decisions/0013-maintenance.md).
"""

from __future__ import annotations

from dataclasses import replace

from config.matching import Coverage, Values
from config.model import Config
from config.traits import integration_traits
from config.windows import Entries, Timetable
from metrics.kinds import MAINTENANCE
from probes.model import Outcome, Run


def excused(run: Run, config: Config, entries: Entries) -> Run:
    """The run as it is to be stored.

    Skipped, with what became of it in its reason, where it was scheduled in a maintenance window that is left out of
    the SLO and covers it, or covers the integration that it failed at; else as it is.
    """
    excluded = tuple(window for window in config.alerting.maintenance if window.slo == "excluded")
    if not excluded:
        return run
    timetable = Timetable(excluded, config.settings.hub.timezone, entries)
    meant = [_traits(run, name, config) for name in (run.integration, run.failed_integration) if name is not None]
    for one in timetable.open_at(run.scheduled_at):
        if any(map(Coverage.of(one.window.match).holds, meant)):
            return _skipped(run, one.window.name)
    return run


def _traits(run: Run, name: str, config: Config) -> Values:
    integration = config.integration(name)
    known = integration_traits(integration) if integration else {"subject": (name,), "integration": (name,)}
    return {**known, "workflow": (run.workflow,), "region": (run.region,)}


def _skipped(run: Run, window: str) -> Run:
    """Its steps, its evidence and its quota readings are as they were; what they would teach about the vendor's API is
    not, because a page that says "back soon" is none of its answers."""
    return replace(
        run,
        outcome=Outcome.SKIPPED,
        skip_reason=f"{MAINTENANCE} {window} (was: {_was(run)})",
        failure=None,
        failed_step=None,
        failed_integration=None,
        circuit_open=False,
        values={},
        shapes=(),
        changes=(),
        steps=tuple(replace(step, shape_id=None) for step in run.steps),
    )


def _was(run: Run) -> str:
    if run.failure is None:
        return str(run.outcome)
    decisive = next((step for step in reversed(run.steps) if step.name == run.failed_step), None)
    status = decisive.status if decisive else None
    where = f"{run.failed_step} → " if run.failed_step else ""
    return f"{run.outcome}, {where}{status or run.failure.kind}"
