"""What an incident is, in the words of matchers: whose it is, what is wrong and where it is seen from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from alerts.model import Condition, Incident, integration_of
from alerts.parties import party
from config.matching import Values
from config.model import Config
from config.traits import of_integrations

_OWN_KIND: Final = frozenset({"flow", "region", "prober", "channel", "storm", "hub"})


@dataclass(frozen=True, slots=True)
class Traits:
    """Of one incident: what all of it is, and what each of its conditions is, worst first."""

    whole: Values
    conditions: tuple[Values, ...]
    """With what the whole is."""

    @property
    def worst(self) -> Values:
        """What the incident is about."""
        return self.conditions[0] if self.conditions else self.whole


def kind_of(subject: str) -> str:
    """What a subject of incidents is: `integration` for an integration and for what changes about it."""
    kind = subject.partition(":")[0] if ":" in subject else "integration"
    return kind if kind in _OWN_KIND else "integration"


def traits_of(incident: Incident, config: Config) -> Traits:
    """As the configuration sees it now; what has left the configuration keeps its subject and its conditions."""
    whole = subject_traits(incident.subject, config)
    return Traits(whole, tuple({**whole, **_of_condition(condition)} for condition in incident.conditions))


def subject_traits(subject: str, config: Config) -> Values:
    """Of a subject, whatever is wrong with it."""
    kind, _, name = subject.partition(":")
    found: dict[str, tuple[str, ...]] = {"subject": (subject,), "kind": (kind_of(subject),)}
    if kind == "region" and name:
        found["region"] = (name,)
    whose = party(config, integration_of(subject))
    if whose is None:
        return found
    members = (config.integration(name) for name in whose.members)
    found |= of_integrations(one for one in members if one is not None)
    return found | {"flow": whose.flows, "owner": (whose.owner,)}


def _of_condition(condition: Condition) -> Values:
    found: dict[str, tuple[str, ...]] = {"rule": (str(condition.rule),)}
    if condition.workflow is not None:
        found["workflow"] = (condition.workflow,)
    if condition.regions:
        found["region"] = condition.regions
    return found
