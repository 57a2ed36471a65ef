"""`leadline up`: hub and local prober on a directory of YAML."""

from __future__ import annotations

from app.cli.options import CURRENT, DEFAULT_DATA, ConfigDirectory, Data, Host, Port


def up(directory: ConfigDirectory = CURRENT, data: Data = DEFAULT_DATA, port: Port = None, host: Host = None) -> None:
    """Run a hub and a local prober; restarts what dies, stops both cleanly on SIGTERM or Ctrl-C.

    Example: `leadline up ./monitoring --port 8050`
    """
    import asyncio

    from app.datadir import DataDirectory
    from app.launch import Launch
    from app.supervisor import Supervisor

    launch = Launch(directory, DataDirectory(data), host, port, say=lambda text: print(text, flush=True))
    asyncio.run(launch.run(Supervisor()))
