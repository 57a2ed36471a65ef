"""Whose a budget is: an integration, or a business flow with the integrations that it breaks with."""

from __future__ import annotations

from dataclasses import dataclass

from config.model import Config

_FLOW = "flow:"


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody who is told of, under one subject."""

    subject: str
    label: str
    members: tuple[str, ...]
    """Names of the integrations that are watched for it."""
    flows: tuple[str, ...]
    owner: str
    runbook: str | None
    promised: int
    """How many objectives it has."""

    @property
    def is_flow(self) -> bool:
        """Whether it is a flow as a whole."""
        return self.subject.startswith(_FLOW)


def party(config: Config, subject: str) -> Party | None:
    """Who is meant by a subject of incidents or of objectives; None where the configuration has no such one."""
    if subject.startswith(_FLOW):
        flow = config.flow(subject.removeprefix(_FLOW))
        if flow is None:
            return None
        members = tuple(one.name for one in config.members(flow))
        return Party(subject, flow.label, members, (flow.name,), flow.owner, flow.runbook, len(flow.objectives))
    one = config.integration(subject)
    if one is None:
        return None
    return Party(subject, one.label, (one.name,), one.flows, one.owner, one.runbook, len(one.objectives))
