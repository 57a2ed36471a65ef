"""Runs a workflow once and reports it."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from config.model import Config, Integration, Retry, Step, Workflow
from config.resolved import IntegrationResolver
from config.secrets import UnresolvedReference, secret_values
from config.template_functions import derivations
from config.templates import TemplateFailure, builtin_values, declared_values
from probes import ids
from probes.assertions.schema import compiled
from probes.auth import TokenCache, authenticator_for
from probes.change.watch import ChangeWatch
from probes.circuit import Circuits
from probes.cleaning import Cleaning, keep_state
from probes.concurrency import Rooms, account_of
from probes.execution import Execution
from probes.extraction import Extractor
from probes.lag import LoopLag
from probes.manners import Manners, with_declared_limits
from probes.memory import Memory
from probes.model import Failure, FailureKind, Leftovers, OpenCircuit, Outcome, QuotaReading, Run
from probes.outcome import deciding_step, of_run
from probes.party import Party
from probes.redaction import Redactor
from probes.redaction.derived import derived_secrets
from probes.steps import StepRunner
from probes.transport import Limits, ProbeTransport, transports
from probes.transport.connecting import Resolver, resolve
from probes.vendors import VENDORS
from probes.vendors.usage import usage_request

USAGE_STEP: Final = "quota usage"
"""The vendor's usage endpoint, asked after a workflow's own steps; like clean-up it decides nothing."""

QUIET_AT_MOST_S: Final = 3600.0
"""A longer Retry-After is asked about again after this time: it may be nonsense, and must not blind anybody."""
WAITED: Final = "waited_ms"
WORTH_TELLING_S: Final = 0.005

_KEPT_SCHEMAS: Final = 512


def _full_jitter(longest: float) -> float:
    return random.uniform(0.0, longest)  # noqa: S311 - spreads load, hides nothing


class _Unprepared(Exception):  # noqa: N818 - this machine's state, not the program's
    """The run cannot be begun; the words hold no secret."""


class Runner:
    """Shared by all runs of a prober; each run has connections of its own.

    `tokens` and `memory` outlive the runs; without them, what they hold is forgotten with the runner. Without
    `loop_lag` nothing is ever tainted. `resolver` looks names up. `sleep` and `jitter` pace retries and polls.
    """

    def __init__(  # noqa: PLR0913 - each is a part that whoever composes a prober may replace
        self,
        *,
        environ: Mapping[str, str],
        clock: Callable[[], datetime],
        loop_lag: LoopLag | None = None,
        tokens: TokenCache | None = None,
        memory: Memory | None = None,
        limits: Limits | None = None,
        resolver: Resolver = resolve,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        jitter: Callable[[float], float] = _full_jitter,
    ) -> None:
        self._environ = environ
        self._clock = clock
        self._loop_lag = loop_lag
        self._tokens = tokens if tokens is not None else TokenCache()
        self._limits = limits
        self._resolver = resolver
        self._sleep = sleep
        self._jitter = jitter
        self._memory = memory if memory is not None else Memory()
        self._extractor = Extractor()
        self._integrations = IntegrationResolver(environ)
        self._manners = Manners()
        self._circuits = Circuits()
        self._rooms = Rooms()
        self._changes = ChangeWatch()
        self._validators: dict[tuple[str, str], Any] = {}

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
        """One run of `workflow`, which belongs to `integration` as declared (references unresolved).

        Never raises for anything that a vendor does; a secret that this machine lacks is a failed run (INTERNAL). A run
        that would take what `quota` leaves to the business, that the vendor asked not to make yet, or that an open
        circuit holds back is not made: SKIPPED, with the reason.
        """
        started_at, started = self._clock(), time.perf_counter()
        blank = Run(
            run_id=ids.run_id(started_at),
            region=region,
            integration=integration.name,
            workflow=workflow.name,
            scheduled_at=scheduled_at,
            started_at=started_at,
            duration_ms=0.0,
            outcome=Outcome.FAILED,
            config_version=config.version,
            attempt=attempt,
            every_s=workflow.every.total_seconds(),
        )
        try:
            execution = self._prepare(blank, integration, workflow.name, config)
        except _Unprepared as err:
            return replace(blank, failure=Failure(FailureKind.INTERNAL, str(err)))
        held = self._held_back(blank, execution)
        if held is not None:
            return held
        try:
            await self._carry_out(execution)
        finally:
            for party in execution.parties:
                await party.transport.aclose()
        lag = self._loop_lag.worst_since(started) if self._loop_lag is not None else 0.0
        return self._learned(_report(blank, execution, lag), execution)

    def _held_back(self, blank: Run, execution: Execution) -> Run | None:
        """The run as it is told when it must not be made now; None when it may."""
        now = blank.started_at
        for party in execution.parties:
            reason = self._manners.reason_to_skip(party.integration, party.account, now)
            if reason is None and party is not execution.home:
                probed = {one.name for one in party.integration.workflows if blank.region in one.regions}
                reason = self._circuits.why_open(party.name, probed)
            if reason is not None:
                words = reason if party is execution.home else f"in {party.name}: {reason}"
                return replace(blank, outcome=Outcome.SKIPPED, skip_reason=words)
        home = execution.home
        held = self._circuits.ask(home.name, home.integration.circuit, blank.workflow, now)
        if held is None:
            return None
        return replace(
            blank,
            outcome=Outcome.SKIPPED,
            skip_reason=held.reason,
            failure=held.failure,
            failed_step=held.failed_step,
            circuit_open=True,
        )

    def _learned(self, run: Run, execution: Execution) -> Run:
        """The run, after everything that it says about the vendors was taken in."""
        now = self._clock()
        for party in execution.parties:
            self._manners.learn(party.account, party.quota, party.transport.requests, now)
        return replace(run, circuit_open=self._circuits.learn(run, now))

    def open_circuits(self) -> tuple[OpenCircuit, ...]:
        """Integrations that are not asked but for one run at a time."""
        return self._circuits.open()

    def leftovers(self) -> tuple[Leftovers, ...]:
        """What failed clean-ups have left at the vendors."""
        return self._memory.counts(self._clock())

    def _prepare(self, blank: Run, declared: Integration, workflow: str, config: Config) -> Execution:
        home = self._party(declared)
        changes = self._changes.of_run(declared, workflow, config.version, blank.started_at)
        wanted = next(one for one in home.integration.workflows if one.name == workflow)
        return Execution(
            run_id=blank.run_id,
            home=home,
            others=self._others(wanted, config),
            workflow=wanted,
            config=config,
            clock=self._clock,
            variables=_variables(blank, home, wanted) | self._memory.state(declared.name, wanted),
            changes=changes,
        )

    def _others(self, workflow: Workflow, config: Config) -> dict[str, Party]:
        names = {step.integration for step in workflow.steps if step.integration is not None}
        others = {}
        for name in sorted(names):
            declared = config.integration(name)
            if declared is None:
                raise _Unprepared(f"integration {name} is not part of the configuration")
            try:
                others[name] = self._party(declared)
            except _Unprepared as err:
                raise _Unprepared(f"in {name}: {err}") from err
        return others

    def _party(self, declared: Integration) -> Party:
        try:
            resolved = self._integrations.of(declared)
            authenticator = authenticator_for(
                declared.auth, self._environ, tokens=self._tokens, clock=self._clock, integration=declared.name
            )
        except UnresolvedReference as err:
            raise _Unprepared(f"a secret is missing: {err}") from err
        except ValueError as err:
            words = Redactor(secret_values(declared, self._environ)).short(str(err))
            raise _Unprepared(f"auth cannot be set up: {words}") from None
        integration = resolved.integration
        account = account_of(integration, authenticator.credential)

        def asked_to_wait(seconds: float) -> None:
            self._manners.be_quiet(account, self._clock() + timedelta(seconds=min(seconds, QUIET_AT_MOST_S)))

        return Party(
            integration=integration,
            vendor=VENDORS[integration.vendor],
            authenticator=authenticator,
            new_transport=self._transports(integration),
            secrets=resolved.secrets,
            account=account,
            room=self._rooms.of(account),
            asked_to_wait=asked_to_wait,
        )

    def _transports(self, integration: Integration) -> Callable[[], ProbeTransport]:
        try:
            return transports(integration, self._environ, self._limits, self._resolver)
        except ValueError as err:
            raise _Unprepared(str(err)) from None

    async def _carry_out(self, execution: Execution) -> None:
        validator = partial(self._validator, execution.config)
        runner = StepRunner(execution, self._sleep, self._jitter, validator, self._extractor)
        cleaning = Cleaning(self._memory, execution, runner)
        for position, step in enumerate(execution.workflow.steps, start=1):
            try:
                failure = await runner.run(step, position)
            except asyncio.CancelledError:
                await cleaning.cut_off(position)
                raise
            await cleaning.after(step, position, failure)
        home = execution.home
        usage = usage_request(home.integration)
        if usage is not None and self._manners.usage_due(home.integration, home.account, execution.clock()):
            step = Step(name=USAGE_STEP, request=usage, always=True, retry=Retry(attempts=1))
            await runner.run(step, len(execution.workflow.steps) + 1)
        await cleaning.try_again()
        if deciding_step(execution.results) is None:
            await keep_state(self._memory, execution)

    def _validator(self, config: Config, name: str) -> Any:
        key = (config.version, name)
        if key not in self._validators:
            if len(self._validators) >= _KEPT_SCHEMAS:
                self._validators.clear()
            self._validators[key] = compiled(name, config.schemas)
        return self._validators[key]


def _variables(blank: Run, home: Party, workflow: Workflow) -> dict[str, Any]:
    """What the templates of a run know from its start. What is made of secrets there joins the party's secrets."""
    integration = home.integration
    known = builtin_values(
        run_id=str(blank.run_id),
        now=blank.started_at,
        region=blank.region,
        integration=integration.name,
        workflow=workflow.name,
        environment=integration.environment,
    )
    try:
        with derivations() as made:
            values = declared_values(known, integration.variables, workflow.variables)
    except TemplateFailure as err:
        raise _Unprepared(f"a variable cannot be made: {err}") from err
    home.secrets |= derived_secrets(made, home.secrets)
    return values


def _report(blank: Run, execution: Execution, lag_ms: float) -> Run:
    deciding = deciding_step(execution.results)
    failure = deciding.failure if deciding is not None else None
    elsewhere = deciding.integration if deciding is not None else None
    if failure is not None and elsewhere is not None:
        failure = replace(failure, message=f"in {elsewhere}: {failure.message}")
    ended = execution.ended if execution.ended is not None else execution.started
    steps, shapes = execution.changes.shapes(execution.results, execution.redactor)
    return replace(
        blank,
        duration_ms=max(0.0, (ended - execution.started) * 1000),
        outcome=of_run(execution.results, lag_ms),
        failure=failure,
        failed_step=deciding.name if deciding is not None else None,
        failed_integration=elsewhere,
        loop_lag_ms=lag_ms,
        steps=tuple(steps),
        quota=_readings(execution),
        values=dict(execution.values) | _waited(execution),
        changes=execution.changes.news(execution.redactor),
        shapes=shapes,
    )


def _readings(execution: Execution) -> tuple[QuotaReading, ...]:
    for party in execution.parties:
        party.quota = with_declared_limits(party.integration, party.quota)
    others = [replace(reading, integration=name) for name, one in execution.others.items() for reading in one.quota]
    return (*execution.home.quota, *others)


def _waited(execution: Execution) -> dict[str, float]:
    """How long the run stood in line for its credential, where that was worth telling."""
    return {WAITED: execution.waited_s * 1000} if execution.waited_s >= WORTH_TELLING_S else {}
