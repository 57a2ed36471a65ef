"""`leadline run`: every workflow once, now; made for CI."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from app.cli.options import CURRENT, DEFAULT_DATA, ConfigDirectory, Data, Json
from app.errors import UserError

if TYPE_CHECKING:
    from config.model import Config
    from probes.auth.tokens import TokenCache
    from probes.memory import Memory
    from probes.model import Run


def run(
    context: typer.Context,
    directory: ConfigDirectory = CURRENT,
    workflow: Annotated[
        list[str] | None, typer.Option("--workflow", "-w", metavar="W", help="Only this one: NAME or INTEGRATION/NAME.")
    ] = None,
    region: Annotated[str, typer.Option(help="The region to run as.")] = "local",
    as_json: Json = False,
    junit: Annotated[Path | None, typer.Option("--junit", metavar="FILE", help="Write a JUnit report.")] = None,
    data: Data = DEFAULT_DATA,
) -> None:
    """Run every workflow once and report. Exit 0: all passed; 1: a failure; 2: bad configuration.

    A throttled workflow proves nothing, so it counts as a failure here; a skipped one does not. State that a prober
    keeps between runs is read from the directory that --data names, and never changed; without --data each workflow
    begins with its first values.

    Example: `leadline run config/example --junit out.xml`
    """
    import asyncio
    import os

    from app.environment import environment_for
    from app.wiring import load_config

    with environment_for(directory, data, os.environ) as environ:
        config = load_config(directory, environ)
        wanted = _selection(config, tuple(workflow or ()))
        kept = _Kept(_kept_tokens(data, environ), _state_of_prober(context, data, region))
        runs = asyncio.run(_run_all(config, environ, region, wanted, kept, quiet=as_json))
    _report(runs, config, as_json=as_json, junit=junit)
    raise typer.Exit(0 if all(run.outcome in _GOOD for run in runs) else 1)


class _Kept(NamedTuple):
    """What outlives this one run, and what it begins with."""

    tokens: TokenCache
    memory: Memory | None


_GOOD = ("passed", "unstable", "skipped")


def _selection(config: Config, names: tuple[str, ...]) -> frozenset[tuple[str, str]]:
    """(integration, workflow) pairs; all of them when no name is given."""
    known = {(i.name, w.name) for i in config.integrations for w in i.workflows}
    if not names:
        return frozenset(known)
    chosen: set[tuple[str, str]] = set()
    for name in names:
        matching = {pair for pair in known if name in (pair[1], f"{pair[0]}/{pair[1]}")}
        if not matching:
            have = ", ".join(sorted(f"{i}/{w}" for i, w in known))
            raise UserError(f"--workflow {name}: no such workflow; there are {have}")
        chosen |= matching
    return frozenset(chosen)


def _kept_tokens(data: Path, environ: dict[str, str]) -> TokenCache:
    """The same as the prober's on this data directory: a refresh token can be spent only once."""
    from probes.agent.compose import kept_tokens
    from probes.auth.tokens import TokenStoreError

    try:
        return kept_tokens(data, environ)
    except TokenStoreError as err:
        raise UserError(str(err)) from None


def _state_of_prober(context: typer.Context, data: Path, region: str) -> Memory | None:
    """A copy, so that a run by hand never makes the prober miss what it would have read next."""
    from probes.agent.compose import copied_memory
    from probes.agent.settings import AgentError

    source = context.get_parameter_source("data")
    if source is None or source.name != "COMMANDLINE":
        return None
    try:
        return copied_memory(data / f"prober-{region}.memory.sqlite")
    except AgentError as err:
        raise UserError(str(err)) from None


async def _run_all(
    config: Config,
    environ: dict[str, str],
    region: str,
    wanted: frozenset[tuple[str, str]],
    kept: _Kept,
    *,
    quiet: bool,
) -> list[Run]:
    from app.cli.run_report import line
    from probes.agent.once import run_once

    runs = []
    begun = run_once(config, environ, region=region, wanted=wanted, tokens=kept.tokens, memory=kept.memory)
    async for finished in begun:
        runs.append(finished)
        if not quiet:
            print(line(finished), flush=True)
    return sorted(runs, key=lambda run: (run.integration, run.workflow))


def _report(runs: list[Run], config: Config, *, as_json: bool, junit: Path | None) -> None:
    from app.cli.run_report import as_document, as_junit, summary

    if junit is not None:
        try:
            junit.write_bytes(as_junit(runs))
        except OSError as err:
            raise UserError(f"--junit {junit}: cannot be written ({err.strerror})") from err
    print(as_document(runs, config) if as_json else summary(runs))
