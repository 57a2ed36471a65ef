"""A child must not outlive the process that supervises it: it would hold the port and the store."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import Final

SUPERVISOR: Final = "LEADLINE_SUPERVISOR_PID"


def orphaned() -> bool:
    """Whether this process had a supervisor that is gone."""
    supervisor = os.environ.get(SUPERVISOR)
    return supervisor is not None and os.getppid() != int(supervisor)


async def stop_when_orphaned() -> None:
    """Send this process a SIGTERM once its supervisor is gone. Returns at once where nobody supervises it."""
    if SUPERVISOR not in os.environ:
        return
    while not orphaned():  # noqa: ASYNC110 - the kernel sends no event for it
        await asyncio.sleep(1)
    os.kill(os.getpid(), signal.SIGTERM)
