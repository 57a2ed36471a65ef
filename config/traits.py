"""What an integration is, in the words of matchers."""

from __future__ import annotations

from collections.abc import Iterable

from config.matching import Values
from config.model import Integration


def integration_traits(one: Integration) -> Values:
    """Whatever is wrong with it: `subject` and `kind` are those of its outages."""
    own = of_integrations([one])
    return {**own, "subject": (one.name,), "kind": ("integration",), "flow": one.flows, "owner": (one.owner,)}


def of_integrations(members: Iterable[Integration]) -> dict[str, tuple[str, ...]]:
    """What they are together."""
    found = tuple(members)
    return {
        "integration": tuple(one.name for one in found),
        "vendor": tuple(dict.fromkeys(one.vendor for one in found)),
        "environment": tuple(dict.fromkeys(one.environment for one in found)),
        "tier": tuple(dict.fromkeys(str(one.tier) for one in found)),
    }
