"""Whether memory stays flat: many runs through engine and outbox in one process, its memory after each thousand."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from tests.benchmarks import certificates
from tests.benchmarks.peers import fast_server
from tests.benchmarks.processes import worker

RUNS = 20_000
WITHIN_S = 60.0
WARM_UP = 5
"""Thousands of runs that fill caches and pools first."""
AN_HOUR = 21_240
"""354 workflows a minute, for an hour."""
FLAT_KB = 50.0
"""Per thousand runs: a megabyte an hour for such a prober."""


def lines() -> Iterator[str]:
    """The subject: memory after each few thousand runs, and its slope behind the warm-up."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as started:
        trust = certificates.made(Path(name))
        served = started.enter_context(fast_server(Path(name), trust))
        process = started.enter_context(worker("soak"))
        told = process.ask(
            plain=served.plain, tls=served.tls, ca_file=str(trust.authority), runs=RUNS, within_s=WITHIN_S
        )
    resident, each = told["resident_mb"], told["each"]
    done = len(resident) * each
    outcomes = ", ".join(f"{count:,} {name}" for name, count in sorted(told["outcomes"].items()))
    yield f"{done:,} runs in {told['took_s']:.0f} s ({outcomes}); half over TLS, all through the outbox."
    shown = range(0, len(resident), max(1, len(resident) // 6))
    yield from ("", f"| after runs | {' | '.join(f'{(n + 1) * each:,}' for n in shown)} | {done:,} |")
    yield "|---" * (len(shown) + 2) + "|"
    yield f"| resident MB | {' | '.join(f'{resident[n]:.1f}' for n in shown)} | {resident[-1]:.1f} |"
    yield ""
    if len(resident) <= WARM_UP + 2:
        yield "Too few runs for a slope."
        return
    slope = statistics.linear_regression(range(WARM_UP, len(resident)), resident[WARM_UP:]).slope * 1000
    verdict = "flat" if slope <= FLAT_KB else "grows"
    yield (
        f"Slope after the first {WARM_UP * each:,} runs: {slope:+.1f} kB per 1,000 runs, "
        f"{slope * AN_HOUR / 1e6:+.2f} MB an hour with 354 workflows a minute: {verdict}."
    )
