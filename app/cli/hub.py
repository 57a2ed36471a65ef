"""`leadline hub`: the hub alone; probers elsewhere report to it."""

from __future__ import annotations

from typing import Annotated

import typer

from app.cli.options import CURRENT, DEFAULT_DATA, ConfigDirectory, Data, Host, Port


def hub(
    directory: ConfigDirectory = CURRENT,
    data: Data = DEFAULT_DATA,
    port: Port = None,
    host: Host = None,
    check_secrets: Annotated[
        bool, typer.Option("--check-secrets/--no-check-secrets", help="Refuse references that this machine lacks.")
    ] = False,
) -> None:
    """Run the hub: store, judgement, alerts, dashboard and API in one process.

    Example: `leadline hub ./monitoring --data /var/lib/leadline`
    """
    import gc
    import os

    gc.disable()  # What is imported stays: to look for garbage in it meanwhile takes a seventh of the time.
    from app.datadir import DataDirectory
    from app.hub.process import HubOptions, run_hub

    gc.enable()
    options = HubOptions(directory, DataDirectory(data), os.environ, host, port, check_secrets)
    run_hub(options, on_ready=lambda url: print(f"hub listening on {url}", flush=True))
