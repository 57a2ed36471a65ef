"""Channels prove that they still work: by their timetable, again soon after a failure, and whenever somebody asks."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from datetime import time as time_of_day
from typing import Final
from zoneinfo import ZoneInfo

import structlog
from duckdb import DuckDBPyConnection

from alerts.channels.base import Proof, SelfTesting, Sender, TransportError, attempted
from alerts.delivery import MAX_AGE
from alerts.store.channels import ChannelTest, add_test, latest_tests, note_answering, note_failure
from alerts.store.passing_on import revive_ends
from config.model import Channel, Config
from config.self_test import SelfTest
from metrics.store.database import Store

log = structlog.get_logger(__name__)

FIRST_AFTER: Final = timedelta(minutes=10)
"""A channel that was never tested is, so long after the start."""
AGAIN_AFTER: Final = timedelta(minutes=10)
"""After a failure, until it passes."""
_DAY: Final = 1440
TEST_LIMIT_S: Final = 30.0
POLL_S: Final = 15.0


class NoSelfTest(ValueError):  # noqa: N818 - it is no failure of the channel
    """Channels of that kind cannot prove anything without bothering somebody."""


class SelfTests:
    """Tests the channels of one process. `senders` and `config` say what they are at any time."""

    def __init__(
        self,
        store: Store,
        senders: Callable[[], Mapping[str, Sender]],
        config: Callable[[], Config],
        *,
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._senders = senders
        self._config = config
        self._clock = clock
        self._started_at = clock()

    async def run_forever(self, stop: threading.Event) -> None:
        """Tests what is due until `stop` is set."""
        while not stop.is_set():
            try:
                await self.test_due()
            except Exception:  # the loop's edge: a store that fails now may not in a moment
                log.exception("self_tests.round_failed")
            await asyncio.sleep(POLL_S)

    async def test_due(self) -> tuple[ChannelTest, ...]:
        """Tests every channel whose time has come, side by side."""
        now = self._clock()
        due = [name for name, at in (await asyncio.to_thread(self.next_tests)).items() if at <= now]
        return tuple(await asyncio.gather(*(self.test(name) for name in due)))

    def next_tests(self) -> dict[str, datetime]:
        """When each channel is tested next; without those that are never."""
        config, senders = self._config(), self._senders()
        tested = self._store.read(latest_tests)
        found = {
            channel.name: next_test(channel, config, tested.get(channel.name), self._started_at)
            for channel in config.alerting.channels
            if isinstance(senders.get(channel.name), SelfTesting)
        }
        return {name: at for name, at in found.items() if at is not None}

    async def test(self, name: str, asked_by: str = "") -> ChannelTest:
        """Tests one channel now and keeps what it showed. KeyError for one that there is not; NoSelfTest."""
        sender = self._senders()[name]
        if not isinstance(sender, SelfTesting):
            raise NoSelfTest(f"{name}: channels of its kind have no self-test")
        begun, started = self._clock(), time.monotonic()
        shown = await attempted(sender.test(begun), TEST_LIMIT_S, name)
        length = (time.monotonic() - started) * 1000
        made = _test(name, begun, length, shown, asked_by)
        await asyncio.wrap_future(self._store.write(lambda con: _keep(con, made)))
        return made


def next_test(channel: Channel, config: Config, last: ChannelTest | None, started_at: datetime) -> datetime | None:
    """When the channel is tested next; None for never."""
    plan = config.alerting.self_test
    if not (plan.enabled and channel.self_test):
        return None
    if last is None:
        return started_at + FIRST_AFTER
    if not last.ok:
        return last.at + AGAIN_AFTER
    return _by_timetable(plan, last.at, ZoneInfo(config.settings.hub.timezone))


def _by_timetable(plan: SelfTest, last: datetime, zone: ZoneInfo) -> datetime:
    if plan.at is None:
        return last + plan.every
    # By the calendar: a test that somebody asked for in the afternoon does not move the one of the morning.
    day = last.astimezone(zone).date() + plan.every
    return datetime.combine(day, time_of_day(plan.at % _DAY // 60, plan.at % 60), zone).astimezone(last.tzinfo)


def _test(name: str, at: datetime, duration_ms: float, shown: Proof | TransportError, asked_by: str) -> ChannelTest:
    if isinstance(shown, TransportError):
        return ChannelTest(name, at, duration_ms, False, shown.permanent, False, shown.status, str(shown), asked_by)
    return ChannelTest(name, at, duration_ms, True, False, shown.end_to_end, shown.status, shown.answer, asked_by)


def _keep(con: DuckDBPyConnection, test: ChannelTest) -> None:
    add_test(con, test)
    if test.ok:
        note_answering(con, test.channel)
        revive_ends(con, test.channel, test.at, test.at - MAX_AGE)
    elif not test.permanent:
        note_failure(con, test.channel, test.at, f"self-test: {test.answer}")
