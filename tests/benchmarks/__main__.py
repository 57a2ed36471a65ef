"""`make bench`, or `python -m tests.benchmarks [subject…]`: figures of this machine in this hour, as Markdown.

Compare within one run; trust ratios and medians. Nothing leaves loopback, and what it starts it stops.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from typing import Final

from tests.benchmarks import (
    alerts,
    capacity,
    cpu_per_probe,
    dashboard,
    ingest,
    judgement,
    phase_error,
    soak,
    store,
    store_year,
)
from tests.benchmarks.machine import described
from tests.benchmarks.thresholds import comparing

SUBJECTS: Final[dict[str, tuple[str, Callable[[], Iterator[str]]]]] = {
    "phase_error": ("How true the phases are", phase_error.lines),
    "cpu_per_probe": ("What a probe costs", cpu_per_probe.lines),
    "capacity": ("What one prober carries", capacity.lines),
    "soak": ("Memory", soak.lines),
    "store": ("The store's questions", store.lines),
    "store_year": ("The store at size", store_year.lines),
    "ingest": ("Taking runs in", ingest.lines),
    "dashboard": ("The dashboard at size", dashboard.lines),
    "judgement": ("What judging costs", judgement.lines),
    "alerts": ("How good the pages are", alerts.lines),
    "thresholds": ("Learned limits", comparing.lines),
    "kills": ("kill -9 of the hub", ingest.kill_lines),
}


def main(wanted: list[str]) -> int:
    """0, or 2 for a subject that there is not."""
    unknown = [name for name in wanted if name not in SUBJECTS]
    if unknown:
        print(f"no such subject: {', '.join(unknown)}; there are {', '.join(SUBJECTS)}", file=sys.stderr)
        return 2
    print(described(), flush=True)
    for name in wanted or SUBJECTS:
        started = time.perf_counter()
        title, lines = SUBJECTS[name]
        print(f"\n## {title}\n", flush=True)
        for line in lines():
            print(line, flush=True)
        print(f"{name}: {time.perf_counter() - started:.0f} s", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
