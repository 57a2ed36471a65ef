"""A credential is due for rotation, ends soon, or is dead until a person consents anew.

What is due is told as what changes slowly is: in an incident of its own, once a state. A dead credential belongs to the
outage that it causes; until it causes one, it can wait till morning.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from typing import Final

from alerts.model import Blame, Condition, Rule, Tier, changes_subject
from alerts.rules.api_lifecycle import when
from alerts.scene import RuleKind, Scene
from config.model import Integration
from metrics.lifetimes import TrackedCredential
from probes.auth.life import DEAD, WORDS, CredentialState, Standing
from probes.model import FailureKind

_TOLD: Final = (
    CredentialState.NOT_ENROLLED,
    CredentialState.RE_CONSENT,
    CredentialState.OVERDUE,
    CredentialState.ENDS_SOON,
    CredentialState.ROTATE_SOON,
)
"""Worst first. A credential that the vendor refuses is an outage, and one that cannot be read is the prober's problem;
both have rules of their own."""


def _holds(scene: Scene) -> Iterator[Condition]:
    for integration in scene.config.integrations:
        found = [(one, one.standing(scene.at)) for one in _used(scene, integration.name)]
        told = [(one, standing) for one, standing in found if standing.state in _TOLD]
        if not told:
            continue
        state = min((standing.state for _, standing in told), key=_TOLD.index)
        worst = [(one, standing) for one, standing in told if standing.state is state]
        condition = _condition(scene, integration, state, worst)
        if condition is not None:
            yield condition


def _condition(
    scene: Scene, integration: Integration, state: CredentialState, worst: list[tuple[TrackedCredential, Standing]]
) -> Condition | None:
    tier, subject = Tier.DEGRADED, changes_subject(integration.name)
    failed = _failed_by_it(scene, integration.name) if state in DEAD else 0
    if failed and scene.holding(Rule.WORKFLOW_DOWN, integration.name):
        tier, subject = Tier.URGENT, integration.name
    elif 0 < failed < scene.config.alerting.confirm.failures:
        return None  # An outage that is not confirmed yet; its page will say what to do.
    one, standing = worst[0]
    regions = tuple(sorted(tracked.region for tracked, _ in worst))
    where = f" (from {', '.join(regions)})" if len(scene.regions_of(integration.name)) > len(regions) else ""
    return Condition(
        key=f"{integration.name}/{Rule.CREDENTIAL_DUE}/{state}",
        rule=Rule.CREDENTIAL_DUE,
        tier=tier,
        subject=subject,
        since=min((s.at for _, s in worst if s.at is not None and s.at <= scene.at), default=scene.at),
        summary=f"{one.life.credential}: {standing.reason}{_on(scene, standing)}{where}; {standing.remedy}",
        blame=Blame.CREDENTIAL,
        blame_reason=_WHY[state],
        title=f"{integration.label} credential {WORDS[state].upper()}",
        regions=regions,
    )


_WHY: Final = {
    CredentialState.NOT_ENROLLED: "nobody has consented for it yet",
    CredentialState.RE_CONSENT: "only a person's consent gets it going again",
    CredentialState.OVERDUE: "it is older than we allow ourselves",
    CredentialState.ENDS_SOON: "it ends by itself",
    CredentialState.ROTATE_SOON: "it is nearly as old as we allow ourselves",
}


def _used(scene: Scene, name: str) -> Iterator[TrackedCredential]:
    """Where it is still to be used: a region that no longer runs it has no say."""
    regions = scene.regions_of(name)
    return (one for one in scene.evaluation.credentials if one.integration == name and one.region in regions)


def _failed_by_it(scene: Scene, name: str) -> int:
    """How many runs in a row have failed because of the credential, at most of all workflows and regions."""
    verdicts = (region for i, v in scene.workflows() if i.name == name for region in scene.reporting(v))
    return max((region.failing for region in verdicts if region.kind is FailureKind.AUTH), default=0)


def _on(scene: Scene, standing: Standing) -> str:
    return f" ({when(standing.at.astimezone(UTC).date(), scene.at)})" if standing.at is not None else ""


def _lingers(_condition: Condition, _scene: Scene) -> None:
    """The store keeps what a prober told last, so that what is not found is over, or told under another state."""
    return


RULE = RuleKind(_holds, _lingers)
"""Before it in the registry: `workflow_down`, whose incident a dead credential joins."""
