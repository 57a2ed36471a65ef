"""One run under way: what its steps share and leave behind."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from config.model import Config, Integration, Workflow
from config.scalars import format_duration
from probes import ids
from probes.assertions.operators import text_of
from probes.auth import Authenticator
from probes.evidence import gather
from probes.exchange import Exchange
from probes.judging import Judgement
from probes.model import Assertion, Failure, FailureKind, Outcome, QuotaReading, StepResult
from probes.outcome import of_step
from probes.quota import quota_readings
from probes.redaction import Redactor
from probes.redaction.names import REDACTED, mask_for
from probes.transport import ProbeTransport
from probes.vendors import Vendor

CLEANUP_S: Final = 10.0
"""Time of their own that clean-up steps have, together, when the workflow's is over."""

TOKEN_STEP: Final = "token"  # noqa: S105 - the name of a step
TOKEN_POSITION: Final = 0


@dataclass(slots=True)
class Execution:
    """Mutable, and owned by one run. `integration` has its references resolved."""

    run_id: UUID
    integration: Integration
    workflow: Workflow
    config: Config
    vendor: Vendor
    authenticator: Authenticator
    new_transport: Callable[[], ProbeTransport]
    transport: ProbeTransport = field(init=False)
    clock: Callable[[], datetime]
    secrets: frozenset[str]
    variables: dict[str, Any]
    results: list[StepResult] = field(default_factory=list)
    quota: list[QuotaReading] = field(default_factory=list)
    values: dict[str, float] = field(default_factory=dict)
    started: float = field(default_factory=time.perf_counter)
    ended: float | None = None
    cleanup_until: float | None = None
    blocked_by: str | None = None
    """Name of the step that failed; later ordinary steps are skipped."""
    reached_vendor: bool = False
    """Whether any step sent its request, so that there may be something to clean up."""
    _redactor: tuple[frozenset[str], Redactor] | None = None

    def __post_init__(self) -> None:
        self.transport = self.new_transport()

    @property
    def deadline(self) -> float:
        """The workflow's, by `perf_counter`."""
        return self.started + self.workflow.timeout.total_seconds()

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
    def redactor(self) -> Redactor:
        """Knows the secrets of this moment: a token fetched in this run is one of them."""
        known = self.secrets | self.authenticator.secret_texts()
        if self._redactor is None or self._redactor[0] != known:
            self._redactor = (known, Redactor(known))
        return self._redactor[1]

    def shown(self, assertion: Assertion) -> Assertion:
        """An assertion as it may be seen; a token fetched a moment ago is a secret already."""
        return self.redactor.assertion(assertion)

    def keep(
        self, name: str, position: int, attempt: int, exchange: Exchange, judgement: Judgement, *, cleanup: bool = False
    ) -> StepResult:
        """Write one attempt down, redacted."""
        redactor, answer, failure = self.redactor, judgement.answer, judgement.failure
        request_ids = self.vendor.request_ids(answer) if answer is not None else {}
        shown_ids = {redactor.text(k): redactor.short(v) for k, v in request_ids.items()}
        evidence = None
        if failure is not None:
            name_of_it = ids.evidence_id(self.run_id, position, attempt)
            evidence = gather(exchange, redactor, evidence_id=name_of_it, request_ids=shown_ids)
        result = StepResult(
            name=name,
            position=position,
            attempt=attempt,
            cleanup=cleanup,
            started_at=exchange.started_at,
            outcome=of_step(failure, after_failure=self._failed_before(position)),
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
            assertions=judgement.assertions,
            captured={name: redactor.named(name, text_of(value)) for name, value in judgement.captured.items()},
            vendor_request_ids=shown_ids,
            evidence=evidence,
        )
        self.results.append(result)
        self._learn(judgement)
        if not cleanup:
            self.ended = exchange.ended
        if position != TOKEN_POSITION and exchange.timings.send_ms is not None:
            self.reached_vendor = True
        return result

    def keep_unsent(
        self, name: str, position: int, failure: Failure, *, method: str = "", cleanup: bool = False
    ) -> StepResult:
        """Write down a step that never sent anything: skipped for a dependency, failed for anything else."""
        skipped = failure.kind is FailureKind.DEPENDENCY
        result = StepResult(
            name=name,
            position=position,
            attempt=1,
            cleanup=cleanup,
            started_at=self.clock(),
            outcome=Outcome.SKIPPED if skipped else of_step(failure, after_failure=False),
            failure=self.redactor.failure(failure),
            method=method,
        )
        self.results.append(result)
        return result

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

    def _failed_before(self, position: int) -> bool:
        earlier = [result for result in self.results if result.position == position]
        return bool(earlier) and earlier[-1].failure is not None

    def _learn(self, judgement: Judgement) -> None:
        if judgement.answer is not None:
            self.quota += quota_readings(self.vendor, judgement.answer, self.authenticator.credential)
        if judgement.failure is None:
            self.variables |= judgement.captured
            # A session token that one step logs in for must not be seen in the requests of the next.
            self.secrets |= {
                value
                for name, value in judgement.captured.items()
                if isinstance(value, str) and mask_for(name) == REDACTED
            }
        self.values |= judgement.recorded
