"""How many requests of one credential are under way at the same time, over all workflows of this prober."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, NamedTuple

from config.model import Integration
from probes.http import origin_of
from probes.vendors import Vendor

USUAL: Final = 5
"""For vendors that document nothing: what even the small ones take."""


class Account(NamedTuple):
    """Whom a vendor counts calls against. Integrations that share a credential share it."""

    vendor: str
    credential: str


def account_of(integration: Integration, credential: str) -> Account:
    """The account behind that credential; without any, the vendor can only count by address."""
    if integration.auth.kind == "none":
        scheme, host, port = origin_of(integration.base_url)
        return Account(integration.vendor, f"{scheme}://{host}:{port}")
    return Account(integration.vendor, credential)


def most_at_once(integration: Integration, vendor: Vendor) -> int:
    """As declared, or as the vendor documents, or `USUAL`."""
    return integration.quota.concurrent or vendor.concurrent or USUAL


class NoRoom(Exception):  # noqa: N818 - of the prober's own doing, and no defect
    """Others kept every place for too long."""


class Room:
    """The places of one account. Belongs to one event loop."""

    def __init__(self) -> None:
        self._under_way = 0
        self._waiting: list[asyncio.Future[None]] = []

    @asynccontextmanager
    async def place(self, most: int, *, within_s: float) -> AsyncIterator[float]:
        """One of `most` places, kept while the block runs → the seconds it was waited for. Raises NoRoom.

        Two integrations with one credential may declare different numbers: each keeps to its own.
        """
        began = time.perf_counter()
        try:
            async with asyncio.timeout(within_s):
                while self._under_way >= most:
                    await self._freed()
        except TimeoutError:
            raise NoRoom(f"all {most} places of this credential were taken for {within_s:g} s") from None
        self._under_way += 1
        try:
            yield time.perf_counter() - began
        finally:
            self._under_way -= 1
            self._wake()

    async def _freed(self) -> None:
        freed = asyncio.get_running_loop().create_future()
        self._waiting.append(freed)
        await freed

    def _wake(self) -> None:
        # All of them: they may keep to different numbers, and one that is cut off meanwhile must not swallow the news.
        waiting, self._waiting = self._waiting, []
        for freed in waiting:
            if not freed.done():
                freed.set_result(None)


class Rooms:
    """One room per account, for the life of the prober."""

    def __init__(self) -> None:
        self._rooms: dict[Account, Room] = {}

    def of(self, account: Account) -> Room:
        """That account's room."""
        return self._rooms.setdefault(account, Room())
