"""What reaches back into an outage that people were told of: it remembers that one, and tells of no other."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from alerts.model import Rule
from alerts.scene import Scene, region_subject


def is_old_news(scene: Scene, members: Collection[str], since: datetime, subject: str | None = None) -> bool:
    """Whether what happened from `since` on to these integrations, and to the subject that they stand for, includes
    trouble that people have heard of.

    While a workflow is down it does not: what else is wrong then belongs to the same incident and is listed there.
    """
    if any(scene.holding(Rule.WORKFLOW_DOWN, name) for name in members):
        return False
    regions = {region_subject(region) for name in members for region in scene.regions_of(name)}
    subjects = {*members, *regions, *([subject] if subject else ())}
    ends = (scene.told_until(one) for one in subjects)
    return any(end is not None and since < end for end in ends)
