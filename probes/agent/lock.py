"""One process per file, enforced by the kernel: the lock goes with the process, however it ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from probes.agent.settings import AgentError


class FileLock:
    """Holds `path` exclusively until `release`; raises AgentError when another process holds it."""

    def __init__(self, path: Path) -> None:
        try:
            self._file = open(path, "a+", encoding="ascii", errors="replace")  # noqa: SIM115 - it holds the lock
        except OSError as err:
            remedy = "give this user the data directory and all in it, or choose another with --data"
            raise AgentError(f"{path}: {err.strerror}; {remedy}") from err
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.seek(0)
            owner = self._file.read(32).strip() or "unknown"
            self._file.close()
            raise AgentError(
                f"{path}: another prober (process {owner}) works on these files; "
                "stop it, or give this one a --data directory of its own"
            ) from None
        self._file.truncate(0)
        self._file.write(f"{os.getpid()}\n")
        self._file.flush()

    def release(self) -> None:
        """Let others have it. Idempotent."""
        self._file.close()
