"""`leadline run`: every workflow once, now; made for CI."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.options import CURRENT, DEFAULT_DATA, ConfigDirectory, Data, Json
from app.errors import UserError

if TYPE_CHECKING:
    from config.model import Config
    from probes.auth.tokens import TokenCache
    from probes.model import Run


def run(
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

    A throttled workflow proves nothing, so it counts as a failure here; a skipped one does not.

    Example: `leadline run config/example --junit out.xml`
    """
    import asyncio
    import os

    from app.environment import environment_for
    from app.wiring import load_config

    with environment_for(directory, data, os.environ) as environ:
        config = load_config(directory, environ)
        wanted = _selection(config, tuple(workflow or ()))
        tokens = _kept_tokens(data, environ)
        runs = asyncio.run(_run_all(config, environ, region, wanted, tokens, quiet=as_json))
    _report(runs, config, as_json=as_json, junit=junit)
    raise typer.Exit(0 if all(run.outcome in _GOOD for run in runs) else 1)


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


async def _run_all(
    config: Config,
    environ: dict[str, str],
    region: str,
    wanted: frozenset[tuple[str, str]],
    tokens: TokenCache,
    *,
    quiet: bool,
) -> list[Run]:
    from app.cli.run_report import line
    from probes.agent.once import run_once

    runs = []
    async for finished in run_once(config, environ, region=region, wanted=wanted, tokens=tokens):
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
