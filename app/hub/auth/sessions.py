"""Sessions of a running hub: in memory to be asked at every request, in the store to outlast a restart."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from duckdb import DuckDBPyConnection

from alerts.store.audit import AuditRow, record
from alerts.store.sign_in.sessions import Session, note_ended, note_seen, save_session, sessions
from app.hub.auth.accounts import fingerprint
from config.model import SignIn
from metrics.store.database import Store
from metrics.store.failures import StoreError

_NOTED_EVERY: Final = timedelta(minutes=1)
_AGENT: Final = 200


@dataclass(frozen=True, slots=True)
class Where:
    """Where somebody signs in from: address and browser, as they say."""

    address: str
    agent: str = ""


class Sessions:
    """Call it on the hub's event loop. `rules` say how long a session may last, as they are declared now."""

    def __init__(self, store: Store, clock: Callable[[], datetime], rules: Callable[[], SignIn]) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules
        now = clock()
        self._live = {one.token_hash: one for one in store.read(lambda con: sessions(con, now))}
        self._noted = {one.session_id: one.seen_at for one in self._live.values()}

    async def begin(self, name: str, role: str | None, method: str, where: Where) -> tuple[str, Session]:
        """A new session and its token, which goes into the cookie and nowhere else."""
        now, token = self._clock(), secrets.token_urlsafe(32)
        made = Session(
            session_id=f"se-{secrets.token_hex(8)}",
            token_hash=fingerprint(token),
            name=name,
            role=role,
            method=method,
            began_at=now,
            seen_at=now,
            ends_at=now + self._rules().lasts,
            address=where.address,
            agent=where.agent[:_AGENT],
        )
        row = AuditRow(now, name, "sign_in", made.session_id, f"by {method} from {where.address}")

        def work(con: DuckDBPyConnection) -> None:
            save_session(con, made)
            record(con, row)

        await asyncio.wrap_future(self._store.write(work))
        self._forget_old(now)
        self._live[made.token_hash] = made
        self._noted[made.session_id] = now
        return token, made

    def find(self, token: str) -> Session | None:
        """The session of that cookie, which is used herewith; None when it is over."""
        found, now = self._live.get(fingerprint(token)), self._clock()
        if found is None or not self.lasts(found.token_hash):
            return None
        used = self._live[found.token_hash] = replace(found, seen_at=now)
        if now - self._noted[used.session_id] >= _NOTED_EVERY:
            self._noted[used.session_id] = now
            with suppress(StoreError):
                self._store.write(lambda con: note_seen(con, used.session_id, now))
        return used

    def lasts(self, token_hash: str) -> bool:
        """Whether that session is not over: neither ended, nor unused for too long, nor too old."""
        found, now = self._live.get(token_hash), self._clock()
        return found is not None and now < found.ends_at and now < found.seen_at + self._rules().idle

    def of(self, name: str | None = None) -> tuple[Session, ...]:
        """Those that last, of one name or of all, the latest first."""
        whose = None if name is None else name.casefold()
        lasting = [
            one for one in self._live.values() if self.lasts(one.token_hash) and whose in (None, one.name.casefold())
        ]
        return tuple(sorted(lasting, key=lambda one: one.began_at, reverse=True))

    async def end(self, session_id: str, who: str) -> bool:
        """Ends one, at once and everywhere; False when there is none of that id."""
        found = next((one for one in self._live.values() if one.session_id == session_id), None)
        if found is None:
            return False
        await self._end([found], who)
        return True

    async def end_all(self, name: str, who: str) -> int:
        """Ends all of one name; how many there were."""
        found = self.of(name)
        await self._end(found, who)
        return len(found)

    async def _end(self, over: tuple[Session, ...] | list[Session], who: str) -> None:
        now = self._clock()
        for one in over:
            self._live.pop(one.token_hash, None)
            self._noted.pop(one.session_id, None)

        def work(con: DuckDBPyConnection) -> None:
            for one in over:
                note_ended(con, one.session_id, now, who)
                record(con, AuditRow(now, who, "sign_out", one.session_id, f"session of {one.name}"))

        if over:
            await asyncio.wrap_future(self._store.write(work))

    def _forget_old(self, now: datetime) -> None:
        for one in [one for one in self._live.values() if one.ends_at <= now]:
            del self._live[one.token_hash]
            self._noted.pop(one.session_id, None)
