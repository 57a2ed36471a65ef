"""The whole sandbox: its ports, its directory, its environment."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Final, Self

from app.clock import utc_now
from app.datadir import write_private
from app.sandbox import certificates, credentials, status_pages
from app.sandbox.admin import Admin
from app.sandbox.certificates import Certificates
from app.sandbox.crm_sync import CrmSync
from app.sandbox.faults import VENDOR_FAULTS, FaultSwitches
from app.sandbox.http1 import Clock, serve
from app.sandbox.listener import Listener
from app.sandbox.receiver import Receiver
from app.sandbox.receivers import RECEIVERS
from app.sandbox.simulator import Simulator
from app.sandbox.status_pages import StatusPages
from app.sandbox.targets import Target
from app.sandbox.vendor_server import VendorServer
from app.sandbox.vendors import VENDOR_SIMULATORS
from app.sandbox.vendors.marketo import Marketo
from app.sandbox.vendors.salesforce import Salesforce

FIRST_PORT: Final = 18051
"""The admin page; receivers follow it, vendors start 50 further up."""
ANNOUNCEMENT: Final = "sandbox.json"
_VENDORS_FROM: Final = 50
_STATUS_PAGES_AT: Final = 49


@dataclass(frozen=True, slots=True)
class SandboxInfo:
    """A running sandbox as others find it. `environment` holds credentials."""

    admin_url: str
    pid: int
    instance: str
    environment: Mapping[str, str] = field(repr=False)


def variables() -> dict[str, str]:
    """Every credential variable of every vendor and receiver, with the shape of its value."""
    kinds: tuple[type[Simulator] | type[Receiver], ...] = (*VENDOR_SIMULATORS.values(), *RECEIVERS.values())
    return {variable: shape for kind in kinds for variable, shape in kind.credentials.items()}


class Sandbox:
    """A sandbox in this process. Opened by `app.sandbox.start`; `stop` ends it; also an async context manager."""

    def __init__(self, directory: Path, *, latency_scale: float, clock: Clock, random: Random) -> None:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.directory = directory
        self.instance = secrets.token_hex(8)
        self._clock = clock
        self._scale = latency_scale
        self._random = random
        given = credentials.keep(directory / "credentials.json", variables())
        self._secrets = given
        self.vendors: dict[str, Simulator] = {n: kind(given, random) for n, kind in VENDOR_SIMULATORS.items()}
        self.receivers: dict[str, Receiver] = {n: kind(given, random) for n, kind in RECEIVERS.items()}
        self._certificates = certificates.load(directory, clock())
        receivers = {name: self._receiver_target(one) for name, one in self.receivers.items()}
        vendors = {name: self._vendor_target(one, self._certificates) for name, one in self.vendors.items()}
        self.targets: dict[str, Target] = {**vendors, **receivers}
        self._join_vendors()
        self._status_pages = Listener(serve(StatusPages(self.vendors, self.targets).answer, clock))
        self._admin = Listener(serve(Admin(self.instance, self.targets, self.vendors, self.receivers).answer, clock))

    @property
    def admin_url(self) -> str:
        """The admin page."""
        return f"http://127.0.0.1:{self._admin.port}"

    @property
    def environment(self) -> dict[str, str]:
        """Everything that a configuration refers to as `${env:…}`: addresses and credentials."""
        values = {**self._secrets, "SANDBOX_CA": str(self._certificates.ca_file.absolute())}
        for name in self.vendors:
            values[f"{name.upper()}_URL"] = self.url(name)
        values[status_pages.VARIABLE] = f"http://127.0.0.1:{self._status_pages.port}"
        for name, receiver in self.receivers.items():
            values.update(receiver.environment(self.targets[name].listener.port))
        return values

    @property
    def info(self) -> SandboxInfo:
        """What is announced in the directory."""
        return SandboxInfo(self.admin_url, os.getpid(), self.instance, self.environment)

    def url(self, name: str) -> str:
        """The base address of a vendor or an HTTP receiver."""
        scheme = "https" if name in self.vendors else "http"
        return f"{scheme}://127.0.0.1:{self.targets[name].listener.port}"

    async def open(self, ports_from: int | None) -> Self:
        """Listen, on the ports of last time where they are free, and announce it."""
        kept = credentials.read(self.directory / "ports.json")
        try:
            for offset, name, listener in self._listeners():
                wanted = [int(kept[name])] if name in kept else []
                await listener.open([*wanted, *([] if ports_from is None else [ports_from + offset])])
        except BaseException:
            await self._close_listeners()
            raise
        ports = {name: str(listener.port) for _, name, listener in self._listeners()}
        write_private(self.directory / "ports.json", json.dumps(ports, indent=2))
        write_private(self.directory / ANNOUNCEMENT, json.dumps(asdict(self.info), indent=2))
        return self

    async def set_faults(self, name: str, faults: Mapping[str, object]) -> None:
        """Merge faults of a vendor or receiver. KeyError for an unknown one, FaultError for an impossible fault."""
        await self.targets[name].set_faults(faults)

    async def clear_faults(self, name: str, fault: str | None = None) -> None:
        """Switch one fault off, or all."""
        await self.targets[name].clear_faults(fault)

    async def stop(self) -> None:
        """Close every port and take the announcement back."""
        (self.directory / ANNOUNCEMENT).unlink(missing_ok=True)
        await self._close_listeners()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def _join_vendors(self) -> None:
        """What companies connect outside of the vendors."""
        marketo, salesforce = self.vendors["marketo"], self.vendors["salesforce"]
        assert isinstance(marketo, Marketo)  # noqa: S101 - by the registry
        assert isinstance(salesforce, Salesforce)  # noqa: S101
        CrmSync(marketo, salesforce, self.targets["marketo"].faults, self._random, self._scale)

    def _listeners(self) -> Iterator[tuple[int, str, Listener]]:
        yield 0, "admin", self._admin
        yield _STATUS_PAGES_AT, "status-pages", self._status_pages
        for offset, name in enumerate(self.receivers, start=1):
            yield offset, name, self.targets[name].listener
        for offset, name in enumerate(self.vendors, start=_VENDORS_FROM):
            yield offset, name, self.targets[name].listener

    async def _close_listeners(self) -> None:
        for _, _, listener in self._listeners():
            await listener.close()

    def _vendor_target(self, vendor: Simulator, tls: Certificates) -> Target:
        faults = FaultSwitches(VENDOR_FAULTS)
        server = VendorServer(vendor, faults, self._random, self._scale)
        context = tls.serving(lambda: faults.is_on("tls-expired"))
        return Target(vendor.name, Listener(serve(server.answer, self._clock), tls=context), faults)

    def _receiver_target(self, receiver: Receiver) -> Target:
        return Target(receiver.name, Listener(receiver.converse(self._clock)), receiver.faults)


async def start(
    directory: Path,
    *,
    ports_from: int | None = FIRST_PORT,
    latency_scale: float = 1.0,
    clock: Clock = utc_now,
    seed: int | None = None,
) -> Sandbox:
    """Open a sandbox that keeps its credentials, authority and ports in the directory.

    `ports_from` None takes any free ports; `latency_scale` stretches the vendors' own latency (0: answer at once).
    """
    random = Random(seed)  # noqa: S311 - simulated weather; credentials come from `secrets`
    return await Sandbox(directory, latency_scale=latency_scale, clock=clock, random=random).open(ports_from)
