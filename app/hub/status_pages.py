"""The hub's round of vendors' status pages: who is due, asked side by side, kept with what it means for open incidents.

A page that cannot be read is said where the vendor's status is shown; nobody is told of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import httpx
import structlog
from duckdb import DuckDBPyConnection

from alerts.status_pages.asking import Look, Watched, is_due, look, watched_pages
from alerts.status_pages.model import Health
from alerts.status_pages.standing import StoredPage
from alerts.store.incidents import open_incidents
from alerts.store.status_pages import asked_pages, forget_notices, save_problem, save_reading, save_unchanged
from app.hub.state import HubState
from config.model import Config

log = structlog.get_logger(__name__)

ROUND_EVERY_S: Final = 5.0
AT_ONCE: Final = 4
"""Pages asked side by side: forty vendors must not be forty connections in the same instant."""
_FORGET_EVERY: Final = timedelta(hours=1)


@dataclass(slots=True)
class StatusReader:
    """Asks and keeps. One a hub."""

    state: HubState
    environ: Mapping[str, str]
    client: httpx.AsyncClient
    forgot_at: datetime | None = None
    _read_by: Config | None = None
    _pages: tuple[Watched, ...] = ()

    async def run_forever(self) -> None:
        """Until the hub stops; a round that fails is logged, and the next one tries again."""
        while not self.state.stopping.is_set():
            try:
                await self.round()
            except Exception:  # the loop's edge
                log.exception("hub.round_failed", loop="status pages")
            await asyncio.sleep(ROUND_EVERY_S)

    async def round(self) -> int:
        """Asks every page that is due; how many were asked."""
        pages = self._watched()
        if not pages:
            return 0
        now = self.state.clock()
        known, current = await asyncio.to_thread(self.state.store.read, _known)
        troubled = current | _failing(self.state)
        due = [
            page
            for page in pages
            if is_due(_asked(known.get(page.page)), now, open_incident=not troubled.isdisjoint(page.users))
        ]
        turn = asyncio.Semaphore(AT_ONCE)
        await asyncio.gather(*(self._ask(page, known.get(page.page), turn) for page in due))
        await self._forget(now)
        return len(due)

    def _watched(self) -> tuple[Watched, ...]:
        """The pages of the configuration in use: to resolve hundreds of addresses takes a while."""
        config = self.state.config
        if config is not self._read_by:
            self._pages, self._read_by = watched_pages(config, self.environ), config
        return self._pages

    async def _ask(self, watched: Watched, before: StoredPage | None, turn: asyncio.Semaphore) -> None:
        # What the page said before is no answer to what is asked of it now, if it is read another way.
        same = before if before is not None and before.kind == watched.kind else None
        async with turn:
            found = await look(
                self.client, watched, same.etag if same else "", same.modified if same else "", self.state.clock()
            )
        at = self.state.clock()
        await asyncio.wrap_future(self.state.store.write(lambda con: _keep(con, watched, found, at)))

    async def _forget(self, now: datetime) -> None:
        if self.forgot_at is None or now - self.forgot_at >= _FORGET_EVERY:
            self.forgot_at = now
            oldest = now - self.state.config.settings.retention.rollup_1h
            await asyncio.wrap_future(self.state.store.write(lambda con: forget_notices(con, oldest)))


def _known(con: DuckDBPyConnection) -> tuple[dict[str, StoredPage], frozenset[str]]:
    return asked_pages(con), frozenset(incident.integration for incident in open_incidents(con))


def _failing(state: HubState) -> frozenset[str]:
    """Integrations of which a run has just failed: by the time that is believed, the page's word should be at hand."""
    seen = state.evaluation.workflows if state.evaluation is not None else ()
    return frozenset(r.failed_integration or v.integration for v in seen for r in v.regions if r.failing)


def _asked(page: StoredPage | None) -> datetime | None:
    return page.asked_at if page is not None else None


def _keep(con: DuckDBPyConnection, watched: Watched, found: Look, at: datetime) -> None:
    if found.reading is not None:
        looked = StoredPage(
            page=watched.page,
            kind=watched.kind,
            address=watched.url,
            asked_at=at,
            read_at=at,
            problem="",
            indicator=Health.UNKNOWN,
            description="",
            components=(),
            notices=(),
            etag=found.etag,
            modified=found.modified,
        )
        save_reading(con, looked, found.reading, watched.users)
    elif found.is_unchanged:
        save_unchanged(con, watched.page, at)
    else:
        save_problem(con, watched.page, watched.kind, watched.url, at, found.problem)
