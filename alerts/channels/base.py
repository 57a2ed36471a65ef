"""What a channel is: options, a sender, a receipt, and one error type."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Protocol, TypeVar, runtime_checkable

import httpx
import structlog
from pydantic import BaseModel

from alerts.model import Notification
from alerts.reports.document import Chart
from config.rate import Rate

log = structlog.get_logger(__name__)

Addressee = TypeVar("Addressee")
Outcome = TypeVar("Outcome")

ChartOf = Callable[[Notification], Awaitable[Chart | None]]
"""The chart that belongs to a notification; None where there is nothing to show."""

USUAL_RATE: Final = Rate(60, timedelta(minutes=1))


@dataclass(frozen=True, slots=True)
class Receipt:
    """A channel accepted the message. `keep` is what later messages of the incident need to know."""

    status: int | None
    answer: str
    keep: dict[str, str] = field(default_factory=dict)


class TransportError(Exception):
    """The message did not get through. `permanent`: trying again cannot help. `keep`: the part that did get through,
    so that a retry does not repeat it. The message holds no secret."""

    def __init__(
        self,
        message: str,
        *,
        permanent: bool,
        retry_after_s: float | None = None,
        status: int | None = None,
        keep: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.retry_after_s = retry_after_s
        self.status = status
        self.keep = dict(keep or {})


def _together(problems: Sequence[TransportError], accepted: Mapping[str, str]) -> TransportError:
    """One error for all addressees, worth a retry as long as one of them is; `accepted` need not be told again."""
    waits = [p.retry_after_s for p in problems if p.retry_after_s is not None]
    again = [p for p in problems if not p.permanent]
    return TransportError(
        "; ".join(str(p) for p in problems),
        permanent=not again,
        retry_after_s=max(waits, default=None),
        status=(again or problems)[0].status,
        keep=accepted,
    )


async def tell_each(
    addressees: Mapping[str, Addressee],
    receipt: Mapping[str, str],
    tell: Callable[[Addressee], Awaitable[TransportError | None]],
) -> dict[str, str]:
    """Tells everybody by whose key `receipt` holds nothing yet; what to keep, so that nobody is told twice. Raises
    TransportError, which keeps those who were told, when somebody was not.

    Side by side: one that hangs must not use up the time in which the others are remembered.
    """
    left = {key: one for key, one in addressees.items() if key not in receipt}
    outcomes = await asyncio.gather(*(tell(one) for one in left.values()))
    accepted = {key: "accepted" for key, problem in zip(left, outcomes, strict=True) if problem is None}
    problems = [problem for problem in outcomes if problem is not None]
    if problems:
        raise _together(problems, accepted)
    return accepted


async def attempted(work: Awaitable[Outcome], limit_s: float, channel: str) -> Outcome | TransportError:
    """What came of talking to a channel: no longer than the limit, and whatever goes wrong is a TransportError."""
    try:
        async with asyncio.timeout(limit_s):
            return await work
    except TransportError as err:
        return err
    except TimeoutError:
        return TransportError(f"no answer within {limit_s:g} s", permanent=False)
    except Exception as err:  # noqa: BLE001 - the loop's edge: a bug in one channel must not stop the others
        # Without the traceback: its frames hold the channel's secrets.
        log.error("channel.bug", channel=channel, error=type(err).__name__)  # noqa: TRY400
        return TransportError(f"internal error: {type(err).__name__}", permanent=False)


class Sender(Protocol):
    """A channel ready to send."""

    async def send(self, notification: Notification) -> Receipt:
        """Tells people, or raises TransportError. May be called again for the same notification after a crash."""
        ...


@dataclass(frozen=True, slots=True)
class Proof:
    """What a self-test showed. `end_to_end`: a message of its own took the whole way, so that others would, too; else
    only that the account or the server answers."""

    status: int | None
    answer: str
    end_to_end: bool = False


@runtime_checkable
class SelfTesting(Protocol):
    """A sender that can prove that it works without bothering anybody."""

    async def test(self, now: datetime) -> Proof:
        """Proves it with the least noise that its service allows, or raises TransportError."""
        ...


@runtime_checkable
class Charted(Protocol):
    """A sender whose messages can show how long a workflow took of late."""

    def with_charts(self, charts: ChartOf) -> Sender:
        """The same sender, with that source of charts."""
        ...


@dataclass(frozen=True, slots=True)
class ChannelKind:
    """A kind of channel: the model of its options, and how a sender is made of them.

    `build` raises UnresolvedReference or ValueError when the options lead nowhere on this machine.
    """

    Options: type[BaseModel]
    build: Callable[[Any, Mapping[str, str], httpx.AsyncClient], Sender]
    rate: Rate = USUAL_RATE
    """What the service takes, where the channel declares no other."""


@dataclass(frozen=True, slots=True)
class Unavailable:
    """Stands in for a channel that cannot be built here; says so instead of losing the message."""

    problem: str

    async def send(self, notification: Notification) -> Receipt:
        """Always refuses, for good, so that the next channel is told."""
        raise TransportError(self.problem, permanent=True)

    async def test(self, now: datetime) -> Proof:
        """Always fails, with the same reason."""
        raise TransportError(self.problem, permanent=True)
