"""The machine a run was made on, in a line: a figure without it means nothing."""

from __future__ import annotations

import os
import platform
import ssl
from datetime import UTC, datetime
from pathlib import Path


def described() -> str:
    """Day, cores, processor, kernel, interpreter, OpenSSL, and how busy the machine was before the run."""
    versions = (
        f"Linux {platform.release().split('-')[0]}",
        f"Python {platform.python_version()}",
        " ".join(ssl.OPENSSL_VERSION.split()[:2]),
    )
    cores = f"{os.cpu_count()} cores ({_processor()})"
    return f"{datetime.now(UTC):%Y-%m-%d}, {cores}, {', '.join(versions)}; load before the run {os.getloadavg()[0]:.1f}"


def _processor() -> str:
    try:
        found = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    except OSError:
        found = []
    return " ".join(found[0].partition(":")[2].split()) if found else platform.machine()
