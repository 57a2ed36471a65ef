"""Accounts and tokens of a running hub: in memory to be asked at every request, in the store to last."""

from __future__ import annotations

import asyncio
import hashlib
import re
import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from duckdb import DuckDBPyConnection

from alerts.store.audit import AuditRow, record
from alerts.store.sign_in.accounts import (
    Account,
    ApiToken,
    accounts,
    api_tokens,
    drop_api_token,
    save_account,
    save_api_token,
)
from app.hub.actor import Actor, Role
from app.hub.auth.passwords import Passwords, unfit
from metrics.store.database import Store

TOKEN_PREFIX: Final = "leadline_"  # noqa: S105 - what a token begins with, so that scanners for secrets find one
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,99}")
_AT_ONCE: Final = 2
"""Passwords that are hashed at the same time: each takes 64 MiB."""


class AccountProblem(Exception):  # noqa: N818 - what the caller asked for, not the program's
    """What was asked of accounts or tokens cannot be; says why. `status` is HTTP's."""

    def __init__(self, message: str, status: int = 422) -> None:
        super().__init__(message)
        self.status = status


def fingerprint(token: str) -> str:
    """What is kept of a token or a cookie: 256 random bits need no slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()


class Accounts:
    """Call it on the hub's event loop."""

    def __init__(self, store: Store, clock: Callable[[], datetime], passwords: Passwords) -> None:
        self._store = store
        self._clock = clock
        self._passwords = passwords
        self._free = asyncio.Semaphore(_AT_ONCE)
        self._accounts = {one.name: one for one in store.read(accounts)}
        self._tokens = {one.token_hash: one for one in store.read(api_tokens)}

    def everybody(self) -> tuple[Account, ...]:
        """All accounts, by name."""
        return tuple(sorted(self._accounts.values(), key=lambda one: one.name))

    def account(self, name: str) -> Account | None:
        """The account of that name, in any case of its letters."""
        return self._accounts.get(name.strip().casefold())

    async def check(self, name: str, password: str) -> Account | None:
        """The account that may sign in with that. An unknown name takes as long as a wrong password."""
        found = self.account(name)
        async with self._free:
            fits = await asyncio.to_thread(self._passwords.fits, found.password_hash if found else None, password)
        if not fits or found is None or found.disabled_at is not None:
            return None
        if self._passwords.is_dated(found.password_hash):
            found = await self._save(replace(found, password_hash=await self._hashed(password)), None)
        return found

    async def add(self, name: str, role: Role, password: str, who: str) -> Account:
        """A new one; raises AccountProblem."""
        known = name.strip().casefold()
        if not _NAME.fullmatch(known):
            raise AccountProblem(f"{name}: a name is made of letters, digits and . _ @ + - (at most 100)")
        if known in self._accounts:
            raise AccountProblem(f"{known}: there is such a user already", 409)
        self._refuse_unfit(password, known)
        made = Account(known, role, await self._hashed(password), self._clock())
        return await self._save(made, self._row(who, "user.add", known, f"role {role}"))

    async def set_password(self, name: str, password: str, who: str) -> Account:
        """Another password; raises AccountProblem. End the sessions as well."""
        found = self._known(name)
        self._refuse_unfit(password, found.name)
        changed = replace(found, password_hash=await self._hashed(password))
        return await self._save(changed, self._row(who, "user.password", found.name, ""))

    async def set_role(self, name: str, role: Role, who: str) -> Account:
        """Another role, from the next request on; raises AccountProblem."""
        found = self._known(name)
        return await self._save(replace(found, role=role), self._row(who, "user.role", found.name, f"role {role}"))

    async def set_disabled(self, name: str, disabled: bool, who: str) -> Account:
        """Nobody signs in by that name any more, or may again; raises AccountProblem."""
        found = self._known(name)
        act = "user.disable" if disabled else "user.enable"
        changed = replace(found, disabled_at=self._clock() if disabled else None)
        return await self._save(changed, self._row(who, act, found.name, ""))

    def tokens(self) -> tuple[ApiToken, ...]:
        """All tokens, by name, those that have expired too."""
        return tuple(sorted(self._tokens.values(), key=lambda one: one.name))

    def by_token(self, token: str) -> Actor | None:
        """Who comes with that bearer token."""
        found = self._tokens.get(fingerprint(token))
        if found is None or found.expires_at <= self._clock():
            return None
        return Actor(found.name, Role(found.role))

    async def issue(self, name: str, role: Role, lasts: timedelta, who: str) -> tuple[str, ApiToken]:
        """A new token, which is shown this once, and what is kept of it; raises AccountProblem."""
        known = name.strip().casefold()
        if not _NAME.fullmatch(known):
            raise AccountProblem(f"{name}: a name is made of letters, digits and . _ @ + - (at most 100)")
        if any(one.name == known for one in self._tokens.values()):
            raise AccountProblem(
                f"{known}: there is such a token already; revoke it first, or choose another name", 409
            )
        now, token = self._clock(), TOKEN_PREFIX + secrets.token_urlsafe(32)
        made = ApiToken(known, fingerprint(token), role, now, who, now + lasts)
        row = self._row(who, "token.add", known, f"role {role}, until {made.expires_at:%Y-%m-%d %H:%M} UTC")

        def work(con: DuckDBPyConnection) -> None:
            save_api_token(con, made)
            record(con, row)

        await asyncio.wrap_future(self._store.write(work))
        self._tokens[made.token_hash] = made
        return token, made

    async def revoke_token(self, name: str, who: str) -> None:
        """From now on nobody comes with it; raises AccountProblem."""
        found = next((one for one in self._tokens.values() if one.name == name.strip().casefold()), None)
        if found is None:
            raise AccountProblem(f"{name}: there is no such token", 404)
        del self._tokens[found.token_hash]
        row = self._row(who, "token.revoke", found.name, "")

        def work(con: DuckDBPyConnection) -> None:
            drop_api_token(con, found.name)
            record(con, row)

        await asyncio.wrap_future(self._store.write(work))

    def _known(self, name: str) -> Account:
        found = self.account(name)
        if found is None:
            raise AccountProblem(f"{name}: there is no such user", 404)
        return found

    @staticmethod
    def _refuse_unfit(password: str, name: str) -> None:
        problem = unfit(password, name)
        if problem is not None:
            raise AccountProblem(problem)

    async def _hashed(self, password: str) -> str:
        async with self._free:
            return await asyncio.to_thread(self._passwords.hash, password)

    async def _save(self, account: Account, row: AuditRow | None) -> Account:
        def work(con: DuckDBPyConnection) -> None:
            save_account(con, account)
            if row is not None:
                record(con, row)

        await asyncio.wrap_future(self._store.write(work))
        self._accounts[account.name] = account
        return account

    def _row(self, who: str, action: str, subject: str, detail: str) -> AuditRow:
        return AuditRow(self._clock(), who, action, subject, detail)
