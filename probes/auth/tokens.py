"""Access tokens in memory, shared by all workflows of a process, and the consents that outlive them."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, ParamSpec, Protocol, TypeVar

from pydantic import SecretStr

from probes.auth.dpop import ProofKey

EARLY: Final = timedelta(seconds=60)
EARLY_SHARE: Final = 0.1

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Token:
    """An access token and its life. A secret: its repr shows no part of it."""

    value: SecretStr
    obtained_at: datetime
    expires_at: datetime

    def is_fresh(self, now: datetime) -> bool:
        """False from 60 s, or a tenth of its life where that is less, before it expires."""
        early = min(EARLY, (self.expires_at - self.obtained_at) * EARLY_SHARE)
        return now < self.expires_at - early


@dataclass(frozen=True, slots=True)
class Consent:
    """What came of one person's consent, as it is kept between runs; its repr shows no secret.

    `refresh_token` is None where the vendor has not rotated the one in the configuration. `access` are access tokens by
    what was asked for (a digest), so that a restart spends no refresh token.
    """

    refresh_token: SecretStr | None = None
    refresh_obtained_at: datetime | None = None
    refresh_expires_at: datetime | None = None
    """As the vendor says; None where it does not."""
    extended_by_use: bool = False
    """The latest refresh moved `refresh_expires_at` on: it ends only if nobody uses it."""
    enrolled_at: datetime | None = None
    """When a person consented by `leadline auth login`."""
    account: str = ""
    """Whose it is, as the vendor names them; never leaves this machine."""
    token_url: str = ""
    """Where to spend it, if that was found out when it was given."""
    access: Mapping[str, Token] = field(default_factory=dict)
    refused_at: datetime | None = None
    """Since when the vendor takes it no more; None while it does."""
    refused: str = ""
    """The vendor's words for it, without a secret."""


class TokenStoreError(Exception):
    """Consents cannot be read or written here: what, where, and what to do about it; never a secret."""


class TokenStore(Protocol):
    """Where consents are kept; a key is a digest, not a secret. `read` and `keep` may wait for a disk."""

    def read(self, key: str) -> Consent | None:
        """The newest of that key, or None where there is none; raises TokenStoreError."""
        ...

    def keep(self, key: str, consent: Consent) -> None:
        """On return it is kept, whole; the one before it is gone. Raises TokenStoreError, and then it is not lost
        either: the next `read` of this process tries to keep it again."""
        ...

    def turn(self, key: str) -> AbstractAsyncContextManager[None]:
        """Held from before a refresh token is read until the next one is kept: it can be spent only once, so nobody
        else may do so meanwhile, in this process or another."""
        ...

    async def off_loop(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Carry `read` or `keep` out where it holds up no event loop, in the order asked for."""
        ...


class MemoryTokenStore:
    """Keeps consents until the process ends."""

    def __init__(self) -> None:
        self._consents: dict[str, Consent] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    def read(self, key: str) -> Consent | None:
        """The newest of that key."""
        return self._consents.get(key)

    def keep(self, key: str, consent: Consent) -> None:
        """Remember it."""
        self._consents[key] = consent

    @asynccontextmanager
    async def turn(self, key: str) -> AsyncIterator[None]:
        """One flow at a time."""
        async with self._locks.setdefault(key, asyncio.Lock()):
            yield

    async def off_loop(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """At once: memory waits for nothing."""
        return work(*args, **kwargs)


class TokenCache:
    """The access tokens of one process: one per credential, however many workflows use it."""

    def __init__(self, store: TokenStore | None = None) -> None:
        self.store: TokenStore = store if store is not None else MemoryTokenStore()
        self._tokens: dict[str, Token] = {}
        self._rejected: dict[str, SecretStr] = {}
        self._consents: dict[str, Consent] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self.proof_keys: dict[str, ProofKey] = {}
        """For DPoP: one for each credential, with the nonces that servers gave."""

    def lock(self, key: str) -> asyncio.Lock:
        """Held while a token of that key is fetched, so that two workflows never both fetch."""
        return self._locks.setdefault(key, asyncio.Lock())

    def get(self, key: str) -> Token | None:
        """The token of that key, fresh or not."""
        return self._tokens.get(key)

    def put(self, key: str, token: Token) -> None:
        """Replace the token of that key."""
        self._tokens[key] = token

    def adopt(self, key: str, token: Token) -> None:
        """As `put`, for a token from the store, unless it is the one that was dropped last."""
        if self._rejected.get(key) != token.value:
            self._tokens[key] = token

    def drop(self, key: str, value: str | None = None) -> None:
        """Forget the token of that key; with `value`, only if it is still that one and not a newer."""
        held = self._tokens.get(key)
        if held is not None and (value is None or held.value.get_secret_value() == value):
            self._rejected[key] = held.value
            del self._tokens[key]

    def consent(self, key: str) -> Consent | None:
        """The consent of that key as it was last seen here; asks no disk."""
        return self._consents.get(key)

    def see(self, key: str, consent: Consent | None) -> None:
        """Remember what the store said, or was told."""
        if consent is None:
            self._consents.pop(key, None)
        else:
            self._consents[key] = consent


def cache_key(*parts: str) -> str:
    """A digest of everything that makes two tokens differ, secrets included; it cannot be read back."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(hashlib.sha256(part.encode()).digest())
    return digest.hexdigest()
