"""One step: its attempts, its retries, its polling."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from config.model import Step
from config.scalars import format_duration
from config.templates import BUILTINS, TemplateFailure, render_json
from probes.assertions import expectation
from probes.assertions.schema import SchemaFailure
from probes.concurrency import NoRoom
from probes.exchange import Exchange
from probes.execution import TOKEN_STEP, Execution
from probes.following import follow
from probes.http import Request
from probes.judging import Judge, Judgement, never_held
from probes.model import Failure, FailureKind
from probes.request import UnsendableRequest, build, may_repeat, needs
from probes.sending import Unauthorised

SYNC_LAG: Final = "sync_lag_ms"


@dataclass(slots=True)
class _Aim:
    """One step on its way through its attempts."""

    step: Step
    position: int
    judge: Judge
    started: float
    attempt: int = 1
    may_repeat: bool = False
    unsent: bool = False
    """The last attempt got no token, so the step itself was not sent."""


@dataclass(frozen=True, slots=True)
class StepRunner:
    """Runs the steps of one execution.

    `jitter` turns the longest wait into the one to take; `validator` gives the compiled schema of that name and raises
    SchemaFailure.
    """

    execution: Execution
    sleep: Callable[[float], Awaitable[object]]
    jitter: Callable[[float], float]
    validator: Callable[[str], Any]

    async def run(self, step: Step, position: int) -> None:
        """Send it, or write down why not. Nothing is raised for what a vendor does."""
        self.execution.begin(step)
        failure = self._obstacle(step)
        if failure is not None:
            self._keep_unsent(step, position, failure)
        else:
            failure = await self._run(step, position)
        if failure is not None and not step.always:
            self.execution.blocked_by = self.execution.blocked_by or step.name

    def _obstacle(self, step: Step) -> Failure | None:
        """Why the step is not to be sent at all, before anything of it is tried."""
        execution = self.execution
        if execution.blocked_by is not None and not step.always:
            return Failure(FailureKind.DEPENDENCY, f"not run: step {execution.blocked_by!r} failed before it")
        if time.perf_counter() >= self._limit(step):
            return Failure(FailureKind.DEADLINE, f"{execution.deadline_words(self._limit(step))} before this step")
        if execution.blocked_by is not None and not execution.reached_vendor:
            return Failure(FailureKind.DEPENDENCY, "not run: no step before it sent anything that needs cleaning up")
        missing = sorted(_needs(step) - BUILTINS - execution.variables.keys())
        if missing and execution.blocked_by is not None:
            return Failure(FailureKind.DEPENDENCY, f"not run: {', '.join(missing)} was never captured")
        return None

    async def _run(self, step: Step, position: int) -> Failure | None:
        try:
            aim = _Aim(step, position, self._judge(step), time.perf_counter())
            return await self._attempts(aim)
        except NoRoom as err:
            failure = Failure(FailureKind.INTERNAL, str(err))
            self._keep_unsent(step, position, failure)
            return failure
        except (TemplateFailure, UnsendableRequest, SchemaFailure) as err:
            failure = Failure(FailureKind.INTERNAL, f"cannot build the request or its expectation: {err}")
            self._keep_unsent(step, position, failure)
            return failure

    def _judge(self, step: Step) -> Judge:
        variables, schema = self.execution.variables, step.expect.json_schema
        expected = expectation(step.expect, variables, self.validator(schema) if schema is not None else None)
        until = render_json(step.until.json_paths, variables) if step.until is not None else None
        return Judge(step, self.execution.vendor, expected, self.execution.shown, until)

    async def _attempts(self, aim: _Aim) -> Failure | None:
        while True:
            failure = await self._attempt(aim)
            wait = self._wait_before_next(aim, failure) if failure is not None else None
            if wait is None:
                if aim.unsent:
                    words = f"not run: step {TOKEN_STEP!r} failed before it"
                    self._keep_unsent(aim.step, aim.position, Failure(FailureKind.DEPENDENCY, words))
                return failure
            await self.sleep(wait)
            aim.attempt += 1

    async def _attempt(self, aim: _Aim) -> Failure | None:
        poll = 1
        while True:
            request = self._request(aim, poll)
            aim.may_repeat = may_repeat(aim.step.request, request)
            exchange = await self._send(aim, request)
            aim.unsent = isinstance(exchange, Unauthorised)
            if isinstance(exchange, Unauthorised):
                # The token step tells the failure. Asking for a token again does no harm.
                aim.may_repeat = True
                return exchange.failure
            judgement = self._judged(aim, exchange)
            if judgement.pending is None or judgement.failure is not None:
                return self._written(aim, exchange, judgement)
            assert aim.step.until is not None  # noqa: S101 - nothing else leaves anything pending
            await self.sleep(aim.step.until.every.total_seconds())
            poll += 1

    async def _send(self, aim: _Aim, request: Request) -> Exchange | Unauthorised:
        async with self.execution.place() as waited:
            aim.started += waited
            most = aim.step.request.redirects
            return await follow(self.execution, request, limit=self._limit(aim.step), most=most)

    def _request(self, aim: _Aim, poll: int) -> Request:
        request = build(aim.step.request, self.execution.integration, self.execution.variables)
        for name, value in self.execution.trace_headers(aim.position, aim.attempt, poll).items():
            request.headers.setdefault(name, value)
        return request

    def _judged(self, aim: _Aim, exchange: Exchange) -> Judgement:
        judgement = aim.judge.judge(exchange, self.execution.clock())
        answer = judgement.answer
        if judgement.failure is not None and answer is not None and self.execution.vendor.token_rejected(answer):
            fresh = self.execution.authenticator.invalidate(exchange.request)
            return replace(judgement, failure=replace(judgement.failure, retryable=fresh))
        if judgement.pending is not None:
            return replace(judgement, failure=self._pending_too_long(aim, judgement))
        return judgement

    def _pending_too_long(self, aim: _Aim, judgement: Judgement) -> Failure | None:
        until, pending = aim.step.until, judgement.pending
        assert until is not None and pending is not None  # noqa: S101, PT018 - the caller saw that it is pending
        next_poll = time.perf_counter() + until.every.total_seconds()
        if next_poll > aim.started + until.within.total_seconds():
            return never_held(pending, format_duration(until.within))
        if next_poll > self._limit(aim.step):
            last = never_held(pending, format_duration(until.within)).message
            return Failure(
                FailureKind.DEADLINE, f"{self.execution.deadline_words(self._limit(aim.step))} while polling: {last}"
            )
        return None

    def _written(self, aim: _Aim, exchange: Exchange, judgement: Judgement) -> Failure | None:
        execution, step = self.execution, aim.step
        for number, hop in enumerate(exchange.hops, start=1):
            name = f"{step.name} (redirect {number})"
            execution.keep(name, aim.position, aim.attempt, hop, Judgement(), cleanup=step.always)
        execution.keep(step.name, aim.position, aim.attempt, exchange, judgement, cleanup=step.always)
        if step.until is not None and judgement.failure is None:
            lag = (exchange.ended - aim.started) * 1000
            names = (SYNC_LAG, f"sync_lag_to_{step.integration}_ms") if step.integration is not None else (SYNC_LAG,)
            execution.values |= {name: max(lag, execution.values.get(name, 0.0)) for name in names}
        return judgement.failure

    def _wait_before_next(self, aim: _Aim, failure: Failure) -> float | None:
        """Seconds until the next attempt; None if there is none to be."""
        if not failure.retryable or aim.attempt >= aim.step.retry.attempts:
            return None
        if failure.kind is FailureKind.AUTH:
            # The vendor refused the token before doing anything, and the next attempt fetches another.
            return 0.0
        if not aim.may_repeat:
            return None
        longest = aim.step.retry.backoff.total_seconds() * 2 ** (aim.attempt - 1)
        wait = failure.retry_after_s if failure.retry_after_s is not None else self.jitter(longest)
        return wait if time.perf_counter() + wait < self._limit(aim.step) else None

    def _limit(self, step: Step) -> float:
        return self.execution.limit(cleanup=step.always)

    def _keep_unsent(self, step: Step, position: int, failure: Failure) -> None:
        self.execution.keep_unsent(step.name, position, failure, method=step.request.method, cleanup=step.always)


def _needs(step: Step) -> frozenset[str]:
    try:
        return needs(step)
    except TemplateFailure:
        # Rendering it will say what is wrong with it.
        return frozenset()
