"""A channel has refused a message for good: the other channels tell."""

from __future__ import annotations

from collections.abc import Iterator

from alerts.model import Blame, Condition, Rule, Tier
from alerts.scene import RuleKind, Scene


def _holds(scene: Scene) -> Iterator[Condition]:
    configured = {channel.name for channel in scene.config.alerting.channels}
    for fault in scene.known.faults:
        if fault.channel in configured:
            yield Condition(
                key=f"channel:{fault.channel}/{Rule.CHANNEL_BROKEN}",
                rule=Rule.CHANNEL_BROKEN,
                tier=Tier.DEGRADED,
                subject=f"channel:{fault.channel}",
                since=fault.since,
                summary=f"messages do not get through: {fault.problem}",
                blame=Blame.OURS,
                blame_reason="the channel refused for good; check its options and its other end",
                title=f"Channel {fault.channel} BROKEN",
            )


def _lingers(_condition: Condition, _scene: Scene) -> None:
    """A channel that has delivered since, or is no longer configured, is over."""
    return


RULE = RuleKind(_holds, _lingers)
