"""One process per file, enforced by the kernel: the lock goes with the process, however it ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from probes.agent.settings import AgentError


class FileLock:
    """Holds `path` exclusively until `release`; raises AgentError when another process holds it."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            owner = os.pread(self._descriptor, 32, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(self._descriptor)
            raise AgentError(
                f"{path}: another prober (process {owner}) works on these files; "
                "stop it, or give this one a --data directory of its own"
            ) from None
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Let others have it; once is enough."""
        os.close(self._descriptor)
