"""A prober has not been heard of, or tells of a problem of its own: what it watches is unknown, not down."""

from __future__ import annotations

from collections.abc import Iterator

from alerts.model import Blame, Condition, Rule, Tier
from alerts.scene import RuleKind, Scene
from metrics.model import ProberVerdict


def _holds(scene: Scene) -> Iterator[Condition]:
    told = {condition.key for condition in scene.before(Rule.PROBER_SILENT)}
    for prober in scene.evaluation.probers:
        # A hub that was away has heard of nobody, which says nothing about them.
        unheard = prober.silent and not scene.has_listened(scene.config.alerting.confirm.prober_silent_after)
        if (prober.silent or prober.problem) and (not unheard or _key(prober) in told):
            yield _condition(scene, prober)


def _condition(scene: Scene, prober: ProberVerdict) -> Condition:
    word = "SILENT" if prober.silent else "HAS A PROBLEM"
    unseen = f"region {prober.region} is not watched by it: last heard of {prober.last_seen:%Y-%m-%d %H:%M:%S} UTC"
    return Condition(
        key=_key(prober),
        rule=Rule.PROBER_SILENT,
        tier=Tier.DEGRADED,
        subject=f"prober:{prober.prober_id}",
        since=prober.last_seen if prober.silent else scene.at,
        summary=unseen if prober.silent else f"region {prober.region}: {prober.problem}",
        blame=Blame.PROBER,
        blame_reason="no word from the prober" if prober.silent else "the prober says so itself",
        title=f"Prober {prober.prober_id} {word}",
        regions=(prober.region,),
    )


def _key(prober: ProberVerdict) -> str:
    return f"prober:{prober.prober_id}/{Rule.PROBER_SILENT}"


def _lingers(_condition: Condition, _scene: Scene) -> None:
    """A prober that reports again, or is gone from the list, is over at once."""
    return


RULE = RuleKind(_holds, _lingers)
