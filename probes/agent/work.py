"""What this prober has to do under a configuration: its region's workflows, as far as their secrets are there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple, Protocol

from config.model import Config, Integration, Workflow
from config.resolved import references_of
from config.secrets import UnresolvedReference
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

    @property
    def needs(self) -> frozenset[str]:
        """The integrations whose secrets it takes: its own, and those that steps are sent to."""
        others = (step.integration for step in self.workflow.steps if step.integration is not None)
        return frozenset({self.integration.name, *others})


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
    """The region's workflows. One integration's missing secret keeps only that integration from being probed, and
    workflows of others that have steps against it."""
    wanted = {key: work for one in config.integrations for key, work in _works(config, one, region).items()}
    needed = {name for work in wanted.values() for name in work.needs}
    reasons = {one.name: _missing(one, environ) for one in config.integrations if one.name in needed}
    works = {key: work for key, work in wanted.items() if not any(reasons.get(name) for name in work.needs)}
    unresolved = {
        one.name: Unresolved(config, one, reason) for one in config.integrations if (reason := reasons.get(one.name))
    }
    return Plan(works, unresolved)


def replan(before: Plan, region: str, environ: Mapping[str, str]) -> Plan:
    """The same plan, with what can be resolved by now. Cheap to repeat: all is looked at only if something was."""
    reasons = {name: _missing(one.integration, environ) for name, one in before.unresolved.items()}
    found = next((one for name, one in before.unresolved.items() if reasons[name] is None), None)
    if found is not None:
        return plan(found.config, region, environ)
    return Plan(
        before.works, {name: replace(one, reason=reasons[name] or "") for name, one in before.unresolved.items()}
    )


def _works(config: Config, integration: Integration, region: str) -> dict[Key, Work]:
    found = (Work(config, integration, one) for one in integration.workflows if region in one.regions)
    return {work.key: work for work in found}


def _missing(integration: Integration, environ: Mapping[str, str]) -> str | None:
    try:
        for reference in references_of(integration):
            reference.resolve(environ)
    except UnresolvedReference as err:
        return str(err)
    return None
