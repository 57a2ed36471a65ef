"""A whole installation of real processes on loopback: sandbox, hub, two probers, and a network that can be cut."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import plain_http
import pyarrow as pa

from app.sandbox.process import running_sandbox
from tests.drills.told import Receivers

ROOT: Final = Path(__file__).parents[2]
CONFIG: Final = Path(__file__).parent / "config"
VENDORS: Final = ("hubspot", "salesforce", "klaviyo", "shopify", "github")
_TOKENS: Final = {"eu": "the-eu-token"}


class DrillError(Exception):
    """Something that a drill waited for did not come."""


def until(look: Callable[[], Any], *, within: float, what: str) -> Any:
    """The first truthy answer of `look`. Raises DrillError with what was last seen."""
    deadline, seen = time.monotonic() + within, None
    while time.monotonic() < deadline:
        try:
            seen = look()
        except (httpx.HTTPError, KeyError) as err:
            seen = repr(err)
        else:
            if seen:
                return seen
        time.sleep(0.2)
    raise DrillError(f"{what}: not within {within:g} s (last seen: {str(seen)[:300]})")


@dataclass
class Child:
    """One leadline command that goes on running; its words go to a file."""

    arguments: tuple[str, ...]
    log: Path
    environ: Mapping[str, str]
    popen: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Runs it (again)."""
        command = (sys.executable, "-m", "app.cli", *self.arguments)
        with self.log.open("ab") as out:
            self.popen = subprocess.Popen(command, stdout=out, stderr=out, cwd=ROOT, env={**os.environ, **self.environ})

    def kill(self) -> None:
        """`kill -9`."""
        assert self.popen is not None
        self.popen.kill()
        self.popen.wait()

    def stop(self) -> None:
        """SIGTERM; `kill -9` if that does not help."""
        if self.popen is None or self.popen.poll() is not None:
            return
        self.popen.terminate()
        try:
            self.popen.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.kill()


class Network:
    """Ports that lead to vendors, until they are cut."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._targets = {f"{name.upper()}_URL": environ[f"{name.upper()}_URL"] for name in VENDORS}
        self._listeners: dict[str, socket.socket] = {}
        self._ports: dict[str, int] = {}
        self._open: set[socket.socket] = set()
        self.mend()

    @property
    def environ(self) -> dict[str, str]:
        """The vendors' addresses by way of this network."""
        return {name: f"https://127.0.0.1:{port}" for name, port in self._ports.items()}

    def mend(self) -> None:
        """Listens, on the same ports as before."""
        for name, target in self._targets.items():
            listener = socket.create_server(("127.0.0.1", self._ports.get(name, 0)))
            self._ports[name] = listener.getsockname()[1]
            self._listeners[name] = listener
            port = urlsplit(target).port or 443
            threading.Thread(target=self._accept, args=(listener, port), daemon=True).start()

    def cut(self) -> None:
        """Nothing listens any more, and what was open is closed."""
        for one in (*self._listeners.values(), *tuple(self._open)):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self._listeners.clear()
        self._open.clear()

    def _accept(self, listener: socket.socket, port: int) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.create_connection(("127.0.0.1", port))
                self._open |= {near, far}
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        for one in (source, sink):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
            self._open.discard(one)


@dataclass
class Installation:
    """What a drill works on."""

    folder: Path
    receivers: Receivers
    network: Network
    hub: Child
    probers: dict[str, Child] = field(default_factory=dict)
    url: str = ""

    def start_hub(self) -> None:
        """Runs the hub (again) and waits until it listens. Raises DrillError with its last words."""
        listened = self._listening()
        self.hub.start()
        try:
            until(lambda: self._listening() > listened, within=180, what="the hub listening")
        except DrillError as err:
            words = self.hub.log.read_text().strip().splitlines()[-3:]
            raise DrillError(f"{err}: {' / '.join(words)[-500:]}") from err

    def _listening(self) -> int:
        if not self.hub.log.exists():
            return 0
        lines = [line for line in self.hub.log.read_text().splitlines() if "hub listening on" in line]
        if lines:
            self.url = lines[-1].rsplit("hub listening on ", 1)[1].split()[0]
        return len(lines)

    def status(self) -> dict[str, Any]:
        """The hub's own word."""
        answer = plain_http.get(f"{self.url}/api/v1/status", timeout=10)
        answer.raise_for_status()
        return dict(answer.json())

    def state_of(self, name: str) -> str:
        """How an integration is."""
        return str(next(one["state"] for one in self.status()["integrations"] if one["name"] == name))

    def wait_for_calm(self, within: float) -> None:
        """Until nothing is open, everything is up, and there is nothing left to tell. Raises DrillError."""
        try:
            until(lambda: not self._unrest(), within=within, what="calm")
        except DrillError as err:
            raise DrillError(f"{err}; {self._unrest()}") from err

    def _unrest(self) -> list[str]:
        status = self.status()
        left = self.rows("SELECT channel, action, state FROM outbox WHERE state IN ('due', 'claimed')")
        owed = self.rows("SELECT report_id FROM reports WHERE state = 'due'")
        return [
            *(str(one["title"]) for one in status["incidents"]),
            *(f"{one['name']} {one['state']}" for one in status["integrations"] if one["state"] != "up"),
            *(f"{one['channel']} {one['action']} {one['state']}" for one in left),
            *(f"report {one['report_id']} owed" for one in owed),
        ]

    def rows(self, question: str) -> list[dict[str, Any]]:
        """What the hub's store answers."""
        answer = plain_http.post(f"{self.url}/api/v1/sql", json={"sql": question}, timeout=30)
        answer.raise_for_status()
        return list(pa.ipc.open_stream(answer.content).read_all().to_pylist())

    def fault(self, target: str, **faults: Any) -> None:
        """Breaks a vendor or a receiver; underscores stand for hyphens."""
        named = {name.replace("_", "-"): value for name, value in faults.items()}
        plain_http.put(f"{self.receivers.admin}/faults/{target}", json=named, timeout=10).raise_for_status()

    def clear(self, target: str) -> None:
        """Mends it."""
        plain_http.delete(f"{self.receivers.admin}/faults/{target}", timeout=10).raise_for_status()


@contextmanager
def installation(folder: Path) -> Iterator[Installation]:
    """Everything up and running, stopped at the end."""
    shutil.copytree(CONFIG, folder / "config")
    with ExitStack() as stack:
        sandbox = stack.enter_context(running_sandbox(folder / "sandbox"))
        environ = {**sandbox.environment, "EU_TOKEN": _TOKENS["eu"]}
        network = Network(sandbox.environment)
        stack.callback(network.cut)
        arguments = ("hub", str(folder / "config"), "--data", str(folder / "hub"), "--port", _free_port())
        made = Installation(
            folder, Receivers(sandbox.admin_url), network, Child(arguments, folder / "hub.log", environ)
        )
        stack.callback(made.hub.stop)
        made.start_hub()
        for region, around in (("local", {}), ("eu", network.environ)):
            token = _TOKENS.get(region) or (folder / "hub" / "prober-local.token").read_text()
            arguments = ("prober", "--hub", made.url, "--region", region, "--data", str(folder / region))
            prober = Child(arguments, folder / f"{region}.log", {**environ, **around, "LEADLINE_PROBER_TOKEN": token})
            made.probers[region] = prober
            stack.callback(prober.stop)
            prober.start()
        made.wait_for_calm(within=120)
        yield made


def _free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return str(found.getsockname()[1])
