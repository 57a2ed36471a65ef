"""Signing in by password: limited by name and by address, the same to look at whether the name exists or not."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from alerts.store.audit import AuditRow, record
from alerts.store.sign_in.sessions import Session
from app.hub.auth.accounts import Accounts
from app.hub.auth.attempts import Attempts
from app.hub.auth.sessions import Sessions, Where
from metrics.store.database import Store

PER: Final = timedelta(minutes=15)
BY_NAME: Final = 10
BY_ADDRESS: Final = 30


@dataclass(frozen=True, slots=True)
class TooOften:
    """Nobody looked at the password; there may be another try after so many seconds."""

    seconds: int


@dataclass(slots=True)
class Door:
    """Call it on the hub's event loop."""

    store: Store
    accounts: Accounts
    sessions: Sessions
    clock: Callable[[], datetime]
    _by_name: Attempts = field(init=False)
    _by_address: Attempts = field(init=False)

    def __post_init__(self) -> None:
        self._by_name = Attempts(self.clock, BY_NAME, PER)
        self._by_address = Attempts(self.clock, BY_ADDRESS, PER)

    async def enter(self, name: str, password: str, where: Where) -> tuple[str, Session] | TooOften | None:
        """A session and the token of its cookie; None for a wrong name or password, which says not which."""
        whose, house = name.strip().casefold()[:100], _house(where.address)
        wait = max(self._by_name.wait(whose), self._by_address.wait(house))
        if wait:
            return TooOften(wait)
        # Counted before the password is looked at, so that many tries at once are many.
        self._by_name.count(whose)
        self._by_address.count(house)
        found = await self.accounts.check(whose, password)
        if found is None:
            await self._note_failure(whose, where)
            return None
        self._by_name.forget(whose)
        return await self.sessions.begin(found.name, None, "password", where)

    async def _note_failure(self, whose: str, where: Where) -> None:
        # A name that nobody has may be a password in the wrong box.
        known = self.accounts.account(whose)
        await self.note("sign_in.failed", known.name if known else "(unknown name)", f"from {where.address}")

    async def note(self, action: str, who: str, detail: str) -> None:
        """A line in the audit log."""
        row = AuditRow(self.clock(), who, action, "", detail)
        await asyncio.wrap_future(self.store.write(lambda con: record(con, row)))


def _house(address: str) -> str:
    """What somebody has at least one of: an IPv4 address, or a network of IPv6."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((known, 64), strict=False)) if known.version == 6 else address
