"""What an incident is, in the words of matchers: whose it is, what is wrong and where it is seen from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from alerts.model import Condition, Incident, integration_of
from alerts.parties import party
from config.matching import all_fit, any_fits
from config.model import Config, Integration

Values = Mapping[str, tuple[str, ...]]
"""Property of a matcher → what it is. A property that is not known is left out, and no matcher of it holds."""

_ANY_OF: Final = frozenset({"flow"})
"""An incident hits a flow or does not: that it hits another one too makes no difference to that."""
_OWN_KIND: Final = frozenset({"flow", "region", "prober", "channel", "storm"})


@dataclass(frozen=True, slots=True)
class Traits:
    """Of one incident: what all of it is, and what each of its conditions is, worst first."""

    whole: Values
    conditions: tuple[Values, ...]

    @property
    def worst(self) -> Values:
        """What the incident is about: itself and its worst condition."""
        return {**self.whole, **self.conditions[0]} if self.conditions else self.whole


def kind_of(subject: str) -> str:
    """What a subject of incidents is: `integration` for an integration and for what changes about it."""
    kind = subject.partition(":")[0] if ":" in subject else "integration"
    return kind if kind in _OWN_KIND else "integration"


def traits_of(incident: Incident, config: Config) -> Traits:
    """As the configuration sees it now; what has left the configuration keeps its subject and its conditions."""
    return Traits(subject_traits(incident.subject, config), tuple(_of_condition(c) for c in incident.conditions))


def subject_traits(subject: str, config: Config) -> Values:
    """Of a subject, whatever is wrong with it."""
    kind, _, name = subject.partition(":")
    found: dict[str, tuple[str, ...]] = {"subject": (subject,), "kind": (kind_of(subject),)}
    if kind == "region" and name:
        found["region"] = (name,)
    whose = party(config, integration_of(subject))
    if whose is None:
        return found
    members = [one for one in config.integrations if one.name in whose.members]
    found |= _of_integrations(members)
    return found | {"flow": whose.flows, "owner": (whose.owner,)}


def integration_traits(one: Integration) -> Values:
    """Of an integration, whatever is wrong with it: `subject` and `kind` are those of its outages."""
    own = _of_integrations([one])
    return {**own, "subject": (one.name,), "kind": ("integration",), "flow": one.flows, "owner": (one.owner,)}


def is_meant(match: Mapping[Any, tuple[str, ...]], values: Values) -> bool:
    """Whether each matcher holds for one of its values at least: enough to hear of it."""
    return all(any_fits(patterns, values.get(key, ())) for key, patterns in match.items())


def is_covered(match: Mapping[Any, tuple[str, ...]], whole: Values, condition: Values) -> bool:
    """Whether each matcher holds for all of its values: enough not to hear of it. What is seen from two regions is not
    covered by a matcher of one of them; a flow that is hit is hit, whatever else is."""
    for key, patterns in match.items():
        values = condition.get(key) or whole.get(key, ())
        if not (any_fits(patterns, values) if key in _ANY_OF else all_fit(patterns, values)):
            return False
    return True


def _of_integrations(members: Iterable[Integration]) -> dict[str, tuple[str, ...]]:
    found = tuple(members)
    return {
        "integration": tuple(one.name for one in found),
        "vendor": tuple(dict.fromkeys(one.vendor for one in found)),
        "environment": tuple(dict.fromkeys(one.environment for one in found)),
        "tier": tuple(dict.fromkeys(str(one.tier) for one in found)),
    }


def _of_condition(condition: Condition) -> Values:
    found: dict[str, tuple[str, ...]] = {"rule": (str(condition.rule),)}
    if condition.workflow is not None:
        found["workflow"] = (condition.workflow,)
    if condition.regions:
        found["region"] = condition.regions
    return found
