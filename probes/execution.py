"""One run under way: what its steps share and leave behind."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from config.model import Config, Integration, Step, Workflow
from config.scalars import format_duration
from probes import ids
from probes.assertions.operators import show
from probes.auth import Authenticator
from probes.change.watch import RunChanges
from probes.cookies import CookieJar
from probes.evidence import gather
from probes.exchange import Exchange
from probes.http import Request
from probes.judging import Judgement
from probes.model import Assertion, Certificate, Failure, FailureKind, Outcome, StepResult
from probes.outcome import TOKEN_POSITION, of_step
from probes.party import Party
from probes.quota import quota_readings
from probes.redaction import Redactor, redactor_for
from probes.redaction.names import REDACTED, mask_for
from probes.request import is_own_host
from probes.transport import ProbeTransport
from probes.vendors import Vendor

CLEANUP_S: Final = 10.0
"""Time of their own that clean-up steps have, together, when the workflow's is over."""

STATE_SHOWN: Final = "[kept for the next run]"
"""What is shown of a value that outlives the run."""
LONG_ENOUGH_TO_HIDE: Final = 8
"""A shorter value of the state can be no token, and hiding it would blank out numbers everywhere."""

TOKEN_STEP: Final = "token"  # noqa: S105 - the name of a step
NONCE_STEP: Final = "nonce"
"""A token request that the server answered with the nonce that the next one has to prove (RFC 9449 §8)."""


@dataclass(slots=True)
class Execution:
    """Mutable, and owned by one run. What it says of integration, vendor, credential and connections is those of
    the party that the step under way talks to: the integration of the run, unless the step names another."""

    run_id: UUID
    home: Party
    others: Mapping[str, Party]
    """By name: the integrations that single steps are sent to instead."""
    workflow: Workflow
    config: Config
    clock: Callable[[], datetime]
    variables: dict[str, Any]
    changes: RunChanges
    party: Party = field(init=False)
    secrets: frozenset[str] = field(init=False)
    opaque: frozenset[str] = field(init=False)
    """Values of the workflow's state: shown nowhere, as nobody knows what a vendor's cursor holds."""
    results: list[StepResult] = field(default_factory=list)
    values: dict[str, float] = field(default_factory=dict)
    cookies: CookieJar = field(default_factory=CookieJar)
    started: float = field(default_factory=time.perf_counter)
    ended: float | None = None
    waited_s: float = 0.0
    """For a place among the requests of a credential: that is nobody's slowness, and in no timing."""
    cleaning: bool = False
    """Whether the step under way is one that always runs."""
    cleanup_until: float | None = None
    blocked_by: str | None = None
    """Name of the step that failed; later ordinary steps are skipped."""
    reached_vendor: bool = False
    """Whether any step sent its request, so that there may be something to clean up."""
    _redactor: tuple[frozenset[str], Redactor] | None = None

    def __post_init__(self) -> None:
        self.party = self.home
        self.secrets = frozenset().union(*(party.secrets for party in self.parties))
        self.opaque = self._opaque(self.variables)

    @property
    def parties(self) -> tuple[Party, ...]:
        """The integration of the run, then the others."""
        return (self.home, *self.others.values())

    def begin(self, step: Step) -> None:
        """From now on this step is under way."""
        self.party = self.others[step.integration] if step.integration is not None else self.home
        self.cleaning = step.always

    @property
    def integration(self) -> Integration:
        """With its references resolved."""
        return self.party.integration

    @property
    def vendor(self) -> Vendor:
        """Its vendor's preset."""
        return self.party.vendor

    @property
    def authenticator(self) -> Authenticator:
        """Puts its credential on requests."""
        return self.party.authenticator

    @property
    def transport(self) -> ProbeTransport:
        """Its connections within this run."""
        return self.party.transport

    def new_transport(self) -> ProbeTransport:
        """Connections to it apart from those of the run."""
        return self.party.new_transport()

    @asynccontextmanager
    async def place(self) -> AsyncIterator[float]:
        """Room for one request of the party's credential → the seconds it was waited for. Raises NoRoom.

        The workflow's clocks stand still meanwhile.
        """
        party, longest = self.party, self.workflow.every.total_seconds()
        async with party.room.place(party.most_at_once, within_s=longest) as waited:
            self.waited_s += waited
            if self.cleanup_until is not None:
                self.cleanup_until += waited
            yield waited

    @property
    def deadline(self) -> float:
        """The workflow's, by `perf_counter`."""
        return self.started + self.waited_s + self.workflow.timeout.total_seconds()

    def deadline_words(self, limit: float) -> str:
        """What a failure by that clock says first."""
        if limit > self.deadline:
            return f"clean-up's own {CLEANUP_S:g}s were over"
        return f"the workflow's {format_duration(self.workflow.timeout)} were over"

    def limit(self, *, cleanup: bool) -> float:
        """The clock that a step runs under: the workflow's, or what clean-up may use beyond it."""
        if not cleanup:
            return self.deadline
        if self.cleanup_until is None:
            self.cleanup_until = max(self.deadline, time.perf_counter() + CLEANUP_S)
        return self.cleanup_until

    @property
    def credentials(self) -> frozenset[str]:
        """Every secret that is known at this moment."""
        return self.secrets.union(*(party.authenticator.secret_texts() for party in self.parties))

    @property
    def redactor(self) -> Redactor:
        """Knows the secrets of this moment: a token fetched in this run is one of them."""
        known = self.credentials | self.opaque
        if self._redactor is None or self._redactor[0] != known:
            self._redactor = (known, redactor_for(known))
        return self._redactor[1]

    def shown(self, assertion: Assertion) -> Assertion:
        """An assertion as it may be seen; a token fetched a moment ago is a secret already."""
        return self.redactor.assertion(assertion)

    def keep(
        self, name: str, position: int, attempt: int, exchange: Exchange, judgement: Judgement, *, cleanup: bool = False
    ) -> StepResult:
        """Write one attempt down, redacted."""
        self.secrets |= judgement.secrets
        redactor, answer, failure = self.redactor, judgement.answer, judgement.failure
        request_ids = self.vendor.request_ids(answer) if answer is not None else {}
        shown_ids = {redactor.text(k): redactor.short(v) for k, v in request_ids.items()}
        evidence = None
        if failure is not None:
            name_of_it = ids.evidence_id(self.run_id, position, attempt)
            evidence = gather(exchange, redactor, evidence_id=name_of_it, request_ids=shown_ids)
        cleanup = cleanup or self._is_for_cleanup(position)
        result = StepResult(
            name=self._named(name, position),
            position=position,
            attempt=attempt,
            cleanup=cleanup,
            started_at=exchange.started_at,
            outcome=of_step(failure, after_failure=self._failed_before(position, attempt)),
            timings=exchange.timings,
            failure=redactor.failure(failure) if failure is not None else None,
            method=exchange.request.method,
            url=redactor.url(str(exchange.request.url)),
            status=exchange.status,
            http_version=exchange.http_version,
            remote_address=exchange.remote_address,
            response_bytes=exchange.wire_bytes,
            tls_version=exchange.tls_version,
            certificate_expires_at=exchange.certificate_expires_at,
            certificate_chain=self._unseen(exchange.certificate_chain),
            unreachable_addresses=exchange.unreachable_addresses,
            assertions=judgement.assertions,
            captured={name: self._shown_capture(name, value) for name, value in judgement.captured.items()},
            vendor_request_ids=shown_ids,
            evidence=evidence,
            integration=self._elsewhere,
        )
        self.results.append(result)
        if self.party is self.home:
            self.changes.notice(result, exchange, judgement, self.vendor.name)
        self._learn(judgement, exchange.request)
        if failure is not None and failure.kind is FailureKind.THROTTLED and failure.retry_after_s:
            self.party.asked_to_wait(failure.retry_after_s)
        if not cleanup:
            self.ended = exchange.ended - self.waited_s
        if position != TOKEN_POSITION and exchange.timings.send_ms is not None:
            self.reached_vendor = True
        return result

    def keep_unsent(
        self, name: str, position: int, failure: Failure, *, method: str = "", cleanup: bool = False
    ) -> StepResult:
        """Write down a step that never sent anything: skipped for a dependency, failed for anything else."""
        skipped = failure.kind is FailureKind.DEPENDENCY
        result = StepResult(
            name=self._named(name, position),
            position=position,
            attempt=1,
            cleanup=cleanup or self._is_for_cleanup(position),
            started_at=self.clock(),
            outcome=Outcome.SKIPPED if skipped else of_step(failure, after_failure=False),
            failure=self.redactor.failure(failure),
            method=method,
            integration=self._elsewhere,
        )
        self.results.append(result)
        return result

    def _unseen(self, chain: tuple[Certificate, ...]) -> tuple[Certificate, ...]:
        """The chain, unless an earlier row of the run has it."""
        return chain if all(result.certificate_chain != chain for result in self.results) else ()

    def attempts_at(self, position: int) -> int:
        """How many attempts at that step are written down."""
        return sum(result.position == position for result in self.results)

    def request_id(self, position: int, attempt: int, poll: int = 1) -> str:
        """`X-Request-Id`: the whole run id, the step and the attempt, so that a vendor's log leads back to the row."""
        suffix = f".{poll}" if poll > 1 else ""
        return f"{self.run_id}-{position}.{attempt}{suffix}"

    def trace_headers(self, position: int, attempt: int, poll: int = 1) -> Mapping[str, str]:
        """What every request carries."""
        return {
            "X-Request-Id": self.request_id(position, attempt, poll),
            "traceparent": ids.traceparent(self.run_id),
        }

    def _failed_before(self, position: int, attempt: int) -> bool:
        same = (position, self._elsewhere)
        earlier = [result for result in self.results if (result.position, result.integration) == same]
        # The redirects of an attempt are rows of that attempt, and pass.
        before = [result for result in earlier if result.attempt < attempt]
        return any(result.failure is not None for result in before if result.attempt == before[-1].attempt)

    def _opaque(self, values: Mapping[str, Any]) -> frozenset[str]:
        kept = (value for name, value in values.items() if name in self.workflow.state)
        return frozenset(value for value in kept if isinstance(value, str) and len(value) >= LONG_ENOUGH_TO_HIDE)

    @property
    def _elsewhere(self) -> str | None:
        return None if self.party is self.home else self.party.name

    def _named(self, name: str, position: int) -> str:
        """Two credentials may each need a token in one run."""
        return f"{name} ({self.party.name})" if position == TOKEN_POSITION and self._elsewhere else name

    def _is_for_cleanup(self, position: int) -> bool:
        """A token that only clean-up needed decides as little as clean-up does."""
        return position == TOKEN_POSITION and self.cleaning

    def _shown_capture(self, name: str, value: Any) -> str:
        if name in self.workflow.state:
            return STATE_SHOWN
        return self.redactor.named(name, value if isinstance(value, str) else show(value))

    def _learn(self, judgement: Judgement, request: Request) -> None:
        # Another host, such as an identity provider's, counts in a quota of its own.
        if judgement.answer is not None and is_own_host(request.url, self.integration):
            self.party.quota += quota_readings(self.vendor, judgement.answer, self.authenticator.credential)
        if judgement.failure is None:
            self.variables |= judgement.captured
            self.opaque |= self._opaque(judgement.captured)
            # A session token that one step logs in for must not be seen in the requests of the next.
            self.secrets |= {
                value
                for name, value in judgement.captured.items()
                if isinstance(value, str) and mask_for(name) == REDACTED
            }
        self.values |= judgement.recorded
