"""`leadline demo`: the whole system against simulated vendors, and the switches that break them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.cli.options import DEFAULT_DATA, Data, Host, Port

demo_app = typer.Typer(invoke_without_command=True)


@demo_app.callback()
def demo(
    context: typer.Context,
    data: Data = DEFAULT_DATA,
    port: Port = None,
    host: Host = None,
    history_days: Annotated[
        int, typer.Option("--history-days", min=0, max=365, help="Days of simulated, labelled history; 0 for none.")
    ] = 28,
) -> None:
    """Vendor sandbox, hub and prober with simulated history; dashboard on 127.0.0.1:8050.

    Example: `leadline demo`, then in another terminal `leadline demo fault hubspot error-rate=1`
    """
    if context.invoked_subcommand is not None:
        return
    import asyncio
    from importlib.resources import files

    from app.datadir import DataDirectory
    from app.launch import Launch
    from app.supervisor import Supervisor

    example = Path(str(files("config"))) / "example"
    launch = Launch(
        example, DataDirectory(data), host, port, say=lambda text: print(text, flush=True), history_days=history_days
    )
    asyncio.run(launch.run(Supervisor()))


@demo_app.command()
def fault(
    context: typer.Context,
    vendor: Annotated[str | None, typer.Argument(help="Whose behaviour to change; none: show what is set.")] = None,
    faults: Annotated[
        list[str] | None,
        typer.Argument(metavar="[FAULT[=VALUE]]…", help="e.g. error-rate=1, throttle; `clear` ends all."),
    ] = None,
    data: Annotated[Path | None, typer.Option("--data", metavar="DIR", help="That of the running demo.")] = None,
) -> None:
    """Break a simulated vendor, or mend it.

    Example: `leadline demo fault hubspot error-rate=1`, and to mend it `leadline demo fault hubspot clear`
    """
    from app.cli.faults import change, show

    # `leadline demo --data DIR fault …` means the same as `leadline demo fault … --data DIR`.
    given = context.parent.params["data"] if context.parent is not None else DEFAULT_DATA
    place = data if data is not None else given
    if vendor is None or not faults:
        show(place, vendor)
    else:
        change(place, vendor, faults)
