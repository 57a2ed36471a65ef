"""How a rule is set for a subject: what `rules` of alerts.yaml says, over what is usual."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from alerts.model import Condition, Rule, Tier, integration_of
from alerts.parties import party
from config.matching import is_meant
from config.model import Config
from config.rules import TUNABLE, RuleOverride, RuleTuning
from config.traits import integration_traits


@dataclass(frozen=True, slots=True)
class Tuning:
    """One rule, for one subject."""

    enabled: bool
    hold: timedelta
    """How long a condition has to hold before anybody is told."""
    recoveries: int
    """Good runs or buckets in a row that end it, where the rule counts them."""
    tier: Tier | None
    """As it is declared; None where the rule's own word counts."""
    graded: bool
    """Whether the rule knows itself what is urgent: then `tier` can only make it quieter."""

    def loudness(self, condition: Condition) -> Condition:
        """The condition, as loud as is wanted."""
        if self.tier is None or self.tier is condition.tier or (self.graded and self.tier.rank > condition.tier.rank):
            return condition
        return replace(condition, tier=self.tier)


def tuning(config: Config, rule: Rule, subject: str) -> Tuning:
    """What holds for that rule and subject."""
    declared = config.alerting.rules.get(str(rule))
    if declared is None or not declared.overrides:
        return _merged(rule, declared, None, config.alerting.confirm.recoveries)
    return _merged(rule, declared, _override(config, declared.overrides, subject), config.alerting.confirm.recoveries)


def _override(config: Config, overrides: Sequence[RuleOverride], subject: str) -> RuleOverride | None:
    """The first that means it; of a flow, any of its integrations."""
    whose = party(config, integration_of(subject))
    members = [config.integration(name) for name in whose.members] if whose else []
    traits = [integration_traits(one) for one in members if one is not None]
    return next((one for one in overrides if any(is_meant(one.match, each) for each in traits)), None)


def _merged(rule: Rule, general: RuleTuning | None, special: RuleOverride | None, recoveries: int) -> Tuning:
    usual = TUNABLE[str(rule)]
    said = [one for one in (special, general) if one is not None]
    enabled = next((one.enabled for one in said if one.enabled is not None), True)
    hold = next((one.hold for one in said if one.hold is not None), usual.hold)
    wanted = next((one.recoveries for one in said if one.recoveries is not None), None)
    tier = next((Tier(one.tier) for one in said if one.tier is not None), None)
    return Tuning(enabled, hold, wanted or usual.usual_recoveries or recoveries, tier, usual.pages == "by itself")
