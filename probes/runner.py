"""Runs a workflow once and reports it."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, Final

from config.model import Config, Integration, Retry, Step, Workflow
from config.secrets import UnresolvedReference, resolve_integration, secret_values
from config.templates import builtin_values
from probes import ids
from probes.assertions.schema import SchemaFailure, compiled
from probes.auth import TokenCache, authenticator_for
from probes.execution import Execution
from probes.lag import LoopLag
from probes.manners import Manners, with_declared_limits
from probes.model import Failure, FailureKind, Outcome, Run
from probes.outcome import deciding_step, of_run
from probes.redaction import Redactor
from probes.steps import StepRunner
from probes.transport import Limits, ProbeTransport
from probes.vendors import VENDORS
from probes.vendors.usage import usage_request

USAGE_STEP: Final = "quota usage"
"""The vendor's usage endpoint, asked after a workflow's own steps; like clean-up it decides nothing."""

_KEPT_SCHEMAS: Final = 512


def _full_jitter(longest: float) -> float:
    return random.uniform(0.0, longest)  # noqa: S311 - spreads load, hides nothing


class Runner:
    """Shared by all runs of a prober; each run has connections of its own.

    `tokens` outlives the runs. Without `loop_lag` nothing is ever tainted. `sleep` and `jitter` pace retries and polls.
    """

    def __init__(
        self,
        *,
        environ: Mapping[str, str],
        clock: Callable[[], datetime],
        loop_lag: LoopLag | None = None,
        tokens: TokenCache | None = None,
        limits: Limits | None = None,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        jitter: Callable[[float], float] = _full_jitter,
    ) -> None:
        self._environ = environ
        self._clock = clock
        self._loop_lag = loop_lag
        self._tokens = tokens if tokens is not None else TokenCache()
        self._limits = limits
        self._sleep = sleep
        self._jitter = jitter
        self._manners = Manners()
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
        that would take what `quota` leaves to the business is not made: SKIPPED, with the reason.
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
        reason = self._manners.reason_to_skip(integration, started_at)
        if reason is not None:
            return replace(blank, outcome=Outcome.SKIPPED, skip_reason=reason)
        try:
            execution = self._prepare(blank, integration, workflow.name, config)
        except UnresolvedReference as err:
            return replace(blank, failure=Failure(FailureKind.INTERNAL, f"a secret is missing: {err}"))
        except ValueError as err:
            words = Redactor(secret_values(integration, self._environ)).short(str(err))
            return replace(blank, failure=Failure(FailureKind.INTERNAL, f"auth cannot be set up: {words}"))
        try:
            await self._carry_out(execution)
        finally:
            await execution.transport.aclose()
        execution.quota = with_declared_limits(integration, execution.quota)
        self._manners.learn(integration, execution.quota, execution.transport.requests, self._clock())
        lag = self._loop_lag.worst_since(started) if self._loop_lag is not None else 0.0
        return _report(blank, execution, lag)

    def _prepare(self, blank: Run, declared: Integration, workflow: str, config: Config) -> Execution:
        integration = resolve_integration(declared, self._environ)
        authenticator = authenticator_for(
            declared.auth, self._environ, tokens=self._tokens, clock=self._clock, integration=declared.name
        )
        return Execution(
            run_id=blank.run_id,
            integration=integration,
            workflow=next(one for one in integration.workflows if one.name == workflow),
            config=config,
            vendor=VENDORS[integration.vendor],
            authenticator=authenticator,
            new_transport=partial(ProbeTransport, ca_file=integration.tls.ca_file, limits=self._limits),
            clock=self._clock,
            secrets=secret_values(declared, self._environ),
            variables=builtin_values(
                run_id=str(blank.run_id),
                now=blank.started_at,
                region=blank.region,
                integration=integration.name,
                workflow=workflow,
            ),
        )

    async def _carry_out(self, execution: Execution) -> None:
        runner = StepRunner(execution, self._sleep, self._jitter, lambda name: self._validator(execution.config, name))
        for position, step in enumerate(execution.workflow.steps, start=1):
            await runner.run(step, position)
        usage = usage_request(execution.integration)
        if usage is not None and self._manners.usage_due(execution.integration, execution.clock()):
            step = Step(name=USAGE_STEP, request=usage, always=True, retry=Retry(attempts=1))
            await runner.run(step, len(execution.workflow.steps) + 1)

    def _validator(self, config: Config, name: str) -> Any:
        key = (config.version, name)
        if key not in self._validators:
            if name not in config.schemas:
                raise SchemaFailure(f"schema {name} is not part of the configuration")
            if len(self._validators) >= _KEPT_SCHEMAS:
                self._validators.clear()
            self._validators[key] = compiled(config.schemas[name])
        return self._validators[key]


def _report(blank: Run, execution: Execution, lag_ms: float) -> Run:
    deciding = deciding_step(execution.results)
    ended = execution.ended if execution.ended is not None else execution.started
    return replace(
        blank,
        duration_ms=max(0.0, (ended - execution.started) * 1000),
        outcome=of_run(execution.results, lag_ms),
        failure=deciding.failure if deciding is not None else None,
        failed_step=deciding.name if deciding is not None else None,
        loop_lag_ms=lag_ms,
        steps=tuple(execution.results),
        quota=tuple(execution.quota),
        values=dict(execution.values),
    )
