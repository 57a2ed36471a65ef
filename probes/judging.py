"""What an answer means: the transport's word, then the body, then the vendor's preset, then the step's `expect`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from config.checks.sources import NAMESPACES
from config.model import Step
from probes import redirects
from probes.assertions import ABSENT, Expectation, Received, first_failure, hold, status
from probes.assertions.json_paths import check_paths
from probes.capture import capture, is_secret, of_kind, record
from probes.document import CorruptDocument, OversizedDocument, claims_json, parse
from probes.exchange import Exchange
from probes.extraction import Extracted, Extractor, Wanted
from probes.model import Assertion, Failure, FailureKind
from probes.pages import Following, next_page
from probes.protocols import graphql_failure, soap_failure
from probes.vendors import Answer, Vendor

NEVER_HELD: Final = "not visible within"
"""How the failure of an `until` begins: the vendor answers, but what is waited for does not come."""


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
    secrets: frozenset[str] = frozenset()
    """Captured texts that are secrets, whatever their variables are called."""
    following: Following | None = None
    """The next page, where the step turns pages and there is one."""


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
    namespaces: Mapping[str, str] = field(default_factory=dict)

    async def judge(self, exchange: Exchange, observed_at: datetime, extractor: Extractor) -> Judgement:
        """The verdict on one exchange."""
        if exchange.failure is not None or exchange.status is None:
            return Judgement(failure=exchange.failure)
        received, corrupt = self._read(exchange, exchange.status)
        wanted = self._wanted()
        if wanted:
            empty = Extracted(xml_error="an empty body")
            extracted = await extractor.extract(wanted, received.body) if received.body else empty
            received, corrupt = replace(received, extracted=extracted), corrupt or self._not_xml(extracted, received)
        answer = _answer(received, observed_at)
        if corrupt is not None:
            return Judgement(answer, self._status(received), corrupt)
        verdict = self._verdict(answer, received)
        pending = self._pending(received)
        if verdict is not None and self._is_unexpected(verdict, received.status, pending):
            return Judgement(answer, self._status(received), verdict)
        if pending is not None:
            return Judgement(answer, (pending,), pending=pending)
        return self._expect(answer, received)

    def _read(self, exchange: Exchange, code: int) -> tuple[Received, Failure | None]:
        earlier = tuple(hop.headers for hop in exchange.hops)
        received = Received(code, exchange.headers, exchange.body, url=str(exchange.request.url), earlier=earlier)
        claimed = claims_json(exchange.headers) and bool(exchange.body)
        wanted = self._reads_json() and 200 <= code < 300
        if not claimed and not wanted and not exchange.body:
            return received, None
        try:
            return replace(received, document=parse(exchange.body)), None
        except OversizedDocument as err:
            # Where nothing reads it, our limit is no fault of the vendor's.
            failure = Failure(FailureKind.BODY, f"JSON of {len(exchange.body):,} bytes, {err}") if wanted else None
            return received, failure
        except CorruptDocument as err:
            if 200 <= code < 300 and (claimed or wanted):
                what = "corrupt JSON" if exchange.body else "an empty body instead of JSON"
                detail = f": {err}" if exchange.body else ""
                return received, Failure(FailureKind.BODY, f"{what} in a {code}{detail}")
            return received, None

    def _reads_json(self) -> bool:
        step = self.step
        sources = any(source.startswith("$") for source in sources_of(step))
        until = bool(step.until and step.until.json_paths)
        expect = step.expect
        return bool(expect.json_paths or expect.json_schema or step.record or step.request.graphql) or sources or until

    def _wanted(self) -> Wanted:
        sources, expected = sources_of(self.step), self.step.expect.xml
        xpaths = (*of_kind("xpath", sources), *(expected or ()))
        reads_xml = expected is not None or bool(xpaths) or self.step.request.xml is not None
        return Wanted(of_kind("regex", sources), xpaths, {**NAMESPACES, **self.namespaces}, xml=reads_xml)

    def _not_xml(self, extracted: Extracted, received: Received) -> Failure | None:
        code, wanted = received.status, self._wanted()
        needed = bool(wanted.xpath) or self.step.expect.xml is not None
        if extracted.xml_error is None or not needed or not 200 <= code < 300:
            return None
        return Failure(FailureKind.BODY, f"no well-formed XML in a {code}: {extracted.xml_error}")

    def _verdict(self, answer: Answer, received: Received) -> Failure | None:
        """The vendor's, or what the protocol says in its place."""
        verdict, expect = self.vendor.verdict(answer), self.step.expect
        if self.step.request.graphql is not None and verdict is None:
            return graphql_failure(answer.json, expect.json_paths)
        return soap_failure(received.extracted.fault, verdict, expect.xml or ()) or verdict

    def _redirected(self, failure: Failure | None, received: Received) -> Failure | None:
        """The same failure, with the remedy where the answer was a redirect that the request does not follow."""
        target = redirects.location(received.status, received.headers)
        if failure is None or target is None or status.matches(self.expected.rendered.status, received.status):
            return failure
        where = redirects.shown(redirects.absolute(received.url, target))
        words = f"it redirects to {where}; set redirects: 1 on the request to follow, or expect the {received.status}"
        return replace(failure, message=f"{failure.message}: {words}")

    def _status(self, received: Received) -> tuple[Assertion, ...]:
        return tuple(status.check(self.expected, received))

    def _is_unexpected(self, verdict: Failure, code: int, pending: Assertion | None) -> bool:
        """A status of 400 or more that the step names is fine; one that `until` waits to change is not yet bad."""
        if code >= 400 and status.names(self.expected.rendered.status, code):
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
        failure = self._redirected(failure, received)
        if self.step.until is not None:
            assertions += tuple(map(self.show, check_paths(self.until or {}, self.step.until.json_paths, received)))
        captured: dict[str, Any] = {}
        following = None
        if failure is None:
            captured, failure = capture(self.step.capture, received)
        if failure is None and self.step.repeat is not None:
            found = next_page(self.step.repeat, received)
            following, failure = (None, found) if isinstance(found, Failure) else (found, None)
        secret = frozenset(str(captured[name]) for name in captured if is_secret(self.step.capture[name]))
        numbers = record({name: one.source for name, one in self.step.record.items()}, received)
        return Judgement(answer, assertions, failure, captured, numbers, secrets=secret, following=following)


def sources_of(step: Step) -> tuple[str, ...]:
    """Where the step takes values from: its captures, and the next page."""
    return (*step.capture.values(), *((step.repeat.next,) if step.repeat is not None else ()))


def _answer(received: Received, observed_at: datetime) -> Answer:
    headers = {name.lower(): value for name, value in received.headers.items()}
    document = None if received.document is ABSENT else received.document
    return Answer(received.status, headers, received.body, document, observed_at)


def never_held(pending: Assertion, within: str) -> Failure:
    """The failure of an `until` whose time is over."""
    broken = first_failure([pending], FailureKind.ASSERTION)
    assert broken is not None  # noqa: S101 - it is pending because it does not hold
    last = broken.message if "no such path" in broken.message else f"{pending.subject} = {pending.actual}"
    return Failure(FailureKind.ASSERTION, f"{NEVER_HELD} {within} (last: {last})")
