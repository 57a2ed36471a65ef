"""How a vendor says it stands, as one integration that depends on it has to read it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from alerts.status_pages.model import Health, Notice, worst

STALE_AFTER: Final = timedelta(minutes=15)
"""What a page said longer ago is no evidence of how it stands now: three looks were missed."""


@dataclass(frozen=True, slots=True)
class StoredPage:
    """A page as the store has it: the latest answer that could be read, and what became of the latest look."""

    page: str
    kind: str
    address: str
    asked_at: datetime
    read_at: datetime | None
    problem: str
    indicator: Health
    description: str
    components: tuple[tuple[str, Health], ...]
    notices: tuple[Notice, ...]
    """The open ones, newest first."""
    etag: str = ""
    modified: str = ""


@dataclass(frozen=True, slots=True)
class VendorStatus:
    """The vendor's own word on what one integration uses. `missing` are declared components that the page has not."""

    integration: str
    address: str
    read_at: datetime | None
    problem: str
    indicator: Health
    description: str
    exact: bool
    """Whether `indicator` is that of the declared components, and not of the page as a whole."""
    notices: tuple[Notice, ...]
    """Open ones about what is used, the worst first."""
    components: tuple[tuple[str, Health], ...] = ()
    missing: tuple[str, ...] = ()

    def is_fresh(self, at: datetime) -> bool:
        """Whether it was read lately enough to be evidence."""
        return self.read_at is not None and at - self.read_at <= STALE_AFTER

    @property
    def admission(self) -> Notice | None:
        """The worst open notice that is no maintenance."""
        return next((one for one in self.notices if one.impact is not Health.MAINTENANCE), None)

    @property
    def admits(self) -> bool:
        """Whether the vendor says that something which is used does not work as it should."""
        return self.indicator.is_trouble or self.admission is not None

    @property
    def is_exact(self) -> bool:
        """Whether what it admits is about components that were declared, and not about anything on the page."""
        notice = self.admission
        return self.exact and (self.indicator.is_trouble or bool(notice and notice.components))

    def words(self) -> str:
        """`“Elevated API errors” (identified, https://…)`, `major outage of Contacts API`, `all is well`."""
        notice = self.admission
        if notice is not None:
            told = ", ".join(part for part in (notice.state, notice.link or self.address) if part)
            return f"“{notice.title or 'an incident'}” ({told})"
        if self.indicator.is_trouble:
            bad = [name for name, health in self.components if health is self.indicator]
            of = f" of {', '.join(bad[:3])}" if bad else ""
            return f"{spoken(self.indicator)}{of} ({self.address})"
        if self.indicator is Health.MAINTENANCE or self.notices:
            return f"maintenance ({self.address})"
        return "all is well" if self.indicator is Health.OPERATIONAL else "nothing that could be read"


def standing(integration: str, components: Sequence[str], page: StoredPage) -> VendorStatus:
    """What the page says of an integration that uses these components; of all of it, where none are named."""
    known = dict(page.components)
    used = tuple((name, known[name]) for name in components if name in known)
    exact = bool(used)
    about = [one for one in page.notices if concerns(one.components, components)]
    return VendorStatus(
        integration=integration,
        address=page.address,
        read_at=page.read_at,
        problem=page.problem,
        indicator=worst([health for _, health in used]) if exact else page.indicator,
        description="" if exact else page.description,
        exact=exact,
        notices=tuple(sorted(about, key=lambda one: (-one.impact.rank, -one.started_at.timestamp(), one.notice_id))),
        components=used or page.components,
        missing=tuple(name for name in components if name not in known) if page.components else (),
    )


def concerns(touched: Iterable[str], used: Sequence[str]) -> bool:
    """Whether what touches some components is about those that are used; what does not say of what may be."""
    named = set(touched)
    return not named or not used or bool(named & set(used))


def spoken(health: Health) -> str:
    """`partial_outage` → `partial outage`."""
    return health.value.replace("_", " ")
