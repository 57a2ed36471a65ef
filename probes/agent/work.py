"""What this prober has to do under a configuration: its region's workflows, as far as their secrets are there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
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
class Unresolved:
    """An integration that cannot be probed from here; the reason names a reference, never a secret."""

    config: Config
    integration: Integration
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything to do, and what cannot be done by the name of the integration."""

    works: Mapping[Key, Work]
    unresolved: Mapping[str, Unresolved]


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
    unresolved: dict[str, Unresolved] = {}
    for integration in config.integrations:
        here = _works(config, integration, region)
        reason = _missing(integration, environ) if here else None
        if reason is None:
            works |= here
        else:
            unresolved[integration.name] = Unresolved(config, integration, reason)
    return Plan(works, unresolved)


def replan(before: Plan, region: str, environ: Mapping[str, str]) -> Plan:
    """The same plan, with what can be resolved by now. Looks at nothing else, so it is cheap to repeat."""
    works, unresolved = dict(before.works), {}
    for name, one in before.unresolved.items():
        reason = _missing(one.integration, environ)
        if reason is None:
            works |= _works(one.config, one.integration, region)
        else:
            unresolved[name] = replace(one, reason=reason)
    return Plan(works, unresolved)


def _works(config: Config, integration: Integration, region: str) -> dict[Key, Work]:
    found = (Work(config, integration, one) for one in integration.workflows if region in one.regions)
    return {work.key: work for work in found}


def _missing(integration: Integration, environ: Mapping[str, str]) -> str | None:
    try:
        resolve_integration(integration, environ)
    except UnresolvedReference as err:
        return str(err)
    return None
