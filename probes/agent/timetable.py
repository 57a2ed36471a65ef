"""When each workflow runs: APScheduler on the event loop, one job per workflow, on a grid that never drifts.

`jitter=` is not used: it would lengthen the period (next = the jittered last + interval + jitter), and an objective
counts slots. Workflows are spread by their phase instead. A run is started up to 30 s late, several late ones as one.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from apscheduler import events
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from probes.agent.tally import Slots, Tally
from probes.agent.work import Key, Work

GRACE_S: Final = 30
_SLACK: Final = timedelta(seconds=1)
_SET_BACK_S: Final = 0.5

CarryOut = Callable[[Work, datetime], Awaitable[None]]


class Timetable:
    """Calls `carry_out(work, scheduled_at)` at each slot, one at a time per workflow. Belongs to one event loop."""

    def __init__(self, carry_out: CarryOut, region: str, clock: Callable[[], datetime]) -> None:
        self._carry_out, self._region, self._clock = carry_out, region, clock
        self._works: dict[Key, Work] = {}
        self._tallies: dict[str, Tally] = {}
        self._missed_before = 0
        self._ahead = _ahead(clock())
        """The most since the jobs were last looked at."""
        self._scheduler = AsyncIOScheduler(timezone=UTC)
        self._scheduler.add_listener(self._on_gave_up, events.EVENT_JOB_MISSED | events.EVENT_JOB_MAX_INSTANCES)

    @property
    def missed(self) -> int:
        """Slots since the start that passed without a run."""
        return self._missed_before + sum(tally.missed for tally in self._tallies.values())

    @property
    def works(self) -> Mapping[Key, Work]:
        """What is on the timetable now."""
        return self._works

    def start(self) -> None:
        """Begin on the running loop."""
        self._scheduler.start()

    def pause(self) -> None:
        """Start nothing more; what runs goes on."""
        self._scheduler.pause()

    def shutdown(self) -> None:
        """End; call once nothing runs any more."""
        self._scheduler.shutdown(wait=False)

    def apply(self, works: Mapping[Key, Work]) -> None:
        """From now on, this. Only jobs that are new, gone or have another period are touched, no run is interrupted."""
        for key in self._works.keys() - works.keys():
            self._remove(key)
        for key, work in works.items():
            before = self._works.get(key)
            if before is None or before.workflow.every != work.workflow.every:
                self._add(key, work.workflow.every)
        self._works = dict(works)

    def realign(self) -> None:
        """Mend a wall clock that was set back: without this, every job would wait until the old time comes again."""
        now = self._clock()
        ahead = _ahead(now)
        if ahead > self._ahead - _SET_BACK_S:
            # Looking at thousands of jobs would hold up those that are due.
            self._ahead = max(self._ahead, ahead)
            return
        self._ahead = ahead
        for key, work in self._works.items():
            job = self._scheduler.get_job(str(key))
            if job is not None and job.next_run_time > now + work.workflow.every + _SLACK:
                self._add(key, work.workflow.every)

    def _add(self, key: Key, every: timedelta) -> None:
        self._forget(key)
        slots = Slots.of(every, key.integration, key.workflow, self._region)
        now = self._clock()
        self._ahead = max(self._ahead, _ahead(now))
        self._tallies[str(key)] = Tally(slots, slots.current(now))
        self._scheduler.add_job(
            self._fire,
            IntervalTrigger(seconds=every.total_seconds(), start_date=slots.next(now), timezone=UTC),
            args=(key,),
            id=str(key),
            jitter=None,
            misfire_grace_time=GRACE_S,
            coalesce=True,
            max_instances=1,
            replace_existing=True,
        )

    def _remove(self, key: Key) -> None:
        self._scheduler.remove_job(str(key))
        self._forget(key)

    def _forget(self, key: Key) -> None:
        tally = self._tallies.pop(str(key), None)
        self._missed_before += tally.missed if tally else 0

    async def _fire(self, key: Key) -> None:
        work, tally = self._works.get(key), self._tallies.get(str(key))
        if work is None or tally is None:  # taken off the timetable in the same instant
            return
        slot = tally.slots.current(self._clock())
        tally.ran(slot)
        await self._carry_out(work, slot)

    def _on_gave_up(self, event: events.JobExecutionEvent | events.JobSubmissionEvent) -> None:
        tally = self._tallies.get(event.job_id)
        if tally is None:
            return
        late = isinstance(event, events.JobExecutionEvent)
        tally.gave_up(event.scheduled_run_time if late else event.scheduled_run_times[-1])


def _ahead(now: datetime) -> float:
    """Seconds of the wall clock before the one that nobody can set."""
    return now.timestamp() - time.monotonic()
