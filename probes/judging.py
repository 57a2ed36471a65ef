"""What an answer means: the transport's word, then the body, then the vendor's preset, then the step's `expect`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from config.model import Step
from probes.assertions import ABSENT, Expectation, Received, first_failure, hold, status
from probes.assertions.json_paths import check_paths
from probes.capture import capture, record
from probes.document import CorruptDocument, claims_json, parse
from probes.exchange import Exchange
from probes.model import Assertion, Failure, FailureKind
from probes.vendors import Answer, Vendor


@dataclass(frozen=True, slots=True)
class Judgement:
    """Assertions are redacted already, the rest is not. `answer` is None where none came."""

    answer: Answer | None = None
    assertions: tuple[Assertion, ...] = ()
    failure: Failure | None = None
    captured: dict[str, Any] = field(default_factory=dict)
    recorded: dict[str, float] = field(default_factory=dict)
    pending: Assertion | None = None
    """What `until` still waits for."""


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges the answers to one step. `until` is rendered; None where the step does not poll.

    `show` redacts an assertion: what a failure says is made of what may be seen.
    """

    step: Step
    vendor: Vendor
    expected: Expectation
    show: Callable[[Assertion], Assertion]
    until: dict[str, Any] | None = None

    def judge(self, exchange: Exchange, observed_at: datetime) -> Judgement:
        """The verdict on one exchange."""
        if exchange.failure is not None or exchange.status is None:
            return Judgement(failure=exchange.failure)
        received, corrupt = self._read(exchange, exchange.status)
        answer = _answer(received, observed_at)
        if corrupt is not None:
            return Judgement(answer, self._status(received), corrupt)
        verdict = self.vendor.verdict(answer)
        pending = self._pending(received)
        if verdict is not None and self._is_unexpected(verdict, received.status, pending):
            return Judgement(answer, self._status(received), verdict)
        if pending is not None:
            return Judgement(answer, (pending,), pending=pending)
        return self._expect(answer, received)

    def _read(self, exchange: Exchange, code: int) -> tuple[Received, Failure | None]:
        received = Received(code, exchange.headers, exchange.body)
        claimed = claims_json(exchange.headers) and bool(exchange.body)
        wanted = self._reads_json() and 200 <= code < 300
        if not claimed and not wanted and not exchange.body:
            return received, None
        try:
            return replace(received, document=parse(exchange.body)), None
        except CorruptDocument as err:
            if 200 <= code < 300 and (claimed or wanted):
                what = "corrupt JSON" if exchange.body else "an empty body instead of JSON"
                detail = f": {err}" if exchange.body else ""
                return received, Failure(FailureKind.BODY, f"{what} in a {code}{detail}")
            return received, None

    def _reads_json(self) -> bool:
        step = self.step
        captures = any(not source.startswith("header:") for source in step.capture.values())
        until = bool(step.until and step.until.json_paths)
        expect = step.expect
        return bool(expect.json_paths or expect.json_schema or step.record) or captures or until

    def _status(self, received: Received) -> tuple[Assertion, ...]:
        return tuple(status.check(self.expected, received))

    def _is_unexpected(self, verdict: Failure, code: int, pending: Assertion | None) -> bool:
        """A status of 400 or more that the step names is fine; one that `until` waits to change is not yet bad."""
        if code >= 400 and status.names(self.step.expect.status, code):
            return False
        waits_for_status = self.step.until is not None and self.step.until.status is not None
        return not (waits_for_status and verdict.kind is FailureKind.STATUS_4XX and pending is not None)

    def _pending(self, received: Received) -> Assertion | None:
        """The first part of `until` that does not hold yet."""
        until = self.step.until
        if until is None or self.until is None:
            return None
        if until.status is not None and not status.matches(until.status, received.status):
            return Assertion("status", str(until.status), str(received.status), passed=False)
        held = check_paths(self.until, until.json_paths, received)
        return next((self.show(one) for one in held if not one.passed), None)

    def _expect(self, answer: Answer, received: Received) -> Judgement:
        assertions, failure = hold(self.expected, received, self.show)
        if self.step.until is not None:
            assertions += tuple(map(self.show, check_paths(self.until or {}, self.step.until.json_paths, received)))
        captured: dict[str, Any] = {}
        if failure is None:
            captured, failure = capture(self.step.capture, received)
        return Judgement(answer, assertions, failure, captured, record({name: one.source for name, one in self.step.record.items()}, received))


def _answer(received: Received, observed_at: datetime) -> Answer:
    headers = {name.lower(): value for name, value in received.headers.items()}
    document = None if received.document is ABSENT else received.document
    return Answer(received.status, headers, received.body, document, observed_at)


def never_held(pending: Assertion, within: str) -> Failure:
    """The failure of an `until` whose time is over."""
    broken = first_failure([pending], FailureKind.ASSERTION)
    assert broken is not None  # noqa: S101 - it is pending because it does not hold
    last = broken.message if "no such path" in broken.message else f"{pending.subject} = {pending.actual}"
    return Failure(FailureKind.ASSERTION, f"not visible within {within} (last: {last})")
