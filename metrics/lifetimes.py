"""What ends one day: credentials as probers tell of them, certificates as hosts show them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from probes.auth.life import Standing, standing
from probes.model import CredentialLife

CERTIFICATE_NOTICE: Final = timedelta(days=21)
"""Who renews by machine does so a month ahead: this is late, and early enough to write to somebody."""


@dataclass(frozen=True, slots=True)
class TrackedCredential:
    """One integration's credential on one region's prober, as told at `told_at`."""

    region: str
    told_at: datetime
    life: CredentialLife

    @property
    def integration(self) -> str:
        """Whose it is."""
        return self.life.integration

    def standing(self, now: datetime) -> Standing:
        """What it needs, at that instant."""
        return standing(self.life, now)


@dataclass(frozen=True, slots=True)
class HostCertificate:
    """What one host shows one region; of several in turn (a half-done renewal), the one that ends first."""

    integration: str
    region: str
    host: str
    expires_at: datetime
    since: datetime
    """When this end was first seen."""
    seen_at: datetime
    lived: timedelta | None = None
    """How long it had to live when it replaced another; None where no renewal was seen."""

    @property
    def notice(self) -> timedelta:
        """How long before its end it should have been renewed: three weeks, or the last quarter of a shorter life."""
        return min(CERTIFICATE_NOTICE, self.lived / 4) if self.lived is not None else CERTIFICATE_NOTICE

    def is_late(self, now: datetime) -> bool:
        """Whether it should have been renewed by then."""
        return self.expires_at - now <= self.notice
