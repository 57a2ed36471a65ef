"""The machine a run was made on, in a line: a figure without it means nothing."""

from __future__ import annotations

import os
import platform
import ssl
import time
from datetime import UTC, datetime
from pathlib import Path


def described() -> str:
    """Day, cores, processor, kernel, interpreter, OpenSSL, and how busy and how fast the machine was before the run."""
    versions = (
        f"Linux {platform.release().split('-')[0]}",
        f"Python {platform.python_version()}",
        " ".join(ssl.OPENSSL_VERSION.split()[:2]),
    )
    cores = f"{os.cpu_count()} cores ({_processor()})"
    busy = f"load before the run {os.getloadavg()[0]:.1f}; a million additions in Python took {_pace_ms():.0f} ms"
    return f"{datetime.now(UTC):%Y-%m-%d}, {cores}, {', '.join(versions)}; {busy}"


def _pace_ms() -> float:
    """How fast the processor is for us just now: a core that is shared with other machines may be four times slower."""

    def once() -> float:
        began, total = time.process_time(), 0
        for number in range(1_000_000):
            total += number
        return (time.process_time() - began) * 1000

    return min(once() for _ in range(5))


def _processor() -> str:
    try:
        found = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    except OSError:
        found = []
    return " ".join(found[0].partition(":")[2].split()) if found else platform.machine()
