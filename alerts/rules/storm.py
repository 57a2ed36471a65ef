"""Many integrations went down at once: whatever it is, they have it in common. One page for all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from math import ceil
from typing import Final

from alerts.messages import listed
from alerts.model import Blame, Condition, Extent, Rule, Tier
from alerts.scene import NETWORK_KINDS, RuleKind, Scene
from alerts.storm import (
    STORM,
    Onset,
    broken,
    flows_hit,
    is_confirmed,
    joined,
    longest_interval,
    members_of,
    onset,
    wave,
)

KEY: Final = f"{STORM}/{Rule.STORM}"
FEW: Final = 3
"""Only a few are left when there are fewer than `storm.least` divided by this."""
_MOST: Final = 0.8
"""Of what so many have in common, it is said that they have it in common."""


def _holds(scene: Scene) -> Iterator[Condition]:
    if not any(broken(scene)):
        return
    storm, seen = scene.config.alerting.storm, onset(scene)
    found = wave(seen, storm, scene.at, storm.least)
    told = {c.subject for c in broken(scene) if c.key not in scene.waiting}
    if found is None or not is_confirmed(found, told, storm):
        return
    earlier = scene.earlier(Rule.STORM, KEY)
    base = found.members | _left(earlier, scene, seen)
    since = min(found.since, earlier.since) if earlier else found.since
    yield _condition(scene, joined(scene, seen, base, since), since, found.tried, earlier)


def _lingers(condition: Condition, scene: Scene) -> Condition | None:
    """Over when none is left, or only a few that have been looked at since the others recovered: those are told one by
    one then."""
    storm, seen = scene.config.alerting.storm, onset(scene)
    members = joined(scene, seen, _left(condition, scene, seen), condition.since)
    down = members & {c.subject for c in broken(scene)}
    now = _condition(scene, members, condition.since, len(seen.tried), condition)
    if len(down) >= ceil(storm.least / FEW):
        return now
    since = (condition.extent.few_since if condition.extent else None) or scene.at
    patience = min(longest_interval(scene, down), storm.within)
    if not down or scene.at - since > patience or now.extent is None:
        return None
    return replace(now, extent=replace(now.extent, few_since=since))


def _left(condition: Condition | None, scene: Scene, seen: Onset) -> frozenset[str]:
    """Its members that still fail."""
    if condition is None:
        return frozenset()
    down = {c.subject for c in broken(scene)} | set(seen.failing)
    return members_of([condition]) & down


def _condition(
    scene: Scene, members: frozenset[str], since: datetime, tried: int, earlier: Condition | None
) -> Condition:
    outages = [c for c in broken(scene) if c.subject in members]
    blamed, why = _cause(scene, members, outages)
    regions = sorted({region for c in outages for region in c.regions})
    condition = Condition(
        key=KEY,
        rule=Rule.STORM,
        tier=Tier.URGENT,
        subject=STORM,
        since=since,
        summary="",
        blame=blamed,
        blame_reason=why,
        evidence_ids=tuple(c.evidence_ids[0] for c in outages if c.evidence_ids)[:5],
        run_ids=tuple(c.run_ids[0] for c in outages if c.run_ids)[:5],
        title="Many integrations DOWN at once",
        regions=tuple(regions),
        extent=Extent(tuple(sorted(members)), max(len(members), _most(earlier))),
    )
    return replace(condition, summary=_summary(scene, condition, tried))


def _summary(scene: Scene, condition: Condition, tried: int) -> str:
    """`34 of 40 that were tried: hubspot, github and 32 more; flows checkout, lead-routing; from eu, us`."""
    members = sorted(members_of([condition]))
    total, most = max(tried, len(members)), _most(condition)
    peak = f" ({most} at most)" if most > len(members) else ""
    parts = [f"{len(members)} of {total} that were tried{peak}: {listed(members)}"]
    vendors = _vendors(scene, members)
    parts += [f"{len(vendors)} vendors: {listed(vendors)}"] if 1 < len(vendors) < len(members) else []
    flows = flows_hit([condition], scene.config)
    parts += [f"flows {listed(flows)}"] if flows else []
    parts += [f"from {listed(condition.regions)}"] if condition.regions else []
    return "; ".join(parts)


def _most(condition: Condition | None) -> int:
    return condition.extent.most if condition and condition.extent else 0


def _cause(scene: Scene, members: frozenset[str], outages: Sequence[Condition]) -> tuple[Blame, str]:
    """What they have in common, as far as it can be seen."""
    vendors = _vendors(scene, members)
    if len(vendors) == 1 and vendors[0] != "generic":
        return Blame.VENDOR, f"all of them are {vendors[0]}'s"
    if _share(scene, members) >= _MOST:
        return Blame.NETWORK, "they cannot be reached: look at what they share, network, DNS, proxy or firewall"
    blames = Counter(c.blame for c in outages)
    blame, count = blames.most_common(1)[0] if blames else (Blame.UNKNOWN, 0)
    if blame in (Blame.CREDENTIAL, Blame.PROBER, Blame.OURS) and count >= _MOST * len(outages):
        return blame, f"{count} of {len(outages)} look like this: {_reason(outages, blame)}"
    hosts = f"{len(vendors)} vendors at once" if len(vendors) > 1 else "all at once"
    return Blame.UNKNOWN, f"{hosts} do not fail by chance: look at what they share, network, proxy, TLS or a cloud"


def _share(scene: Scene, members: frozenset[str]) -> float:
    """Of the failing regions of all members, how many fail to connect."""
    regions = [
        region
        for name in members
        for verdict in scene.verdicts_of(name)
        for region in verdict.regions
        if region.failing
    ]
    return sum(region.kind in NETWORK_KINDS for region in regions) / len(regions) if regions else 0.0


def _reason(outages: Sequence[Condition], blame: Blame) -> str:
    return next(c.blame_reason for c in outages if c.blame is blame)


def _vendors(scene: Scene, members: Iterable[str]) -> tuple[str, ...]:
    found = Counter(one.vendor for name in members if (one := scene.config.integration(name)) is not None)
    return tuple(sorted(found, key=lambda vendor: (-found[vendor], vendor)))


RULE = RuleKind(_holds, _lingers)
"""After the rules of single integrations in the registry: it counts what they find."""
