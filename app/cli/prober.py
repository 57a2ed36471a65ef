"""`leadline prober`: one prober, for one region."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.options import DEFAULT_DATA, Data, HubUrl
from app.errors import UserError

if TYPE_CHECKING:
    from probes.agent import AgentSettings


def prober(
    hub: HubUrl = None,
    region: Annotated[str, typer.Option(help="The region that this prober measures from.")] = "local",
    data: Data = DEFAULT_DATA,
) -> None:
    """Probe from this machine and report to a hub; goes on probing while the hub is away.

    The region's token comes from `LEADLINE_PROBER_TOKEN`, or from the data directory that the hub shares.

    Example: `LEADLINE_PROBER_TOKEN=… leadline prober --hub https://leadline.example.com --region eu`
    """
    import asyncio
    import os

    from pydantic import SecretStr

    from app.cli.hub_client import hub_url
    from app.datadir import DataDirectory
    from probes.agent import AgentError, AgentSettings

    directory = DataDirectory(data).create()
    token = os.environ.get("LEADLINE_PROBER_TOKEN", "").strip()
    if not token and hub is not None and directory.hub() is None:
        raise UserError(
            f"no token for region {region!r}: set LEADLINE_PROBER_TOKEN to the one that the hub's leadline.yaml "
            "gives this region"
        )
    secret = SecretStr(token or directory.prober_token(region))
    try:
        settings = AgentSettings(hub_url(hub, data), region, secret, directory.root, os.environ)
        asyncio.run(_until_stopped(settings))
    except AgentError as err:
        raise UserError(str(err)) from err


async def _until_stopped(settings: AgentSettings) -> None:
    import asyncio

    from app.lifeline import stop_when_orphaned
    from probes.agent import run_agent

    lifeline = asyncio.create_task(stop_when_orphaned())
    await run_agent(settings)
    lifeline.cancel()
