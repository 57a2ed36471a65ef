"""How the process puts the probe engine together; the same for a prober and for a single run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from probes.agent.work import RunsWorkflows
from probes.auth.token_file import FOLDER, FileTokenStore
from probes.auth.tokens import TokenCache
from probes.lag import LoopLag
from probes.runner import Runner


def runner_for(
    environ: Mapping[str, str], clock: Callable[[], datetime], lag: LoopLag, tokens: TokenCache | None = None
) -> RunsWorkflows:
    """A runner; `tokens` outlive it, without them it has a cache of its own that ends with it."""
    return Runner(environ=environ, clock=clock, loop_lag=lag, tokens=tokens if tokens is not None else TokenCache())


def kept_tokens(data: Path, environ: Mapping[str, str]) -> TokenCache:
    """The tokens of a data directory, shared with every other process on it; raises TokenStoreError for a bad key."""
    return TokenCache(FileTokenStore(data / FOLDER, environ))
