"""What the receivers of our messages tell back: signed, each thing once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from pydantic import BaseModel, SecretStr

from config.secrets import SecretRef


class Forged(Exception):  # noqa: N818 - what came, not the program's
    """The signature is not the receiver's, or it was signed too long ago. Holds no detail: the sender is a stranger."""


class Unreadable(Exception):  # noqa: N818 - what came, not the program's
    """Signed, but not what the receiver's documentation says it sends."""


class ActKind(StrEnum):
    """What somebody did at the receiver."""

    ACKNOWLEDGE = "acknowledge"
    UNACKNOWLEDGE = "unacknowledge"
    RESOLVE = "resolve"
    REOPEN = "reopen"
    COMMENT = "comment"
    SILENCE = "silence"


@dataclass(frozen=True, slots=True)
class Act:
    """One act. It names the incident by `incident_id`, by `dedup_key`, or by what the receiver calls it."""

    kind: ActKind
    who: str
    incident_id: str | None = None
    dedup_key: str | None = None
    their_id: str | None = None
    text: str = ""
    done_at: datetime | None = None
    """By the receiver's clock; None where it is as of now."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One thing that a receiver told. `key` is the same when it tells it again. `calls` is the receiver's id of the
    incident that has this dedup key."""

    key: str
    acts: tuple[Act, ...] = ()
    calls: tuple[str, str] | None = None
    is_echo_known: bool = False
    """Whether the receiver shows its own acknowledgements by itself, so that it need not be told of them."""


def storable(value: object) -> str:
    """As text; what JSON can escape and no encoding can carry is replaced."""
    return str(value).encode("utf-8", "replace").decode().replace("\0", "")


class Ear(Protocol):
    """Understands one channel's receiver."""

    def hear(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Heard:
        """`headers` have lower-case names. Raises Forged before it reads anything, and Unreadable."""
        ...


@dataclass(frozen=True, slots=True)
class EarKind:
    """How an ear is made of a channel's options: `secret` is the option that holds what signatures are made with."""

    secret: str
    build: Callable[[SecretStr], Ear]

    def secret_of(self, options: BaseModel) -> SecretRef | None:
        """None where the channel does not listen."""
        found: SecretRef | None = getattr(options, self.secret, None)
        return found
