"""What this prober has to do under a configuration: its region's workflows, as far as their secrets are there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from config.model import Config, Integration, Workflow
from config.secrets import UnresolvedReference, resolve_integration
from probes.model import Run


class Key(NamedTuple):
    """What names a workflow within one region; stays the same over changes of its content."""

    integration: str
    workflow: str

    def __str__(self) -> str:
        return f"{self.integration}/{self.workflow}"


@dataclass(frozen=True, slots=True)
class Work:
    """One workflow to run, with the configuration it stands in."""

    config: Config
    integration: Integration
    workflow: Workflow

    @property
    def key(self) -> Key:
        """Its name."""
        return Key(self.integration.name, self.workflow.name)


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything to do, and the integrations that cannot be probed from here, with the reason (never a secret)."""

    works: Mapping[Key, Work]
    unresolved: Mapping[str, str]


class RunsWorkflows(Protocol):
    """What carries a workflow out; `probes.runner.Runner` is it."""

    async def run(
        self,
        integration: Integration,
        workflow: Workflow,
        *,
        region: str,
        config: Config,
        scheduled_at: datetime,
        attempt: int = 1,
    ) -> Run:
        """One run. Never raises for what a vendor does."""
        ...


def plan(config: Config, region: str, environ: Mapping[str, str]) -> Plan:
    """The region's workflows. One integration's missing secret keeps only that integration from being probed."""
    works: dict[Key, Work] = {}
    unresolved: dict[str, str] = {}
    for integration in config.integrations:
        here = [workflow for workflow in integration.workflows if region in workflow.regions]
        if not here:
            continue
        try:
            resolve_integration(integration, environ)
        except UnresolvedReference as err:
            unresolved[integration.name] = str(err)
            continue
        for workflow in here:
            work = Work(config, integration, workflow)
            works[work.key] = work
    return Plan(works, unresolved)
