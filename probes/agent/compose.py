"""How the process puts the probe engine together; the same for a prober and for a single run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from probes.agent.work import RunsWorkflows
from probes.auth.tokens import TokenCache
from probes.lag import LoopLag
from probes.runner import Runner


def runner_for(environ: Mapping[str, str], clock: Callable[[], datetime], lag: LoopLag) -> RunsWorkflows:
    """A runner with a token cache of its own."""
    return Runner(environ=environ, clock=clock, loop_lag=lag, tokens=TokenCache())
