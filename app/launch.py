"""`leadline up` and `leadline demo`: sandbox if asked for, history if asked for, hub, prober, each a process."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx

from app.datadir import DataDirectory
from app.environment import wants_sandbox
from app.errors import UserError
from app.region_token import region_token
from app.supervisor import Child, Interrupted, Supervisor, leadline
from app.wiring import load_config
from config.model import Config, Region

LOCAL: Final = "local"


@dataclass(slots=True)
class Launch:
    """One installation on this machine. `say` gets progress for people."""

    directory: Path
    data: DataDirectory
    host: str | None
    port: int | None
    say: Callable[[str], None]
    history_days: int = 0
    environ: dict[str, str] = field(default_factory=lambda: dict(os.environ), repr=False)

    async def run(self, supervisor: Supervisor) -> None:
        """Start everything, say where the dashboard is, and keep it running until a signal."""
        supervisor.stop_on_signals()
        with self.data.create().occupied():
            self._refuse_second()
            try:
                await self._start(supervisor)
                await supervisor.wait()
            except Interrupted:
                pass  # Told to stop is told to stop, however far the start has come.
            finally:
                await supervisor.stop(lambda: self.say("stopping …"))

    async def _start(self, supervisor: Supervisor) -> None:
        if wants_sandbox(self.directory):
            await self._start_sandbox(supervisor)
        config = await asyncio.to_thread(load_config, self.directory, self.environ)
        if self.history_days:
            await self._load_history(supervisor)
        url = await self._start_hub(supervisor)
        if wants_sandbox(self.directory):
            await asyncio.to_thread(self._join_receivers, config, url)
        own = next((region for region in config.settings.regions if region.name == LOCAL), None)
        if own is not None:
            await supervisor.start(self._prober(url, own))
        else:
            self.say("no region `local` in leadline.yaml: this machine runs no prober")
        self.say(f"dashboard: {url}")

    def _refuse_second(self) -> None:
        address = self.data.hub()
        if address is None:
            return
        if address.alive and _answers(address.url):
            raise UserError(
                f"a hub already runs on {self.data.root} at {address.url}; stop it, or choose another --data",
                exit_code=1,
            )
        if not address.alive:
            self.data.forget_hub()

    async def _start_sandbox(self, supervisor: Supervisor) -> None:
        from app.sandbox import find

        folder = self.data.sandbox
        child = Child(
            "sandbox", ("-m", "app.sandbox", "--directory", str(folder)), ready=lambda: find(folder) is not None
        )
        await supervisor.start(child)
        running = find(folder)
        if running is None:
            raise UserError("the sandbox ended at its start", exit_code=1)
        self.environ.update(running.environment)
        self.say(f"vendor sandbox: {running.admin_url} (vendors, fault switches, what the receivers got)")

    async def _load_history(self, supervisor: Supervisor) -> None:
        directories = (str(self.directory), "--data", str(self.data.root))
        arguments = ("-m", "app.cli.load_history", *directories, "--days", str(self.history_days))
        if await supervisor.run_to_end(Child("history", arguments, self.environ)) != 0:
            raise UserError("simulated history could not be loaded", exit_code=1)

    async def _start_hub(self, supervisor: Supervisor) -> str:
        arguments = ["hub", str(self.directory), "--data", str(self.data.root), "--check-secrets"]
        if self.host is not None:
            arguments += ["--host", self.host]
        # A restarted hub must come back where probers and people look for it, so "any free port" is chosen once, here.
        port = await asyncio.to_thread(_free_port) if self.port == 0 else self.port
        if port is not None:
            arguments += ["--port", str(port)]
        await supervisor.start(Child("hub", leadline(*arguments), self.environ, ready=self._hub_answers))
        address = self.data.hub()
        if address is None:
            raise UserError("the hub ended at its start", exit_code=1)
        return address.url

    def _join_receivers(self, config: Config, hub: str) -> None:
        """Tells the sandbox's receivers where the hub listens to what is done there."""
        from alerts.inbound import EARS
        from app.sandbox import find

        running = find(self.data.sandbox)
        if running is None:
            return
        for channel in reversed(config.alerting.channels):
            if channel.kind in EARS and EARS[channel.kind].secret in channel.options:
                webhook = {"webhook": f"{hub}/api/v1/inbound/{channel.kind}/{channel.name}"}
                try:
                    httpx.put(f"{running.admin_url}/received/{channel.kind}", json=webhook, timeout=5, trust_env=False)
                except httpx.HTTPError as err:
                    self.say(f"the sandbox's {channel.kind} will not tell back what is done there: {err}")

    def _hub_answers(self) -> bool:
        address = self.data.hub()
        return address is not None and _answers(address.url)

    def _prober(self, url: str, region: Region) -> Child:
        arguments = ("prober", "--hub", url, "--region", LOCAL, "--data", str(self.data.root))
        token = {"LEADLINE_PROBER_TOKEN": region_token(region, self.data, self.environ)}
        return Child("prober", leadline(*arguments), {**self.environ, **token})


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz", timeout=2, trust_env=False).is_success
    except httpx.HTTPError:
        return False
