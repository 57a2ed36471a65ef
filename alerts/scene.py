"""What the rules look at: one evaluation, the configuration, and what has been told already."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from alerts.model import ChannelFault, Condition, Incident, Rule
from config.model import Config, Integration
from metrics.model import Evaluation, RegionVerdict, WorkflowVerdict
from probes.model import FailureKind

NETWORK_KINDS: Final = frozenset({FailureKind.DNS, FailureKind.CONNECT, FailureKind.TIMEOUT})
"""What a broken network looks like from a prober."""

FRESH_INTERVALS: Final = 3
FRESH_GRACE: Final = timedelta(seconds=60)
NO_FRESH_DATA: Final = "no fresh data"


@dataclass(frozen=True, slots=True)
class Known:
    """What the store remembers: incidents still open, incidents resolved of late, channels that refuse, and incidents
    that people called over while their conditions went on."""

    open: tuple[Incident, ...] = ()
    recent: tuple[Incident, ...] = ()
    faults: tuple[ChannelFault, ...] = ()
    dismissing: tuple[Incident, ...] = ()

    @property
    def held(self) -> tuple[Condition, ...]:
        """Every condition that held at the evaluation before: of open incidents, or dismissed."""
        of_open = (c for incident in self.open for c in incident.conditions)
        return (*of_open, *(c for incident in self.dismissing for c in incident.dismissed))


@dataclass(frozen=True, slots=True)
class Scene:
    """Input of every rule. `held` are the conditions that the rules before it in the registry found."""

    evaluation: Evaluation
    config: Config
    known: Known = Known()
    held: tuple[Condition, ...] = ()

    @property
    def at(self) -> datetime:
        """The instant of the evaluation."""
        return self.evaluation.at

    def holding(self, rule: Rule, subject: str) -> bool:
        """Whether an earlier rule holds for that subject now."""
        return any(c.rule is rule and c.subject == subject for c in self.held)

    def before(self, rule: Rule) -> Iterator[Condition]:
        """The rule's conditions that held at the evaluation before."""
        return (c for c in self.known.held if c.rule is rule)

    def told_until(self, subject: str) -> datetime | None:
        """End of the subject's latest urgent trouble that people have heard of, or None. An outage that is found to be
        over now ends now."""
        for rule in (Rule.REGION_DOWN, Rule.WORKFLOW_DOWN):
            if not self.holding(rule, subject) and any(c.subject == subject for c in self.before(rule)):
                return self.at
        incidents = (*self.known.open, *self.known.recent)
        return max((i.told_until for i in incidents if i.subject == subject and i.told_until), default=None)

    def workflows(self) -> Iterator[tuple[Integration, WorkflowVerdict]]:
        """Every verdict on a workflow that is still configured."""
        for verdict in self.evaluation.workflows:
            integration = self.config.integration(verdict.integration)
            if integration and any(w.name == verdict.workflow for w in integration.workflows):
                yield integration, verdict

    def verdict(self, integration: str, workflow: str | None) -> WorkflowVerdict | None:
        """The verdict on one workflow that is still configured, or None."""
        return next((v for i, v in self.workflows() if i.name == integration and v.workflow == workflow), None)

    def reporting(self, verdict: WorkflowVerdict) -> tuple[RegionVerdict, ...]:
        """The regions whose word on the workflow counts now: declared, fresh, and with a network."""
        return tuple(r for r in verdict.regions if self._counts(verdict, r))

    def fresh(self, verdict: WorkflowVerdict, region: RegionVerdict) -> bool:
        """Whether the region has run the workflow lately: within three intervals and a minute."""
        return self.at - region.last_run_at <= FRESH_INTERVALS * verdict.every + FRESH_GRACE

    def has_fresh(self, integration: str) -> bool:
        """Whether any region reports on any workflow of the integration."""
        return any(self.reporting(v) for i, v in self.workflows() if i.name == integration)

    def _counts(self, verdict: WorkflowVerdict, region: RegionVerdict) -> bool:
        declared = region.region in self.regions_of(verdict.integration, verdict.workflow)
        return declared and self.fresh(verdict, region) and not self._cut_off(region)

    def regions_of(self, integration: str, workflow: str | None = None) -> frozenset[str]:
        """Regions that are to run one workflow, or any of the integration's."""
        found = self.config.integration(integration)
        workflows = found.workflows if found else ()
        return frozenset(r for w in workflows if workflow in (None, w.name) for r in w.regions)

    def _cut_off(self, region: RegionVerdict) -> bool:
        """No network now, or none when the region's latest run failed for it."""
        subject = region_subject(region.region)
        if self.holding(Rule.REGION_DOWN, subject):
            return True
        until = self.told_until(subject)
        return bool(region.failing and region.kind in NETWORK_KINDS and until and region.last_run_at <= until)


@dataclass(frozen=True, slots=True)
class RuleKind:
    """A rule: what it finds now, and what becomes of a condition it found before and does not find now.

    `lingers` returns the condition (with a note) where it still holds, because recovery is not confirmed or data is
    missing, and None where it is over.
    """

    holds: Callable[[Scene], Iterable[Condition]]
    lingers: Callable[[Condition, Scene], Condition | None]


def region_subject(region: str) -> str:
    """Subject of a region's own incident."""
    return f"region:{region}"
