"""How the process puts the probe engine together; the same for a prober and for a single run."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from probes.agent.settings import AgentError
from probes.auth.token_file import FOLDER, FileTokenStore
from probes.auth.tokens import TokenCache
from probes.lag import LoopLag
from probes.memory import STATE, Memory
from probes.memory_file import MemoryFile, read_only
from probes.runner import Runner


def runner_for(
    environ: Mapping[str, str],
    clock: Callable[[], datetime],
    lag: LoopLag,
    tokens: TokenCache | None = None,
    memory: Memory | None = None,
) -> Runner:
    """A runner; `tokens` and `memory` outlive it, without them it has its own that end with it."""
    kept = tokens if tokens is not None else TokenCache()
    return Runner(environ=environ, clock=clock, loop_lag=lag, tokens=kept, memory=memory)


def kept_memory(path: Path, now: datetime) -> Memory:
    """What a prober remembers in that file; raises AgentError for what a person must mend."""
    try:
        return Memory(MemoryFile(path, now))
    except (OSError, sqlite3.OperationalError) as err:
        raise AgentError(f"{path}: what is kept between runs cannot be opened: {err}") from err


def copied_memory(path: Path) -> Memory:
    """The state that a prober keeps in that file, as it is now. Nothing is written back, and its leftovers are its own
    to clean up."""
    try:
        return Memory(known={key: value for key, value in read_only(path).items() if key[0] == STATE})
    except (OSError, sqlite3.Error) as err:
        raise AgentError(f"{path}: what is kept between runs cannot be read: {err}") from err


def kept_tokens(data: Path, environ: Mapping[str, str]) -> TokenCache:
    """The tokens of a data directory, shared with every other process on it; raises TokenStoreError for a bad key."""
    return TokenCache(FileTokenStore(data / FOLDER, environ))
