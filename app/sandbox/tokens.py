"""Access tokens that a simulator issued, and what it says of one that is presented."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum


class Standing(StrEnum):
    """What the vendor thinks of a token."""

    VALID = "valid"
    EXPIRED = "expired"
    UNKNOWN = "unknown"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Token:
    """An access token and its end."""

    text: str
    expires_at: datetime

    def seconds_left(self, now: datetime) -> int:
        """Whole seconds; never negative."""
        return max(0, int((self.expires_at - now).total_seconds()))


@dataclass(slots=True)
class TokenIssuer:
    """Issues tokens of one life; remembers the last hundred, so that an expired one is not taken for a wrong one."""

    life: timedelta
    new_text: Callable[[], str]
    _issued: dict[str, Token] = field(default_factory=dict)

    def issue(self, now: datetime) -> Token:
        """A new token."""
        token = Token(self.new_text(), now + self.life)
        self._issued[token.text] = token
        while len(self._issued) > 100:
            del self._issued[next(iter(self._issued))]
        return token

    def current(self, now: datetime) -> Token:
        """The newest token while it lives, else a new one."""
        newest = next(reversed(self._issued.values()), None)
        return newest if newest is not None and newest.seconds_left(now) > 0 else self.issue(now)

    def standing(self, text: str | None, now: datetime) -> Standing:
        """What a presented token is worth."""
        if text is None:
            return Standing.MISSING
        token = self._issued.get(text)
        if token is None:
            return Standing.UNKNOWN
        return Standing.VALID if now < token.expires_at else Standing.EXPIRED
