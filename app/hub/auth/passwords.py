"""Passwords: argon2id, and what may be one."""

from __future__ import annotations

import secrets
import unicodedata
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from argon2 import PasswordHasher, Type
from argon2.exceptions import Argon2Error, InvalidHashError

SHORTEST: Final = 12
LONGEST: Final = 1_024


@dataclass(frozen=True, slots=True)
class Costs:
    """What one try costs whoever tries: RFC 9106's second choice, with one lane, for two cores serve the hub."""

    rounds: int = 3
    memory_kib: int = 65_536
    lanes: int = 1


class Passwords:
    """Hashes passwords and checks them. Each takes a tenth of a second and 64 MiB: call it on a thread."""

    def __init__(self, costs: Costs = Costs(), hasher: type[PasswordHasher] = PasswordHasher) -> None:
        self._hasher = hasher(
            time_cost=costs.rounds, memory_cost=costs.memory_kib, parallelism=costs.lanes, type=Type.ID
        )

    def hash(self, password: str) -> str:
        """The PHC string to keep, with a salt of its own."""
        return self._hasher.hash(_normal(password))

    def fits(self, kept: str | None, password: str) -> bool:
        """Whether it is the password. With None, of nobody, it takes as long and is not."""
        try:
            self._hasher.verify(self._of_nobody if kept is None else kept, _normal(password))
        except (Argon2Error, InvalidHashError):
            return False
        return kept is not None

    def is_dated(self, kept: str) -> bool:
        """Whether it was hashed at other costs than new ones are."""
        return self._hasher.check_needs_rehash(kept)

    @cached_property
    def _of_nobody(self) -> str:
        return self._hasher.hash(secrets.token_hex(32))


def unfit(password: str, name: str) -> str | None:
    """Why it may not be the password of that name; None when it may."""
    if len(password) < SHORTEST:
        return f"a password has at least {SHORTEST} characters; a few words that belong together only for you do well"
    if len(password) > LONGEST:
        return f"a password has at most {LONGEST:,} characters"
    if len(set(password)) < 4 or name.casefold() in password.casefold():
        return "that password is easy to guess: it repeats a few letters, or holds the name"
    return None


def _normal(password: str) -> str:
    # The same letters typed on another system may come as other code points.
    return unicodedata.normalize("NFKC", password)
