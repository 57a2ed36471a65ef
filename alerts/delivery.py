"""Sends what the outbox holds: at least once, in order per incident and channel, no channel waiting for another.

A message is claimed by compare-and-set, sent, and settled. What may be tried again is, with exponential backoff and
full jitter, for a day; what is refused for good goes to the next channel of the route. A channel that fails again and
again gets one trial at a time; its other messages wait. Every try is a line in the ledger.
"""

from __future__ import annotations

import asyncio
import random
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, TypeVar

import structlog
from duckdb import DuckDBPyConnection

from alerts.channels import rates_of
from alerts.channels.base import Receipt, Sender, TransportError, attempted
from alerts.handing_over import tell_as_well, tell_instead
from alerts.model import Action, DeliveryAttempt
from alerts.store.channels import hold, note_answering, note_failure, note_success
from alerts.store.ledger import add_attempt
from alerts.store.outbox import CIRCUIT_OPENS_AFTER, Claim, claim, due_channels, settle
from alerts.store.passing_on import release_claims, revive_ends, stuck
from alerts.token_bucket import TokenBucket
from config.model import Alerting, Config
from metrics.store.database import Store

log = structlog.get_logger(__name__)

T = TypeVar("T")

FIRST_RETRY: Final = timedelta(seconds=2)
LONGEST_RETRY: Final = timedelta(minutes=5)
FIRST_TRIAL: Final = timedelta(seconds=15)
LONGEST_TRIAL: Final = timedelta(minutes=2)
"""Between two trials of a channel whose circuit is open."""
MAX_AGE: Final = timedelta(hours=24)
LEASE: Final = timedelta(minutes=2)
SEND_LIMIT_S: Final = 60.0
"""Shorter than the lease, so that nobody else takes up a message that is still being sent."""
FINISHES_WITHIN_S: Final = 5.0
"""At a stop, what is being sent may be finished for so long: cut off, it would be sent again after the start."""
POLL_S: Final = 0.5
LONGEST_WAIT_ASKED: Final = timedelta(hours=1)
"""A Retry-After beyond this is not believed."""
SHORTEST_RETRY: Final = timedelta(milliseconds=100)

_random: Final = random.SystemRandom()


class Deliverer:
    """Delivers for one process, the only one that does on its store."""

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
        self._retired: Mapping[str, Sender] = {}
        self._config: Config | None = None
        self._buckets: dict[str, TokenBucket] = {}
        self._store = store
        self._clock = clock
        self._link = link.rstrip("/")
        self._jitter = jitter
        self._stopping = False

    def adopt(self, config: Config, senders: Mapping[str, Sender], retired: Mapping[str, Sender]) -> None:
        """Deliver by this configuration from now on. `retired` are channels that left it: they tell of the end of what
        they told of, and of nothing else."""
        rates = rates_of(config)
        self._buckets = {
            name: self._buckets[name]
            if name in self._buckets and self._buckets[name].rate == rate
            else TokenBucket(rate)
            for name, rate in rates.items()
        }
        self._config, self.senders, self._retired = config, senders, retired

    async def run_forever(self, stop: threading.Event) -> None:
        """Delivers until `stop` is set. Each channel has a task of its own while it has something to send."""
        tasks: dict[str, asyncio.Task[int]] = {}
        released = False
        try:
            while not stop.is_set():
                released = released or await self._take_over_safely()
                await self._start_due(tasks)
                await asyncio.sleep(POLL_S)
        finally:
            self._stopping = True
            if tasks:
                await asyncio.wait(tasks.values(), timeout=FINISHES_WITHIN_S)
            for task in tasks.values():
                task.cancel()
            await asyncio.gather(*tasks.values(), return_exceptions=True)

    async def take_over(self) -> None:
        """Frees what the process before had claimed when it died, because this one is the only one now."""
        await self._write(lambda con: release_claims(con, self._clock()))

    async def _take_over_safely(self) -> bool:
        try:
            await self.take_over()
        except Exception:  # the loop's edge: a store that is full now may not be in a moment
            log.exception("delivery.take_over_failed")
            return False
        return True

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
        await self._pass_on()
        now = self._clock()
        channels = await asyncio.to_thread(self._store.read, lambda con: due_channels(con, now))
        return tuple(name for name in channels if not self._wait_of(name, now))

    async def _pass_on(self) -> None:
        """Urgent news that its channel does not take in time goes to the next one as well."""
        now, config = self._clock(), self._config
        before = now - (config.alerting if config else Alerting()).next_channel_after
        found = await asyncio.to_thread(self._store.read, lambda con: stuck(con, before))
        for late in found:
            await self._write(lambda con, late=late: tell_as_well(con, late, now, config))  # type: ignore[misc]

    def _wait_of(self, channel: str, now: datetime) -> timedelta:
        bucket = self._buckets.get(channel)
        return bucket.wait(now) if bucket else timedelta(0)

    async def _deliver_safely(self, channel: str) -> int:
        try:
            return await self._deliver_channel(channel)
        except Exception:  # the loop's edge: the next round tries again
            log.exception("delivery.channel_failed", channel=channel)
            return 0

    async def _deliver_channel(self, channel: str) -> int:
        """One message after the other until none is due, the rate is used up, or the channel is in trouble."""
        accepted = 0
        while not self._stopping and (taken := await self._claim(channel)) is not None:
            begun, started = self._clock(), time.monotonic()
            outcome = await self._try(taken)
            attempt = _attempt(taken, outcome, begun, (time.monotonic() - started) * 1000)
            await self._write(lambda con, t=taken, o=outcome, a=attempt: self._settle(con, t, o, a))  # type: ignore[misc]
            if isinstance(outcome, Receipt):
                accepted += 1
            elif not outcome.permanent:
                break
        return accepted

    async def _claim(self, channel: str) -> Claim | None:
        now, token = self._clock(), uuid.uuid4().hex
        if self._wait_of(channel, now):
            return None
        taken = await self._write(lambda con: claim(con, channel, now, LEASE, token, self._link))
        if taken is not None and channel in self._buckets:
            self._buckets[channel].take(now)
        return taken

    async def _try(self, taken: Claim) -> Receipt | TransportError:
        notification = taken.notification
        sender = self.senders.get(notification.channel)
        if sender is None and notification.action is Action.RESOLVE:
            sender = self._retired.get(notification.channel)
        if sender is None:
            return TransportError("the channel is not configured", permanent=True)
        return await attempted(sender.send(notification), SEND_LIMIT_S, notification.channel)

    def _settle(
        self, con: DuckDBPyConnection, taken: Claim, outcome: Receipt | TransportError, attempt: DeliveryAttempt
    ) -> None:
        now, channel = self._clock(), taken.notification.channel
        if isinstance(outcome, Receipt):
            add_attempt(con, attempt)
            settle(con, taken, "sent", now, outcome.keep, None)
            note_success(con, channel, now)
            revive_ends(con, channel, now, now - MAX_AGE)
            return
        wait = self._note_trouble(con, channel, outcome, attempt, now)
        if not outcome.permanent and now - taken.notification.created_at < MAX_AGE:
            add_attempt(con, attempt)
            settle(con, taken, "due", now, outcome.keep, now + wait)
            return
        problem = attempt.answer if outcome.permanent else f"given up after 24 h: {attempt.answer}"
        add_attempt(con, replace(attempt, permanent=True, answer=problem))
        if settle(con, taken, "dead", now, outcome.keep, None):
            said = f"refused for good: {problem}" if outcome.permanent else f"was {problem}"
            tell_instead(con, taken.notification, taken.fallbacks, said, now, self._config)

    def _note_trouble(
        self, con: DuckDBPyConnection, channel: str, outcome: TransportError, attempt: DeliveryAttempt, now: datetime
    ) -> timedelta:
        """What the failure says about the channel; how long the message waits."""
        if outcome.permanent:
            note_answering(con, channel)
            return timedelta(0)
        failures = note_failure(con, channel, now, attempt.answer)
        asked = _asked_wait(outcome)
        if asked is None and failures < CIRCUIT_OPENS_AFTER:
            return self._backoff(attempt.attempt)
        wait = self._until_trial(failures) if asked is None else asked
        hold(con, channel, now + wait)
        return wait

    def _backoff(self, attempt: int) -> timedelta:
        longest: timedelta = min(LONGEST_RETRY, FIRST_RETRY * 2 ** min(attempt - 1, 16))
        return max(SHORTEST_RETRY, longest * self._jitter())

    def _until_trial(self, failures: int) -> timedelta:
        """At least half of what it may be: with less, an open circuit would hammer."""
        longest: timedelta = min(LONGEST_TRIAL, FIRST_TRIAL * 2 ** min(failures - CIRCUIT_OPENS_AFTER, 16))
        return longest * (1 + self._jitter()) / 2

    async def _write(self, work: Callable[[DuckDBPyConnection], T]) -> T:
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
