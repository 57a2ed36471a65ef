"""Who makes a request: by the hub's own key, a script's token, or a person's session."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from alerts.store.sign_in.sessions import Session
from app.hub.actor import ANYBODY, Actor, Role
from app.hub.auth.accounts import Accounts, fingerprint
from app.hub.auth.cookies import Cookies, cookie
from app.hub.auth.sessions import Sessions
from config.model import Hub, SignIn

NOBODY = Actor("", Role.VIEWER)
"""Whoever asks for what is public. What is shown of a page to them offers nothing."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody, and the session they come with, if it is a browser's."""

    actor: Actor
    session: Session | None = None


@dataclass(frozen=True, slots=True)
class Callers:
    """Knows everybody. `hub` is the section of the configuration as it is now.

    `exposed` says whether more than this machine reaches the hub: then `at_start`, what was declared when it began to
    listen, holds even when the section goes away.
    """

    accounts: Accounts
    sessions: Sessions
    hub: Callable[[], Hub]
    key_hash: str
    """Of the key that lies in the data directory: who may read it owns the store."""
    at_start: SignIn | None = None
    exposed: bool = False

    def rules(self) -> SignIn | None:
        """How people sign in; None where nobody has to."""
        return self.hub().sign_in or (self.at_start if self.exposed else None)

    def cookies(self, scheme: str) -> Cookies:
        """The cookies for a request of that scheme."""
        return Cookies(secure=scheme in ("https", "wss") or (self.hub().public_url or "").startswith("https://"))

    def caller(self, headers: Mapping[str, str], scheme: str) -> Caller | None:
        """Who it is; None for somebody unknown."""
        kind, _, token = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            return self._by_token(token.strip())
        value = cookie(headers.get("cookie", ""), self.cookies(scheme).session)
        session = self.sessions.find(value) if value else None
        role = self.role(session) if session else None
        return Caller(Actor(session.name, role), session) if session and role else None

    def role(self, session: Session) -> Role | None:
        """The role that the session gives now; None when it gives none any more."""
        account = self.accounts.account(session.name)
        if account is not None and account.disabled_at is not None:
            return None
        if session.role is not None:
            return Role(session.role)
        return Role(account.role) if account else None

    def lasts(self, caller: Caller) -> bool:
        """Whether who opened a connection may go on with it."""
        if caller.session is None:
            return True
        return self.sessions.lasts(caller.session.token_hash) and self.role(caller.session) is not None

    def _by_token(self, token: str) -> Caller | None:
        if hmac.compare_digest(fingerprint(token), self.key_hash):
            return Caller(ANYBODY)
        actor = self.accounts.by_token(token)
        return Caller(actor) if actor else None
