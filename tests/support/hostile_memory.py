"""How much memory one run takes at its highest, in a process of its own.

Reads one JSON object a line from standard input (`url`, `step`, `timeout`) and writes one for each: the run's outcome,
the kind and words of its failure, seconds, MiB of resident memory at the highest over those before, and the outcome of
a good run right after. Every case runs in a fork, so that none finds memory that another has left behind.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import json
import os
import re
import sys
import time
from pathlib import Path
from typing import Any

from probe_world import integration, make_runner, run_once

from probes.runner import Runner
from probes.wire import dump_run

STATUS = Path("/proc/self/status")


def resident(what: str) -> int:
    """KiB: VmRSS is what there is, VmHWM the highest there was."""
    found = re.search(rf"{what}:\s+(\d+) kB", STATUS.read_text())
    assert found is not None
    return int(found[1])


def forget_the_highest() -> None:
    Path("/proc/self/clear_refs").write_text("5")


async def measured(case: dict[str, Any]) -> dict[str, Any]:
    runner = make_runner()
    await probe(runner, case["good"], {"name": "warm", "request": {"path": "/"}})
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    forget_the_highest()
    before, began = resident("VmRSS"), time.perf_counter()
    run = await probe(runner, case["url"], case["step"], timeout=case["timeout"], **case.get("more", {}))
    dump_run(run)
    took, highest = time.perf_counter() - began, resident("VmHWM")
    after = await probe(runner, case["good"], {"name": "good", "request": {"path": "/"}})
    return {
        "outcome": run.outcome.value,
        "kind": run.failure.kind.value if run.failure else None,
        "message": run.failure.message if run.failure else None,
        "seconds": took,
        "mib": (highest - before) / 1024,
        "good": after.outcome.value,
    }


async def probe(runner: Runner, url: str, step: dict[str, Any], **more: Any) -> Any:
    return await run_once(runner, integration(url, step, **more))


def main() -> None:
    """One fork per line."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            sys.stdout.write(json.dumps(asyncio.run(measured(json.loads(line)))) + "\n")
            sys.stdout.flush()
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status:
            sys.stdout.write(json.dumps({"outcome": f"the process ended with {status}"}) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
