"""A workflow that nobody reports on, although a prober is alive that should: it is not watched, and nobody knew.

A prober that is silent explains it, and so does what was skipped on purpose. A workflow that has never been heard of
gets as long as one that fell silent would.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from alerts.messages import duration
from alerts.model import Blame, Condition, Rule, Tier
from alerts.scene import NO_FRESH_DATA, RuleKind, Scene
from metrics.model import ProberVerdict
from metrics.operating import Unreported
from metrics.state import quiet_after
from probes.model import Outcome


def _holds(scene: Scene) -> Iterator[Condition]:
    for one in scene.evaluation.unreported:
        alive = _alive(scene, one)
        if alive and not _is_meant(one) and scene.has_listened(quiet_after(one.every)):
            yield _condition(scene, one, alive)


def _lingers(condition: Condition, scene: Scene) -> Condition | None:
    one = _found(condition, scene)
    if one is None or _is_meant(one) or scene.config.integration(one.integration) is None:
        return None
    # Silent probers explain it from now on; that does not make it known.
    return replace(condition, note=NO_FRESH_DATA)


def _patience(condition: Condition, scene: Scene) -> timedelta:
    one = _found(condition, scene)
    return quiet_after(one.every) if one is not None and one.last_run_at is None else timedelta(0)


def _found(condition: Condition, scene: Scene) -> Unreported | None:
    return next((one for one in scene.evaluation.unreported if _key(one) == condition.key), None)


def _alive(scene: Scene, one: Unreported) -> list[ProberVerdict]:
    """Probers that have had this workflow to run for long enough."""
    regions = scene.regions_of(one.integration, one.workflow)
    return [
        prober
        for prober in scene.evaluation.probers
        if prober.region in regions
        and not prober.silent
        and not prober.problem
        and prober.config_version == scene.config.version
        and scene.at - prober.started_at > quiet_after(one.every)
    ]


def _is_meant(one: Unreported) -> bool:
    """Maintenance, a quota that is spared, an open circuit: we do not ask, and know why."""
    return one.outcome is Outcome.SKIPPED


def _condition(scene: Scene, one: Unreported, alive: list[ProberVerdict]) -> Condition:
    integration = scene.config.integration(one.integration)
    label = integration.label if integration else one.integration
    names = ", ".join(prober.prober_id for prober in alive)
    waiting = sum(prober.outbox_depth for prober in alive)
    why = f"prober {names} is alive, has this configuration, and tells nothing of it"
    if one.outcome is Outcome.TAINTED:
        why = f"prober {names} is too busy: its own delays spoil every run"
    elif waiting:
        why += f"; {waiting:,} batches wait to be sent"
    return Condition(
        key=_key(one),
        rule=Rule.NO_DATA,
        tier=Tier.DEGRADED,
        subject=one.integration,
        since=one.last_run_at or scene.at,
        summary=_summary(scene, one),
        blame=Blame.PROBER,
        blame_reason=why,
        workflow=one.workflow,
        title=f"{label} {one.workflow} NOT WATCHED",
        regions=tuple(sorted({prober.region for prober in alive})),
    )


def _summary(scene: Scene, one: Unreported) -> str:
    regions = ", ".join(sorted(scene.regions_of(one.integration, one.workflow)))
    if one.last_run_at is None:
        return f"no run has been reported from {regions}; one is due every {duration(one.every)}"
    return (
        f"no run from {regions} since {one.last_run_at:%Y-%m-%d %H:%M:%S} UTC; one is due every {duration(one.every)}"
    )


def _key(one: Unreported) -> str:
    return f"{one.integration}/{Rule.NO_DATA}/{one.workflow}"


RULE = RuleKind(_holds, _lingers, _patience)
