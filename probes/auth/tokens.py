"""Access tokens in memory, shared by all workflows of a process, and refresh tokens that outlive them."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from pydantic import SecretStr

EARLY: Final = timedelta(seconds=60)
EARLY_SHARE: Final = 0.1


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


class TokenStore(Protocol):
    """Where rotated refresh tokens are kept; the key is a digest, not a secret."""

    def refresh_token(self, key: str) -> SecretStr | None:
        """The newest refresh token of that key, or None where none was rotated yet."""
        ...

    def keep(self, key: str, token: SecretStr) -> None:
        """Remember a rotated refresh token. The one before it is dead from now on."""
        ...


class MemoryTokenStore:
    """Keeps refresh tokens until the process ends."""

    def __init__(self) -> None:
        self._tokens: dict[str, SecretStr] = {}

    def refresh_token(self, key: str) -> SecretStr | None:
        """The newest refresh token of that key."""
        return self._tokens.get(key)

    def keep(self, key: str, token: SecretStr) -> None:
        """Remember a rotated refresh token."""
        self._tokens[key] = token


class TokenCache:
    """The access tokens of one process: one per credential, however many workflows use it."""

    def __init__(self, store: TokenStore | None = None) -> None:
        self.store: TokenStore = store if store is not None else MemoryTokenStore()
        self._tokens: dict[str, Token] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    def lock(self, key: str) -> asyncio.Lock:
        """Held while a token of that key is fetched, so that two workflows never both fetch."""
        return self._locks.setdefault(key, asyncio.Lock())

    def get(self, key: str) -> Token | None:
        """The token of that key, fresh or not."""
        return self._tokens.get(key)

    def put(self, key: str, token: Token) -> None:
        """Replace the token of that key."""
        self._tokens[key] = token

    def drop(self, key: str, value: str | None = None) -> None:
        """Forget the token of that key; with `value`, only if it is still that one and not a newer."""
        held = self._tokens.get(key)
        if held is not None and (value is None or held.value.get_secret_value() == value):
            del self._tokens[key]


def cache_key(*parts: str) -> str:
    """A digest of everything that makes two tokens differ, secrets included; it cannot be read back."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(hashlib.sha256(part.encode()).digest())
    return digest.hexdigest()
