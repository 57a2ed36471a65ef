"""One integration as a run talks to it: its address, its credential, its connections, its quota."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from config.model import Integration
from probes.auth import Authenticator
from probes.concurrency import Account, Room, most_at_once
from probes.model import QuotaReading
from probes.transport import ProbeTransport
from probes.vendors import Vendor


@dataclass(slots=True)
class Party:
    """Mutable, and owned by one run. `integration` has its references resolved."""

    integration: Integration
    vendor: Vendor
    authenticator: Authenticator
    new_transport: Callable[[], ProbeTransport]
    secrets: frozenset[str]
    account: Account
    """Whom the vendor counts its calls against."""
    room: Room
    asked_to_wait: Callable[[float], None]
    """To be told at once of a throttled answer's Retry-After, in seconds: other runs must hear of it as well."""
    transport: ProbeTransport = field(init=False)
    quota: list[QuotaReading] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.transport = self.new_transport()

    @property
    def name(self) -> str:
        """The integration's."""
        return self.integration.name

    @property
    def most_at_once(self) -> int:
        """How many requests of this credential may be under way."""
        return most_at_once(self.integration, self.vendor)
