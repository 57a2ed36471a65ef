"""Everything of sign-in, put together for a running hub."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import httpx

from app.hub.auth.accounts import Accounts, fingerprint
from app.hub.auth.callers import Callers
from app.hub.auth.door import Door
from app.hub.auth.oidc import OidcSignIn
from app.hub.auth.passwords import Costs, Passwords
from app.hub.auth.provider import Provider
from app.hub.auth.sessions import Sessions
from config.model import Hub, SignIn
from metrics.store.database import Store


@dataclass(frozen=True, slots=True)
class Foundation:
    """What sign-in needs of the hub: its store and clock, its section of the configuration as it is now, where secrets
    come from, and the key of the data directory (a new one that nobody has, where none is given)."""

    store: Store
    clock: Callable[[], datetime]
    hub: Callable[[], Hub]
    environ: Mapping[str, str]
    http: httpx.AsyncClient
    key: str = ""
    exposed: bool = False
    costs: Costs = field(default_factory=Costs)


@dataclass(frozen=True, slots=True)
class Auth:
    """The parts, each on the same store."""

    accounts: Accounts
    sessions: Sessions
    door: Door
    oidc: OidcSignIn
    callers: Callers


def set_up(around: Foundation) -> Auth:
    """Reads who there is from the store."""
    accounts = Accounts(around.store, around.clock, Passwords(around.costs))
    sessions = Sessions(around.store, around.clock, lambda: around.hub().sign_in or SignIn())
    callers = Callers(
        accounts,
        sessions,
        around.hub,
        key_hash=fingerprint(around.key or secrets.token_urlsafe(32)),
        at_start=around.hub().sign_in,
        exposed=around.exposed,
    )
    return Auth(
        accounts,
        sessions,
        Door(around.store, accounts, sessions, around.clock),
        OidcSignIn(Provider(around.http, around.clock), around.clock, around.environ),
        callers,
    )


def nobody_can_sign_in(auth: Auth) -> bool:
    """Whether people have to sign in, and there is no way for any of them."""
    rules = auth.callers.rules()
    if rules is None or rules.oidc is not None:
        return False
    return not any(one.disabled_at is None for one in auth.accounts.everybody())
