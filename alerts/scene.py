"""What the rules look at: one evaluation, the configuration, and what has been told already."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from types import MappingProxyType
from typing import Final

from alerts.model import ChannelFault, Condition, Incident, Rule
from alerts.status_pages.standing import VendorStatus
from alerts.tuning import Tuning, tuning
from config.model import Config, Integration
from metrics.model import Evaluation, ObjectiveStatus, RegionVerdict, WorkflowVerdict
from metrics.operating import Usual
from metrics.state import is_fresh
from probes.model import FailureKind

NETWORK_KINDS: Final = frozenset({FailureKind.DNS, FailureKind.CONNECT, FailureKind.TIMEOUT})
"""What a broken network looks like from a prober."""

NO_FRESH_DATA: Final = "no fresh data"
NOT_CONFIRMED: Final = "recovery not confirmed yet"

_NOTHING: Final[Mapping[str, datetime]] = MappingProxyType({})
_Verdict = tuple[Integration, WorkflowVerdict]


@dataclass(frozen=True, slots=True)
class Known:
    """What the store remembers: incidents still open, incidents resolved of late, channels that refuse, incidents that
    people called over while their conditions went on, and since when conditions hold that are not told of yet."""

    open: tuple[Incident, ...] = ()
    recent: tuple[Incident, ...] = ()
    faults: tuple[ChannelFault, ...] = ()
    dismissing: tuple[Incident, ...] = ()
    pending: Mapping[str, datetime] = field(default_factory=lambda: _NOTHING)
    """Condition's key → first evaluation at which it held."""
    vendors: Mapping[str, VendorStatus] = field(default_factory=lambda: MappingProxyType({}))
    """Integration → what its vendor says of itself."""

    @property
    def held(self) -> tuple[Condition, ...]:
        """Every condition that held at the evaluation before: of open incidents, or dismissed."""
        of_open = (c for incident in self.open for c in incident.conditions)
        return (*of_open, *(c for incident in self.dismissing for c in incident.dismissed))


@dataclass(frozen=True, slots=True)
class _View:
    """What was found out about regions: whose word on a workflow counts, and what answers from where."""

    reporting: dict[tuple[str, str], tuple[RegionVerdict, ...]] = field(default_factory=dict)
    answering: dict[str, set[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Backdrop:
    """What all rules see alike, looked up in no time however much is watched."""

    evaluation: Evaluation
    config: Config
    known: Known

    @cached_property
    def views(self) -> dict[frozenset[str], _View]:
        """By the regions that have no network."""
        return {}

    @cached_property
    def workflows(self) -> tuple[_Verdict, ...]:
        """Every verdict on a workflow that is still configured."""
        declared = {(one.name, workflow.name): one for one in self.config.integrations for workflow in one.workflows}
        named = ((declared.get((v.integration, v.workflow)), v) for v in self.evaluation.workflows)
        return tuple((integration, verdict) for integration, verdict in named if integration is not None)

    @cached_property
    def verdicts(self) -> Mapping[str, Mapping[str, WorkflowVerdict]]:
        """Integration → workflow → what is said of it."""
        found: dict[str, dict[str, WorkflowVerdict]] = defaultdict(dict)
        for integration, verdict in self.workflows:
            found[integration.name][verdict.workflow] = verdict
        return found

    @cached_property
    def regions(self) -> Mapping[tuple[str, str | None], frozenset[str]]:
        """Integration and workflow → where it is to run; without a workflow, where any of them is."""
        found: dict[tuple[str, str | None], frozenset[str]] = {}
        for one in self.config.integrations:
            found |= {(one.name, workflow.name): frozenset(workflow.regions) for workflow in one.workflows}
            found[one.name, None] = frozenset(region for workflow in one.workflows for region in workflow.regions)
        return found

    @cached_property
    def before(self) -> Mapping[Rule, Mapping[str, Condition]]:
        """Rule → its conditions that held at the evaluation before, by key."""
        found: dict[Rule, dict[str, Condition]] = defaultdict(dict)
        for condition in self.known.held:
            found[condition.rule].setdefault(condition.key, condition)
        return found

    @cached_property
    def breaking(self) -> Mapping[Rule, frozenset[str]]:
        """Rule → the subjects for which it held at the evaluation before."""
        return {rule: frozenset(c.subject for c in held.values()) for rule, held in self.before.items()}

    @cached_property
    def told_until(self) -> Mapping[str, datetime]:
        """Subject → end of its latest urgent trouble that people have heard of."""
        found: dict[str, datetime] = {}
        for incident in (*self.known.open, *self.known.recent):
            if incident.told_until is not None:
                found[incident.subject] = max(found.get(incident.subject, incident.told_until), incident.told_until)
        return found

    @cached_property
    def statuses(self) -> Mapping[tuple[str, str], ObjectiveStatus]:
        """Integration and the objective's key → how it stands."""
        return {(status.integration, status.key): status for status in self.evaluation.objectives}

    @cached_property
    def usual(self) -> Mapping[str, tuple[Usual, ...]]:
        """Integration → what is normal for its series in this hour."""
        found: dict[str, tuple[Usual, ...]] = {}
        for one in self.evaluation.usual:
            found[one.integration] = (*found.get(one.integration, ()), one)
        return found


@dataclass(frozen=True)
class Scene:
    """Input of every rule. `held` are the conditions that the rules before it in the registry found, and `waiting` the
    keys of those among them that nobody is told of yet."""

    backdrop: Backdrop
    held: tuple[Condition, ...] = ()
    waiting: frozenset[str] = frozenset()

    @classmethod
    def of(cls, evaluation: Evaluation, config: Config, known: Known) -> Scene:
        """What the first rule sees."""
        return cls(Backdrop(evaluation, config, known))

    def after(self, found: Iterable[Condition], waiting: Iterable[str]) -> Scene:
        """What the next rule sees."""
        return replace(self, held=(*self.held, *found), waiting=self.waiting | set(waiting))

    @property
    def evaluation(self) -> Evaluation:
        """What was measured."""
        return self.backdrop.evaluation

    @property
    def config(self) -> Config:
        """What is declared."""
        return self.backdrop.config

    @property
    def known(self) -> Known:
        """What has been told."""
        return self.backdrop.known

    @property
    def at(self) -> datetime:
        """The instant of the evaluation."""
        return self.evaluation.at

    def has_listened(self, length: timedelta) -> bool:
        """Whether the hub has been there for that long, so that what it has not heard of was not told."""
        load = self.evaluation.load
        return load is None or load.listening_for is None or load.listening_for >= length

    def holding(self, rule: Rule, subject: str) -> bool:
        """Whether an earlier rule holds for that subject now."""
        return (rule, subject) in self._holding

    def before(self, rule: Rule) -> Iterator[Condition]:
        """The rule's conditions that held at the evaluation before."""
        return iter(self.backdrop.before.get(rule, {}).values())

    def earlier(self, rule: Rule, key: str) -> Condition | None:
        """That condition of the rule as it held at the evaluation before, or None."""
        return self.backdrop.before.get(rule, {}).get(key)

    def told_until(self, subject: str) -> datetime | None:
        """End of the subject's latest urgent trouble that people have heard of, or None. An outage that is found to be
        over now ends now."""
        for rule in (Rule.REGION_DOWN, Rule.WORKFLOW_DOWN):
            if subject in self.backdrop.breaking.get(rule, ()) and not self.holding(rule, subject):
                return self.at
        return self.backdrop.told_until.get(subject)

    def workflows(self) -> Iterator[_Verdict]:
        """Every verdict on a workflow that is still configured."""
        return iter(self.backdrop.workflows)

    def verdicts_of(self, integration: str) -> Iterable[WorkflowVerdict]:
        """The verdicts on the integration's workflows."""
        return self.backdrop.verdicts.get(integration, {}).values()

    def verdict(self, integration: str, workflow: str | None) -> WorkflowVerdict | None:
        """The verdict on one workflow that is still configured, or None."""
        return self.backdrop.verdicts.get(integration, {}).get(workflow or "")

    def reporting(self, verdict: WorkflowVerdict) -> tuple[RegionVerdict, ...]:
        """The regions whose word on the workflow counts now: declared, fresh, and with a network."""
        place, seen = (verdict.integration, verdict.workflow), self._view.reporting
        if place not in seen:
            seen[place] = tuple(r for r in verdict.regions if self._counts(verdict, r))
        return seen[place]

    def vendor_status(self, integration: str) -> VendorStatus | None:
        """What the vendor says of itself, where that is recent enough to be evidence."""
        found = self.known.vendors.get(integration)
        return found if found is not None and found.is_fresh(self.at) else None

    def fresh(self, verdict: WorkflowVerdict, region: RegionVerdict) -> bool:
        """Whether the region has run the workflow lately: within three intervals and a minute."""
        return is_fresh(region.last_run_at, verdict.every, self.at)

    def has_fresh(self, integration: str) -> bool:
        """Whether any region reports on any workflow of the integration."""
        return any(self.reporting(verdict) for verdict in self.verdicts_of(integration))

    def answering(self, region: str) -> frozenset[str]:
        """Integrations of which a workflow runs well from that region."""
        seen = self._view.answering
        if not seen:
            answers = [(one, r) for one, v in self.workflows() for r in self.reporting(v) if not r.failing]
            seen |= {name: set() for name in ("", *(r.region for _, r in answers))}
            for integration, answer in answers:
                seen[answer.region].add(integration.name)
        return frozenset(seen.get(region, ()))

    def regions_of(self, integration: str, workflow: str | None = None) -> frozenset[str]:
        """Regions that are to run one workflow, or any of the integration's."""
        return self.backdrop.regions.get((integration, workflow), frozenset())

    def usual_of(self, integration: str) -> tuple[Usual, ...]:
        """What is normal for the integration's series in this hour, as far as it is known."""
        return self.backdrop.usual.get(integration, ())

    def tuning(self, rule: Rule, subject: str) -> Tuning:
        """How the rule is set for that subject."""
        return tuning(self.config, rule, subject)

    @cached_property
    def _holding(self) -> frozenset[tuple[Rule, str]]:
        return frozenset((c.rule, c.subject) for c in self.held)

    @cached_property
    def _view(self) -> _View:
        """Shared by the rules after that of regions: whose word counts depends on which of them have no network."""
        cut = frozenset(c.subject for c in self.held if c.rule is Rule.REGION_DOWN)
        return self.backdrop.views.setdefault(cut, _View())

    def _counts(self, verdict: WorkflowVerdict, region: RegionVerdict) -> bool:
        declared = region.region in self.regions_of(verdict.integration, verdict.workflow)
        return declared and self.fresh(verdict, region) and not self._cut_off(region)

    def _cut_off(self, region: RegionVerdict) -> bool:
        """No network now, or none when the region's latest run failed for it."""
        subject = region_subject(region.region)
        if self.holding(Rule.REGION_DOWN, subject):
            return True
        if not region.failing or region.kind not in NETWORK_KINDS:
            return False
        until = self.told_until(subject)
        return until is not None and region.last_run_at <= until


@dataclass(frozen=True, slots=True)
class RuleKind:
    """A rule: what it finds now, and what becomes of a condition it found before and does not find now.

    `lingers` returns the condition (with a note) where it still holds, because recovery is not confirmed or data is
    missing, and None where it is over. `patience` is how long a condition has to hold, whatever is declared, before
    anybody is told.
    """

    holds: Callable[[Scene], Iterable[Condition]]
    lingers: Callable[[Condition, Scene], Condition | None]
    patience: Callable[[Condition, Scene], timedelta] = lambda condition, scene: timedelta(0)


def region_subject(region: str) -> str:
    """Subject of a region's own incident."""
    return f"region:{region}"
