"""One step: its attempts, its retries, its polling."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final

from config.model import Step
from config.scalars import format_duration
from config.template_functions import Derivation, derivations
from config.templates import TemplateFailure, declared_values, is_true, render_json, render_text
from probes.assertions import expectation
from probes.assertions.schema import SchemaFailure
from probes.concurrency import NoRoom
from probes.exchange import Exchange
from probes.execution import TOKEN_STEP, Execution
from probes.extraction import Extractor
from probes.following import follow
from probes.http import Request
from probes.judging import Judge, Judgement, never_held
from probes.model import Failure, FailureKind
from probes.pages import Following, Pages, on_first_page
from probes.redaction.derived import derived_secrets
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
    pages: Pages | None = None
    following: Following | None = None
    """The page after this one, as the last answer named it."""
    built: Request | None = None
    """What is sent, and sent again as it is by a retry."""
    attempt: int = 1
    first_attempt: int = 1
    """The first at this page: attempts are counted over all pages, so that each row has its own number."""
    may_repeat: bool = False
    unsent: bool = False
    """The last attempt got no token, so the step itself was not sent."""

    @property
    def name(self) -> str:
        """The step's; from the second page on with the number of the page."""
        page = self.pages.number if self.pages is not None else 1
        return f"{self.step.name} ({page})" if page > 1 else self.step.name

    @property
    def variables(self) -> dict[str, Any]:
        """What its templates know beside the run's."""
        return self.pages.variables if self.pages is not None else {}


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
    extractor: Extractor
    never_set: set[str] = field(default_factory=set)
    """Variables that steps would have captured, had their `when` held."""

    async def run(self, step: Step, position: int) -> Failure | None:
        """Send it, or write down why not → how it failed. Nothing is raised for what a vendor does."""
        self.execution.begin(step)
        failure = self._obstacle(step)
        if failure is not None:
            self._keep_unsent(step, position, failure)
        elif not self._is_left_out(step, position):
            failure = await self._run(step, position)
        if failure is not None and not step.always:
            self.execution.blocked_by = self.execution.blocked_by or step.name
        return failure

    def _obstacle(self, step: Step) -> Failure | None:
        """Why the step is not to be sent at all, before anything of it is tried."""
        execution = self.execution
        if execution.blocked_by is not None and not step.always:
            return Failure(FailureKind.DEPENDENCY, f"not run: step {execution.blocked_by!r} failed before it")
        if time.perf_counter() >= self._limit(step):
            return Failure(FailureKind.DEADLINE, f"{execution.deadline_words(self._limit(step))} before this step")
        if execution.blocked_by is not None and not execution.reached_vendor:
            return Failure(FailureKind.DEPENDENCY, "not run: no step before it sent anything that needs cleaning up")
        missing = sorted(_needs(step) - execution.variables.keys()) if execution.blocked_by is not None else []
        if missing:
            return Failure(FailureKind.DEPENDENCY, f"not run: {', '.join(missing)} was never captured")
        return None

    def _is_left_out(self, step: Step, position: int) -> bool:
        """Whether its `when` does not hold; then that is written down, and is no failure."""
        words = self.why_left_out(step)
        if words is not None:
            self._keep_unsent(step, position, Failure(FailureKind.DEPENDENCY, f"not run: {words}"))
            self.never_set.update(step.capture.keys() - self.execution.variables.keys())
        return words is not None

    def why_left_out(self, step: Step) -> str | None:
        """Words where the step under way is not to be sent, and that is no failure."""
        if step.when is not None:
            try:
                return None if is_true(step.when, self._variables()) else f"when {step.when} is not so"
            except TemplateFailure as err:
                return f"when {step.when} cannot be told: {err}"
        unknown = sorted(_needs(step) & self.never_set - self.execution.variables.keys()) if self.never_set else []
        return f"{', '.join(unknown)} was not captured, because its step was not run" if unknown else None

    async def _run(self, step: Step, position: int) -> Failure | None:
        try:
            return await self._pages(step, position)
        except NoRoom as err:
            failure = Failure(FailureKind.INTERNAL, str(err))
            self._keep_unsent(step, position, failure)
            return failure
        except (TemplateFailure, UnsendableRequest, SchemaFailure) as err:
            failure = Failure(FailureKind.INTERNAL, f"cannot build the request or its expectation: {err}")
            self._keep_unsent(step, position, failure)
            return failure

    async def _pages(self, step: Step, position: int) -> Failure | None:
        pages = Pages(step.repeat) if step.repeat is not None else None
        aim = _Aim(step, position, self._judge(step, pages), time.perf_counter(), pages)
        failure = await self._attempts(aim)
        while failure is None and aim.following is not None:
            failure = await self._turned(aim, aim.following)
        return failure

    async def _turned(self, aim: _Aim, following: Following) -> Failure | None:
        """Go on with the next page."""
        assert aim.pages is not None  # noqa: S101 - only a step that turns pages has one that follows
        aim.pages.turn(following)
        aim.attempt = aim.first_attempt = aim.attempt + 1
        aim.judge, aim.built, aim.following = self._judge(aim.step, aim.pages), None, None
        if time.perf_counter() < self._limit(aim.step):
            return await self._attempts(aim)
        words = f"{self.execution.deadline_words(self._limit(aim.step))} before page {aim.pages.number}"
        failure = Failure(FailureKind.DEADLINE, words)
        self._keep_unsent(aim.step, aim.position, failure, aim)
        return failure

    def _judge(self, step: Step, pages: Pages | None = None) -> Judge:
        execution, schema, expect = self.execution, step.expect.json_schema, step.expect
        if step.until is not None and expect.status is None:
            # What was waited for is what is expected.
            expect = expect.model_copy(update={"status": step.until.status})
        with derivations() as made:
            variables = self._variables(pages)
            expected = expectation(expect, variables, self.validator(schema) if schema is not None else None)
            until = render_json(step.until.json_paths, variables) if step.until is not None else None
        self._keep_secret(made)
        return Judge(step, execution.vendor, expected, execution.shown, until, execution.workflow.namespaces)

    def _variables(self, pages: Pages | None = None) -> dict[str, Any]:
        """The run's, under them those of another integration that the step is sent to, and those of its page."""
        execution = self.execution
        own = execution.variables
        elsewhere = execution.party is not execution.home and execution.integration.variables
        under = declared_values(own, execution.integration.variables) if elsewhere else {}
        return {**under, **own, **(pages.variables if pages is not None else {})}

    def _keep_secret(self, made: list[Derivation]) -> None:
        if made:
            self.execution.secrets |= derived_secrets(made, self.execution.credentials)

    async def _attempts(self, aim: _Aim) -> Failure | None:
        while True:
            failure = await self._attempt(aim)
            wait = self._wait_before_next(aim, failure) if failure is not None else None
            if wait is None:
                if aim.unsent:
                    words = f"not run: step {TOKEN_STEP!r} failed before it"
                    self._keep_unsent(aim.step, aim.position, Failure(FailureKind.DEPENDENCY, words), aim)
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
            judgement = await self._judged(aim, exchange)
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
        if aim.built is None or aim.step.until is not None:
            aim.built = self._built(aim)
        first, content = aim.built, aim.built.content or None
        extensions = dict(first.extensions)
        request = Request(first.method, first.url, headers=first.headers, content=content, extensions=extensions)
        for name, value in self.execution.trace_headers(aim.position, aim.attempt, poll).items():
            request.headers.setdefault(name, value)
        return request

    def _built(self, aim: _Aim) -> Request:
        """The request as it is rendered once, for all attempts at it."""
        declared, pages = aim.step.request, aim.pages
        if pages is not None and pages.number == 1:
            declared = on_first_page(declared, pages.repeat.cursor)
        with derivations() as made:
            variables = self._variables(pages)
            address = pages.now.address if pages is not None else None
            integration, files = self.execution.integration, self.execution.config.files
            request = build(declared, integration, variables, files=files, address=address)
            if declared.idempotency_key:
                own = f"{self.execution.run_id}-{aim.position}" + (f".{pages.number}" if pages is not None else "")
                key = declared.idempotency_key
                request.headers[declared.idempotency_header] = own if key is True else render_text(key, variables)
        self._keep_secret(made)
        return request

    async def _judged(self, aim: _Aim, exchange: Exchange) -> Judgement:
        judgement = await aim.judge.judge(exchange, self.execution.clock(), self.extractor)
        answer = judgement.answer
        if judgement.failure is not None and answer is not None and self.execution.vendor.token_rejected(answer):
            fresh = self.execution.authenticator.invalidate(exchange.request)
            return replace(judgement, failure=replace(judgement.failure, retryable=fresh))
        if judgement.pending is not None:
            return replace(judgement, failure=self._pending_too_long(aim, judgement))
        if judgement.following is not None and aim.pages is not None:
            asked = aim.built.url if aim.built is not None else exchange.request.url
            obstacle = aim.pages.obstacle(judgement.following, asked)
            following = None if obstacle is not None or aim.pages.is_last() else judgement.following
            return replace(judgement, failure=obstacle, following=following)
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
        aim.following = judgement.following
        execution.keep(aim.name, aim.position, aim.attempt, exchange, judgement, cleanup=step.always)
        if step.until is not None and judgement.failure is None:
            lag = (exchange.ended - aim.started) * 1000
            names = (SYNC_LAG, f"sync_lag_to_{step.integration}_ms") if step.integration is not None else (SYNC_LAG,)
            execution.values |= {name: max(lag, execution.values.get(name, 0.0)) for name in names}
        return judgement.failure

    def _wait_before_next(self, aim: _Aim, failure: Failure) -> float | None:
        """Seconds until the next attempt; None if there is none to be."""
        tried = aim.attempt - aim.first_attempt + 1
        if not failure.retryable or tried >= aim.step.retry.attempts:
            return None
        if failure.kind is FailureKind.AUTH:
            # The vendor refused the token before doing anything, and the next attempt fetches another.
            return 0.0
        if not aim.may_repeat:
            return None
        longest = aim.step.retry.backoff.total_seconds() * 2 ** (tried - 1)
        wait = failure.retry_after_s if failure.retry_after_s is not None else self.jitter(longest)
        return wait if time.perf_counter() + wait < self._limit(aim.step) else None

    def _limit(self, step: Step) -> float:
        return self.execution.limit(cleanup=step.always)

    def _keep_unsent(self, step: Step, position: int, failure: Failure, aim: _Aim | None = None) -> None:
        name = aim.name if aim is not None else step.name
        self.execution.keep_unsent(name, position, failure, method=step.request.method, cleanup=step.always)


def _needs(step: Step) -> frozenset[str]:
    try:
        return needs(step)
    except TemplateFailure:
        # Rendering it will say what is wrong with it.
        return frozenset()
