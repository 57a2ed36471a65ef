"""Sends what the outbox holds: at least once, in order per incident and channel, no channel waiting for another.

A message is claimed by compare-and-set, sent, and settled. A claim whose lease ends (the process died) is taken up
again. What may be tried again is, with exponential backoff and full jitter, for a day; what is refused for good goes
to the next channel of the route. Every try is a line in the ledger.
"""

from __future__ import annotations

import asyncio
import random
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

import structlog
from duckdb import DuckDBPyConnection

from alerts.channels.base import Receipt, Sender, TransportError
from alerts.model import Action, DeliveryAttempt, IncidentEvent, IncidentState
from alerts.routing import Message
from alerts.store.incidents import add_event, incident
from alerts.store.ledger import add_attempt
from alerts.store.outbox import Claim, claim, due_channels, enqueue, first_untold, settle
from metrics.store.database import Store

log = structlog.get_logger(__name__)

FIRST_RETRY: Final = timedelta(seconds=2)
LONGEST_RETRY: Final = timedelta(minutes=5)
MAX_AGE: Final = timedelta(hours=24)
LEASE: Final = timedelta(minutes=2)
SEND_LIMIT_S: Final = 60.0
"""Shorter than the lease, so that nobody else takes up a message that is still being sent."""
POLL_S: Final = 0.5
LONGEST_WAIT_ASKED: Final = timedelta(hours=1)
"""A Retry-After beyond this is not believed."""
SHORTEST_RETRY: Final = timedelta(milliseconds=100)

_random: Final = random.SystemRandom()


class Deliverer:
    """Delivers for one process. `senders` may be replaced at any time, e.g. after a change of configuration."""

    def __init__(
        self,
        store: Store,
        senders: Mapping[str, Sender],
        *,
        clock: Callable[[], datetime],
        link: str,
        jitter: Callable[[], float] = _random.random,
    ) -> None:
        self.senders = senders
        self._store = store
        self._clock = clock
        self._link = link.rstrip("/")
        self._jitter = jitter
        self._held: dict[str, datetime] = {}
        """Channels that asked us to wait, and until when."""

    async def run_forever(self, stop: threading.Event) -> None:
        """Delivers until `stop` is set. Each channel has a task of its own while it has something to send."""
        tasks: dict[str, asyncio.Task[int]] = {}
        try:
            while not stop.is_set():
                await self._start_due(tasks)
                await asyncio.sleep(POLL_S)
        finally:
            for task in tasks.values():
                task.cancel()
            await asyncio.gather(*tasks.values(), return_exceptions=True)

    async def _start_due(self, tasks: dict[str, asyncio.Task[int]]) -> None:
        """Gives every channel that has something to send a task, unless it has one at work."""
        try:
            for channel in await self._due():
                if channel not in tasks or tasks[channel].done():
                    tasks[channel] = asyncio.create_task(self._deliver_safely(channel))
        except Exception:  # the loop's edge: a failed look at the outbox must not end delivery
            log.exception("delivery.round_failed")

    async def deliver_due(self) -> int:
        """Sends everything that is due now, channels side by side; returns how many messages were accepted."""
        accepted = 0
        while channels := await self._due():
            counts = await asyncio.gather(*(self._deliver_channel(channel) for channel in channels))
            accepted += sum(counts)
        return accepted

    async def _due(self) -> tuple[str, ...]:
        now = self._clock()
        channels = await asyncio.to_thread(self._store.read, lambda con: due_channels(con, now))
        return tuple(c for c in channels if self._held.get(c, now) <= now)

    async def _deliver_safely(self, channel: str) -> int:
        try:
            return await self._deliver_channel(channel)
        except Exception:  # the loop's edge: the next round tries again
            log.exception("delivery.channel_failed", channel=channel)
            return 0

    async def _deliver_channel(self, channel: str) -> int:
        """One message after the other until none is due, or the channel is in trouble."""
        accepted = 0
        while (taken := await self._claim(channel)) is not None:
            begun, started = self._clock(), time.monotonic()
            outcome = await self._try(taken)
            attempt = _attempt(taken, outcome, begun, (time.monotonic() - started) * 1000)
            await self._write(lambda con, t=taken, o=outcome, a=attempt: self._settle(con, t, o, a))  # type: ignore[misc]
            if isinstance(outcome, Receipt):
                accepted += 1
            elif not attempt.permanent:
                self._hold(channel, outcome)
                break
        return accepted

    async def _claim(self, channel: str) -> Claim | None:
        now, token = self._clock(), uuid.uuid4().hex
        return await self._write(lambda con: claim(con, channel, now, LEASE, token, self._link))

    async def _try(self, taken: Claim) -> Receipt | TransportError:
        notification = taken.notification
        sender = self.senders.get(notification.channel)
        if sender is None:
            return TransportError("the channel is not configured", permanent=True)
        try:
            async with asyncio.timeout(SEND_LIMIT_S):
                return await sender.send(notification)
        except TransportError as err:
            if not err.permanent and self._clock() - notification.created_at >= MAX_AGE:
                return TransportError(f"given up after 24 h: {err}", permanent=True, status=err.status, keep=err.keep)
            return err
        except TimeoutError:
            return TransportError(f"no answer within {SEND_LIMIT_S:g} s", permanent=False)
        except Exception as err:  # noqa: BLE001 - the loop's edge: a bug in one channel must not stop the others
            # Without the traceback: its frames hold the channel's secrets.
            log.error("delivery.channel_bug", channel=notification.channel, error=type(err).__name__)  # noqa: TRY400
            return TransportError(f"internal error: {type(err).__name__}", permanent=False)

    def _settle(
        self, con: DuckDBPyConnection, taken: Claim, outcome: Receipt | TransportError, attempt: DeliveryAttempt
    ) -> None:
        add_attempt(con, attempt)
        now = self._clock()
        if isinstance(outcome, Receipt):
            settle(con, taken, "sent", now, outcome.keep, None)
        elif not outcome.permanent:
            settle(con, taken, "due", now, outcome.keep, now + self._backoff(attempt.attempt, outcome))
        elif settle(con, taken, "dead", now, outcome.keep, None):
            _tell_another(con, taken, attempt, now)

    def _backoff(self, attempt: int, outcome: TransportError) -> timedelta:
        asked = _asked_wait(outcome)
        if asked is not None:
            return asked
        longest: timedelta = min(LONGEST_RETRY, FIRST_RETRY * 2 ** min(attempt - 1, 16))
        return max(SHORTEST_RETRY, longest * self._jitter())

    def _hold(self, channel: str, outcome: TransportError) -> None:
        asked = _asked_wait(outcome)
        if asked is not None:
            self._held[channel] = self._clock() + asked

    async def _write(self, work: Callable[[DuckDBPyConnection], Claim | None]) -> Claim | None:
        return await asyncio.wrap_future(self._store.write(work))


def _asked_wait(outcome: TransportError) -> timedelta | None:
    if outcome.retry_after_s is None:
        return None
    return min(LONGEST_WAIT_ASKED, timedelta(seconds=outcome.retry_after_s))


def _attempt(taken: Claim, outcome: Receipt | TransportError, begun: datetime, duration_ms: float) -> DeliveryAttempt:
    failed = isinstance(outcome, TransportError)
    return DeliveryAttempt(
        notification_id=taken.notification.notification_id,
        channel=taken.notification.channel,
        attempt=taken.attempt,
        at=begun,
        duration_ms=duration_ms,
        ok=not failed,
        permanent=isinstance(outcome, TransportError) and outcome.permanent,
        status=outcome.status,
        answer=str(outcome) if isinstance(outcome, TransportError) else outcome.answer,
    )


def _tell_another(con: DuckDBPyConnection, taken: Claim, attempt: DeliveryAttempt, now: datetime) -> None:
    """Nobody heard of a message that was refused for good: the next channel of the route tells."""
    notification = taken.notification
    note = f"{notification.channel} refused for good: {attempt.answer}"
    incident_id = notification.incident.incident_id
    current = incident(con, incident_id)
    goes_on = current is not None and current.state is not IncidentState.RESOLVED
    if goes_on and notification.action in (Action.TRIGGER, Action.UPDATE):
        instead = first_untold(con, incident_id, taken.fallbacks)
        if instead is not None:
            rest = tuple(c for c in taken.fallbacks if c != instead)
            message = Message(instead, notification.tier, Action.TRIGGER, rest)
            enqueue(con, notification.incident, message, now, notification.budget_left)
            note += f"; {instead} tells instead"
    add_event(con, IncidentEvent(incident_id, now, "undelivered", note))
