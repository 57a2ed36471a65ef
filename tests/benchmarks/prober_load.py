"""What probers ship, made beforehand: batches of runs on the wire, as full as those of a busy prober."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from uuid import UUID

from probes.model import Batch, Certificate, Failure, FailureKind, Outcome, Run, StepResult, Timings
from probes.wire import dump_batch, pack
from tests.benchmarks.crowd import CROWD, STEPS

_FAILING = 0.002
_CHAIN = (
    Certificate("CN=api.example.com", "CN=Example Issuing CA 3", datetime.fromisoformat("2027-02-01T00:00:00+00:00")),
    Certificate("CN=Example Issuing CA 3", "CN=Example Root", datetime.fromisoformat("2031-01-01T00:00:00+00:00")),
)


def runs(seed: int, region: str, start: datetime, vendors: range = range(CROWD)) -> Iterator[Run]:
    """Runs without end in the order of their schedule: every one of these integrations once a minute from `start`."""
    chance = random.Random(seed)
    for place in count():
        at = start + timedelta(minutes=1) * place / len(vendors)
        yield _run(chance, region, vendors[place % len(vendors)], at)


def packed(prober: str, region: str, made: Iterator[Run], batches: int, size: int) -> list[bytes]:
    """Bodies of consecutive batches, from the prober's first run on."""
    return [
        pack(dump_batch(Batch(prober, region, place * size + 1, tuple(next(made) for _ in range(size)))))
        for place in range(batches)
    ]


def _run(chance: random.Random, region: str, vendor: int, at: datetime) -> Run:
    failed = chance.random() < _FAILING
    steps = []
    for position in range(1, STEPS + 1):
        step = _step(chance, position, at + timedelta(milliseconds=120 * position))
        if failed and position == STEPS:
            failure = Failure(FailureKind.STATUS_5XX, "the vendor answered 503 Service Unavailable", retryable=True)
            step = replace(step, outcome=Outcome.FAILED, failure=failure, status=503)
        steps.append(step)
    return Run(
        UUID(int=chance.getrandbits(128), version=4),
        region,
        f"vendor-{vendor:03}",
        "flow",
        at,
        at,
        round(sum(step.timings.total_ms or 0 for step in steps), 3),
        Outcome.FAILED if failed else Outcome.PASSED,
        "bench",
        failure=steps[-1].failure,
        failed_step=steps[-1].name if failed else None,
        loop_lag_ms=round(chance.random(), 3),
        steps=tuple(steps),
        every_s=60.0,
    )


def _step(chance: random.Random, position: int, at: datetime) -> StepResult:
    wait = 100 * chance.lognormvariate(0, 0.3)
    opening = Timings(0.4, 0.9, 3.1) if position == 1 else Timings()
    ttfb = wait + sum(phase for phase in (opening.dns_ms, opening.connect_ms, opening.tls_ms) if phase)
    timings = replace(opening, send_ms=0.11, wait_ms=wait, ttfb_ms=ttfb, download_ms=0.3, total_ms=ttfb + 0.3)
    return StepResult(
        f"step-{position - 1}",
        position,
        1,
        False,
        at,
        Outcome.PASSED,
        timings,
        method="GET",
        url=f"https://api.example.com/{position - 1}",
        status=200,
        http_version="HTTP/1.1",
        remote_address="203.0.113.10",
        response_bytes=931,
        tls_version="TLSv1.3",
        certificate_expires_at=_CHAIN[0].expires_at,
        certificate_chain=_CHAIN if position == 1 else (),
    )
