"""A child must not outlive the process that supervises it: it would hold the port and the store."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import Final

SUPERVISOR: Final = "LEADLINE_SUPERVISOR_PID"


async def stop_when_orphaned() -> None:
    """Send this process a SIGTERM once its supervisor is gone. Returns at once where nobody supervises it."""
    supervisor = os.environ.get(SUPERVISOR)
    if supervisor is None:
        return
    while os.getppid() == int(supervisor):  # noqa: ASYNC110 - the kernel sends no event for it
        await asyncio.sleep(1)
    os.kill(os.getpid(), signal.SIGTERM)
