"""A host shows a certificate that should have been renewed by now: told when that is noticed, in its last three days,
and when it is over. Never a page: only its owner can renew it, and when it ends, the workflow is down and pages."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from alerts.model import Blame, Condition, Rule, Tier, changes_subject
from alerts.rules.api_lifecycle import when
from alerts.scene import RuleKind, Scene
from config.model import Integration
from metrics.lifetimes import HostCertificate

LAST_DAYS: Final = timedelta(days=3)


def _holds(scene: Scene) -> Iterator[Condition]:
    for integration in scene.config.integrations:
        regions = scene.regions_of(integration.name)
        late = [
            one
            for one in scene.evaluation.certificates
            if one.integration == integration.name and one.region in regions and one.is_late(scene.at)
        ]
        for host in sorted({one.host for one in late}):
            yield _condition(scene, integration, [one for one in late if one.host == host])


def _condition(scene: Scene, integration: Integration, late: list[HostCertificate]) -> Condition:
    first = min(late, key=lambda one: one.expires_at)
    phase = _phase(first.expires_at, scene.at)
    verb = "expired" if phase == "over" else "expires"
    date = when(first.expires_at.astimezone(UTC).date(), scene.at)
    return Condition(
        key=f"{integration.name}/{Rule.CERTIFICATE_EXPIRING}/{first.host}:{phase}",
        rule=Rule.CERTIFICATE_EXPIRING,
        tier=Tier.DEGRADED,
        subject=changes_subject(integration.name),
        since=max(first.since, first.expires_at - first.notice),
        summary=f"{first.host}: its certificate {verb} ({date}); ask its owner to renew it",
        blame=Blame.VENDOR,
        blame_reason="it should have been renewed by now",
        title=f"{integration.label} certificate {verb.upper()}",
        regions=tuple(sorted(one.region for one in late)),
    )


def _phase(expires_at: datetime, at: datetime) -> str:
    """People are told anew with each."""
    if expires_at - at > LAST_DAYS:
        return "late"
    return "last-days" if expires_at > at else "over"


def _lingers(_condition: Condition, _scene: Scene) -> None:
    """The store keeps what a host showed last, so that what is not found is renewed, or in another phase."""
    return


RULE = RuleKind(_holds, _lingers)
