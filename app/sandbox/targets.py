"""What the sandbox serves: each vendor and each receiver with its port and its fault switches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.sandbox.faults import FaultSwitches
from app.sandbox.listener import Listener

_REFUSING = ("connection-refused", "down")


@dataclass(slots=True)
class Target:
    """One port and its faults."""

    name: str
    listener: Listener
    faults: FaultSwitches

    async def set_faults(self, faults: Mapping[str, object]) -> None:
        """Merge them and let the port follow. Raises FaultError."""
        was_expired = self.faults.is_on("tls-expired")
        self.faults.merge(faults)
        await self._follow(was_expired)

    async def clear_faults(self, name: str | None = None) -> None:
        """Switch one off, or all. Raises FaultError."""
        was_expired = self.faults.is_on("tls-expired")
        self.faults.clear(name)
        await self._follow(was_expired)

    async def _follow(self, was_expired: bool) -> None:
        if any(self.faults.is_on(name) for name in _REFUSING):
            await self.listener.refuse()
            return
        await self.listener.accept()
        if self.faults.is_on("tls-expired") != was_expired:
            # A certificate is seen at the handshake only: whoever keeps a connection open must come back for it.
            await self.listener.drop_connections()
