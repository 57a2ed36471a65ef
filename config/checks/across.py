"""Steps that are sent to another integration: that there is one, on the same side of the world, and no way back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from config.checks import mappings
from config.problems import Finding, Path, did_you_mean


def across_findings(integration: Mapping[str, Any], everything: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    """What is wrong with the `integration:` of the steps of one integration; `everything` are all of them."""
    own = str(integration.get("integration"))
    others = {str(one.get("integration")): one for one in everything}
    for path, name in _named(integration):
        other = others.get(name)
        if name == own:
            yield path, "that is this integration itself; leave it out"
        elif other is None:
            yield path, f'unknown integration "{name}" {did_you_mean(name, set(others) - {own})}'
        else:
            yield from ((path, message) for message in _unfit(integration, own, other, name))


def _unfit(integration: Mapping[str, Any], own: str, other: Mapping[str, Any], name: str) -> Iterator[str]:
    side, its_side = (str(one.get("environment", "production")) for one in (integration, other))
    if side != its_side:
        yield f"{name} is {its_side} and {own} is {side}: what is created in one must not end up in the other"
    if any(back == own for _, back in _named(other)):
        yield (
            f"{name} has steps against {own} as well, so that neither could be told from the other when both fail; "
            f"move those workflows to one of the two"
        )


def _named(integration: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    for number, workflow in mappings(integration.get("workflows")):
        for position, step in mappings(workflow.get("steps")):
            name = step.get("integration")
            if isinstance(name, str):
                yield ("workflows", number, "steps", position, "integration"), name
