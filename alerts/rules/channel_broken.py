"""A channel has refused for good, or has taken nothing for a quarter of an hour: the other channels tell."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from alerts.model import Blame, Condition, Rule, Tier
from alerts.scene import RuleKind, Scene

_REFUSED: Final = "the channel refused for good; check its options and its other end"
_FAILS: Final = "the channel has taken nothing since; its messages wait and are tried again"
FAILS_FOR: Final = timedelta(minutes=15)
"""What fails for a shorter time may come back by itself, and its messages wait."""


def _holds(scene: Scene) -> Iterator[Condition]:
    configured = {channel.name for channel in scene.config.alerting.channels}
    for fault in scene.known.faults:
        if fault.channel in configured and (fault.for_good or scene.at - fault.since >= FAILS_FOR):
            yield Condition(
                key=f"channel:{fault.channel}/{Rule.CHANNEL_BROKEN}",
                rule=Rule.CHANNEL_BROKEN,
                tier=Tier.DEGRADED,
                subject=f"channel:{fault.channel}",
                since=fault.since,
                summary=f"messages do not get through: {fault.problem}",
                blame=Blame.OURS,
                blame_reason=_REFUSED if fault.for_good else _FAILS,
                title=f"Channel {fault.channel} BROKEN",
            )


def _lingers(_condition: Condition, _scene: Scene) -> None:
    """A channel that has delivered since, or is no longer configured, is over."""
    return


RULE = RuleKind(_holds, _lingers)
