"""Circuit breakers: whether an integration that fails is worth asking again just now. Pure; instants come in.

Closed: everything runs. Open: a workflow that was seen failing, and confirmed, is held back; one run per interval is
let through to see. A workflow that has not failed itself runs on, so that what is held back is always known to fail.
Any answer of the vendor's, good or wrong, closes the circuit: it ends an outage's hammering, nothing else.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from config.model import Circuit as Policy
from probes.model import Failure, FailureKind, OpenCircuit, Outcome, Run
from probes.outcome import TOKEN_POSITION

COUNTED: Final = frozenset(
    {
        FailureKind.DNS,
        FailureKind.CONNECT,
        FailureKind.TLS,
        FailureKind.TIMEOUT,
        FailureKind.DEADLINE,
        FailureKind.PROTOCOL,
        FailureKind.BODY,
        FailureKind.STATUS_5XX,
        FailureKind.VENDOR_ERROR,
        # Sign-ins with a dead credential, over and over, get an account locked.
        FailureKind.AUTH,
    }
)
"""What asking again at once does not mend. Anything else that was answered says that the vendor is there."""
_OURS: Final = frozenset({FailureKind.INTERNAL, FailureKind.PROXY})
"""Says nothing about the vendor."""
CONFIRMED: Final = 2
"""Failures of one workflow in a row that make the latest a confirmed one."""
_NEVER: Final = datetime.min.replace(tzinfo=UTC)
_EARLY: Final = timedelta(seconds=5)
"""A timetable is not exact to the millisecond: a trial due within this time, or a tenth of the interval, is due."""


@dataclass(frozen=True, slots=True)
class Held:
    """Why a run is not made, and the failure that it stands for."""

    reason: str
    failure: Failure
    failed_step: str | None


@dataclass(slots=True)
class _Failing:
    times: int
    failure: Failure
    step: str | None


@dataclass(slots=True)
class _Circuit:
    policy: Policy
    failing: dict[str, _Failing] = field(default_factory=dict)
    confirmed: int = 0
    since: datetime | None = None
    next_trial_at: datetime = _NEVER
    tried: str = ""
    passed_over: set[str] = field(default_factory=set)
    """Workflows that were held back since the latest trial."""

    def is_due(self, workflow: str, now: datetime) -> bool:
        """Whether it may be the trial. Not the same workflow twice while others wait, for they may work again."""
        interval = self.policy.retry_every
        due = self.next_trial_at - min(_EARLY, interval / 10)
        if workflow == self.tried and self.passed_over - {workflow}:
            due += interval
        return now >= due

    def close(self, workflow: str) -> None:
        """The vendor answered that workflow."""
        self.failing.pop(workflow, None)
        self.confirmed, self.since = 0, None


class Circuits:
    """One circuit per integration, for the life of a prober."""

    def __init__(self) -> None:
        self._circuits: dict[str, _Circuit] = {}

    def ask(self, integration: str, policy: Policy, workflow: str, now: datetime) -> Held | None:
        """Why the workflow is not to be run now; None when it is, be it as the trial."""
        circuit = self._circuits.setdefault(integration, _Circuit(policy))
        circuit.policy = policy
        own = circuit.failing.get(workflow)
        if circuit.since is None or own is None or own.times < CONFIRMED:
            return None
        if circuit.is_due(workflow, now):
            circuit.tried, circuit.next_trial_at = workflow, now + policy.retry_every
            circuit.passed_over.clear()
            return None
        circuit.passed_over.add(workflow)
        return Held(words(circuit.since, circuit.confirmed, circuit.next_trial_at), own.failure, own.step)

    def learn(self, run: Run, now: datetime) -> bool:
        """Take in how a run of the integration ended → whether its circuit is open over that workflow."""
        circuit = self._circuits.get(run.integration)
        if circuit is None or run.outcome in (Outcome.SKIPPED, Outcome.TAINTED):
            return False
        if run.failed_integration is not None:
            if _passed_here(run):
                circuit.close(run.workflow)
            return False
        kind = run.failure.kind if run.failure is not None else None
        if kind in _OURS:
            return False
        if run.failure is None or run.outcome is not Outcome.FAILED or kind not in COUNTED:
            circuit.close(run.workflow)
            return False
        before = circuit.failing.get(run.workflow)
        own = _Failing(before.times + 1 if before else 1, run.failure, run.failed_step)
        circuit.failing[run.workflow] = own
        circuit.confirmed += own.times >= CONFIRMED
        if circuit.since is None and circuit.confirmed >= circuit.policy.after:
            circuit.since, circuit.next_trial_at = now, now + circuit.policy.retry_every
            circuit.tried = run.workflow
            circuit.passed_over.clear()
        return circuit.since is not None and own.times >= CONFIRMED

    def why_open(self, integration: str, probed: Collection[str]) -> str | None:
        """Words for a run that also needs this integration, of which the workflows `probed` run here; None while its
        circuit is closed, or where none of those would ever be the trial that closes it."""
        circuit = self._circuits.get(integration)
        if circuit is None or circuit.since is None or circuit.failing.keys().isdisjoint(probed):
            return None
        return words(circuit.since, circuit.confirmed, circuit.next_trial_at)

    def open(self) -> tuple[OpenCircuit, ...]:
        """Those that are open now, by name."""
        return tuple(
            OpenCircuit(name, one.since, one.confirmed, one.next_trial_at, _latest(one))
            for name, one in sorted(self._circuits.items())
            if one.since is not None
        )


def words(since: datetime, failures: int, next_trial_at: datetime) -> str:
    """`circuit open since 14:02:10 after 5 confirmed failures; next trial 14:03:10`."""
    return (
        f"circuit open since {since:%H:%M:%S} after {failures} confirmed failures; next trial {next_trial_at:%H:%M:%S}"
    )


def _passed_here(run: Run) -> bool:
    """Whether a step of the workflow itself was answered well by the run's own integration."""
    good = (Outcome.PASSED, Outcome.UNSTABLE)
    own = (step for step in run.steps if step.integration is None and not step.cleanup)
    return any(step.outcome in good for step in own if step.position != TOKEN_POSITION)


def _latest(circuit: _Circuit) -> str:
    shown = circuit.failing.get(circuit.tried)
    return shown.failure.message if shown is not None else ""
