"""What a receiver is: a service that alerts are delivered to, and that shows what it got."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any, ClassVar, Final

from app.sandbox.faults import RECEIVER_FAULTS, FaultSwitches
from app.sandbox.http1 import Clock, serve
from app.sandbox.listener import Conversation
from app.sandbox.messages import Delivery, Request, Response
from app.sandbox.telling_back import ActError, Webhook

_KEPT: Final = 500


@dataclass(frozen=True, slots=True)
class Received:
    """One message. `line` is what a person reads first; `content` is all of it, without credentials."""

    number: int
    at: datetime
    line: str
    content: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        """For the JSON page."""
        return {"number": self.number, "at": self.at.isoformat(), "line": self.line, **self.content}


@dataclass(slots=True)
class Inbox:
    """The last few hundred messages, numbered from 1."""

    _messages: deque[Received] = field(default_factory=lambda: deque(maxlen=_KEPT))
    _count: int = 0

    def keep(self, at: datetime, line: str, content: Mapping[str, Any]) -> None:
        """Add one."""
        self._count += 1
        self._messages.append(Received(self._count, at, line, content))

    def messages(self) -> tuple[Received, ...]:
        """Oldest first."""
        return tuple(self._messages)

    def empty(self) -> None:
        """Forget them; numbers go on."""
        self._messages.clear()


class Receiver(ABC):
    """One service on a port of its own."""

    name: ClassVar[str]
    title: ClassVar[str]
    credentials: ClassVar[Mapping[str, str]] = {}
    """Variable → shape of its random value (`app.sandbox.credentials`)."""

    acts: ClassVar[tuple[str, ...]] = ()
    """What people can do there that is told back; nothing where the service tells nothing."""

    def __init__(self, secrets: Mapping[str, str], random: Random) -> None:
        self.webhook: str | None = None
        """Where it is told to."""
        self.secrets = secrets
        self.random = random
        self.inbox = Inbox()
        self.faults = FaultSwitches(RECEIVER_FAULTS)

    @abstractmethod
    def converse(self, clock: Clock) -> Conversation:
        """What is spoken on a connection."""

    @abstractmethod
    def environment(self, port: int) -> dict[str, str]:
        """The variables that tell others how to reach it; credentials are added by the sandbox."""

    def board(self) -> list[dict[str, Any]]:
        """What stands on its screen now (open incidents, edited messages); nothing where messages are all there is."""
        return []

    def act(self, act: str, key: str, who: str, at: datetime) -> Webhook:
        """Does one of `acts` to what `key` names on the board, and says how it is told. Raises ActError."""
        raise ActError(f"nobody can {act} anything at {self.title}")

    def empty(self) -> None:
        """Forget everything received."""
        self.inbox.empty()

    def hex(self, digits: int) -> str:
        """Random hexadecimal digits, for identifiers."""
        return f"{self.random.getrandbits(4 * digits):0{digits}x}"


class HttpReceiver(Receiver):
    """A receiver that speaks HTTP."""

    @abstractmethod
    def respond(self, request: Request) -> Response:
        """The answer when no fault is on."""

    @abstractmethod
    def refused(self, status: int) -> Response:
        """The service's own words for that status."""

    def converse(self, clock: Clock) -> Conversation:
        return serve(self._answer, clock)

    async def _answer(self, request: Request) -> Delivery:
        wait = self.faults.number("throttle")
        if wait is not None:
            return Delivery(self.refused(429).with_headers({"Retry-After": f"{wait:.0f}"}))
        status = self.faults.number("status")
        return Delivery(self.respond(request) if status is None else self.refused(int(status)))
