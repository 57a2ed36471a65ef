"""Keeps up with the calendars of maintenance windows: asked in turn, the last good copy kept on disk, problems said."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx
import structlog

from alerts.calendars import CalendarError, entries_of
from alerts.fetching import SIZE_LIMIT, FetchError, fetch
from app.datadir import DataDirectory, write_private
from app.hub.state import CalendarStanding, HubState
from config.maintenance import Maintenance
from config.model import Config
from config.secrets import UnresolvedReference, resolve

log = structlog.get_logger(__name__)

ROUND_EVERY_S: Final = 5.0
_HEADERS: Final = {"User-Agent": "Leadline calendar reader", "Accept": "text/calendar, */*;q=0.1"}


@dataclass(slots=True)
class CalendarReader:
    """Asks and keeps. One a hub."""

    state: HubState
    data: DataDirectory
    environ: Mapping[str, str]
    client: httpx.AsyncClient

    def restore(self) -> None:
        """Before anything is judged: what was kept of every calendar. Copies that nothing declares are taken away."""
        wanted = _with_calendar(self.state.config)
        now = self.state.clock()
        self.state.calendars = {window.name: self._kept(window, now) for window in wanted}
        known = {self._copy(window) for window in wanted}
        for path in self._directory().glob("*.ics"):
            if path not in known:
                path.unlink(missing_ok=True)

    async def run_forever(self) -> None:
        """Until the hub stops; a round that fails is logged, and the next one tries again."""
        while not self.state.stopping.is_set():
            try:
                await self.round()
            except Exception:  # the loop's edge
                log.exception("hub.round_failed", loop="calendars")
            await asyncio.sleep(ROUND_EVERY_S)

    async def round(self) -> int:
        """Asks every calendar whose turn it is; how many."""
        now, before = self.state.clock(), self.state.calendars
        windows = _with_calendar(self.state.config)
        due = [window for window in windows if _is_due(window, before.get(window.name), now)]
        found = {window.name: await self._look(window, now) for window in due}
        kept = {window.name: before[window.name] for window in windows if window.name in before}
        self.state.calendars = kept | found
        return len(due)

    async def _look(self, window: Maintenance, now: datetime) -> CalendarStanding:
        try:
            ics = await self._read(window)
            entries = await asyncio.to_thread(entries_of, ics, window, self._zone(window), now)
        except (FetchError, CalendarError, UnresolvedReference, OSError) as err:
            return self._failed(window, err, now)
        await asyncio.to_thread(write_private, self._copy(window), ics)
        return CalendarStanding(str(window.calendar), entries, asked_at=now, read_at=now)

    async def _read(self, window: Maintenance) -> bytes:
        address = resolve(window.calendar or "", self.environ).strip()
        if urlsplit(address).scheme in ("http", "https"):
            return (await fetch(self.client, address, _HEADERS, may_be_private=window.private_address)).body
        return await asyncio.to_thread(_file, self.state.config.root / address)

    def _failed(self, window: Maintenance, err: Exception, now: datetime) -> CalendarStanding:
        problem = (err.strerror or "cannot be read") if isinstance(err, OSError) else str(err)
        before = self.state.calendars.get(window.name)
        if before is None or before.problem != problem:
            log.warning("hub.calendar_unreadable", maintenance=window.name, problem=problem)
        return replace(self._kept(window, now), asked_at=now, problem=problem)

    def _kept(self, window: Maintenance, now: datetime) -> CalendarStanding:
        """What the copy on disk says now."""
        nothing = CalendarStanding(str(window.calendar), problem="not read yet")
        try:
            path = self._copy(window)
            entries = entries_of(_file(path), window, self._zone(window), now)
            read_at = datetime.fromtimestamp(path.stat().st_mtime, now.tzinfo)
        except (OSError, CalendarError, FetchError):
            return nothing
        return CalendarStanding(str(window.calendar), entries, read_at=read_at)

    def _zone(self, window: Maintenance) -> str:
        return window.time_zone or self.state.config.settings.hub.timezone

    def _copy(self, window: Maintenance) -> Path:
        # What another address said is no copy of this one.
        source = hashlib.sha256((window.calendar or "").encode()).hexdigest()[:12]
        return self._directory() / f"{window.name}-{source}.ics"

    def _directory(self) -> Path:
        found = self.data.root / "calendars"
        found.mkdir(mode=0o700, exist_ok=True)
        return found


def _with_calendar(config: Config) -> tuple[Maintenance, ...]:
    return tuple(window for window in config.alerting.maintenance if window.calendar is not None)


def _is_due(window: Maintenance, before: CalendarStanding | None, now: datetime) -> bool:
    if before is None or before.asked_at is None or before.source != window.calendar:
        return True
    return now - before.asked_at >= window.poll_every


def _file(path: Path) -> bytes:
    with path.open("rb") as file:
        found = file.read(SIZE_LIMIT + 1)
    if len(found) > SIZE_LIMIT:
        raise FetchError(f"is larger than {SIZE_LIMIT // 1024 // 1024} MiB")
    return found
