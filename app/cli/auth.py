"""`leadline auth`: give Leadline a person's consent, and see how old and how good every credential is."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.options import CURRENT, DEFAULT_DATA, ConfigDirectory, Data, Json
from app.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from config.model import Integration
    from probes.auth.tokens import TokenStore

auth_app = typer.Typer(no_args_is_help=True, help="Consent by browser, and the age and life of every credential.")


@auth_app.command()
def login(
    integration: Annotated[str, typer.Argument(metavar="INTEGRATION", help="Its name in the configuration.")],
    directory: ConfigDirectory = CURRENT,
    data: Data = DEFAULT_DATA,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Whether to open the address, beside printing it.")
    ] = True,
    wait: Annotated[int, typer.Option("--wait", metavar="SECONDS", min=1, help="How long to wait for consent.")] = 300,
) -> None:
    """Get a person's consent by browser and keep the refresh token, encrypted, for the prober on the same --data.

    Exit 0: enrolled; 1: no consent, or it cannot be used; 2: bad configuration. Run it as the prober's user.

    Example: `leadline auth login hubspot ./monitoring --data /var/lib/leadline`
    """
    import asyncio
    import os

    from app.clock import utc_now
    from app.datadir import DataDirectory
    from app.enrolment.login import Enrolment, enrol
    from app.enrolment.problem import EnrolmentError
    from config.secrets import UnresolvedReference
    from probes.auth.tokens import TokenStoreError

    declared, environ = _declared(directory, data, integration, os.environ)
    enrolment = Enrolment(declared, environ, _store(DataDirectory(data).create().root, environ), utc_now)

    def show(address: str) -> None:
        print("open this in a browser, and consent as the account that Leadline shall use:\n", flush=True)
        print(f"  {address}\n", flush=True)
        if browser:
            _open(address)

    try:
        consent = asyncio.run(enrol(enrolment, show, within=timedelta(seconds=wait)))
    except (EnrolmentError, TokenStoreError) as err:
        raise UserError(f"{integration}: {err}", exit_code=1) from None
    except UnresolvedReference as err:
        raise UserError(f"{integration}: {err}") from None
    whose = f" as {consent.account}" if consent.account else ""
    print(f"{integration}: enrolled{whose}; a running prober uses it from its next token on")


@auth_app.command()
def status(directory: ConfigDirectory = CURRENT, data: Data = DEFAULT_DATA, as_json: Json = False) -> None:
    """Show every credential: method, account, age, expiry, when its rotation is due, and what to do.

    Exit 0: nothing is due; 1: something is due, dead or cannot be read here; 2: bad configuration.

    Example: `leadline auth status ./monitoring --data /var/lib/leadline`
    """
    import json
    import os

    from app.clock import utc_now
    from app.credentials import known_credentials
    from app.environment import with_sandbox_names
    from app.wiring import load_config
    from probes.auth import TokenCache

    environ = with_sandbox_names(directory, data, os.environ)
    config = load_config(directory, environ, require_secrets=False)
    found = known_credentials(config, environ, TokenCache(_store(data, environ)), utc_now)
    if as_json:
        print(json.dumps([one.document() for one in found], indent=2))
    for one in found if not as_json else ():
        print(f"{'✓' if one.is_well else '✗'} {one.line()}")
        if one.standing.remedy:
            print(f"    → {one.standing.remedy}")
    if not found and not as_json:
        print("no integration has a credential")
    raise typer.Exit(0 if all(one.is_well for one in found) else 1)


def _store(root: Path, environ: Mapping[str, str]) -> TokenStore:
    from probes.agent.compose import kept_tokens
    from probes.auth.tokens import TokenStoreError

    try:
        return kept_tokens(root, environ).store
    except TokenStoreError as err:
        raise UserError(str(err)) from None


def _declared(
    directory: Path, data: Path, name: str, environ: Mapping[str, str]
) -> tuple[Integration, Mapping[str, str]]:
    from app.environment import with_sandbox_names
    from app.wiring import load_config
    from probes.auth.oauth2_authorization_code import KIND

    environ = with_sandbox_names(directory, data, environ)
    config = load_config(directory, environ, require_secrets=False)
    declared = config.integration(name)
    if declared is None:
        known = ", ".join(sorted(one.name for one in config.integrations))
        raise UserError(f"{name}: no such integration; there are {known}")
    if declared.auth.kind != KIND:
        raise UserError(f"{name}: its auth is {declared.auth.kind}, which needs no enrolment; only {KIND} does")
    return declared, environ


def _open(address: str) -> None:
    """In a browser with a window; a text browser would take over the terminal."""
    import os
    import sys
    import webbrowser

    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return
    webbrowser.open(address)
