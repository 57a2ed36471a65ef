"""Brings runs from the outbox to the hub, each exactly once, and never lets one of them block the rest.

The hub stores runs and cursor in one transaction and answers with the cursor; what it covers is deleted here. A lost
answer costs a repetition that the hub skips. A batch that the hub will not take is halved until the one run is found.
"""

from __future__ import annotations

from typing import Final

import structlog

from probes import wire
from probes.agent.backoff import LONGEST_S, Backoff
from probes.agent.hub import Answer, Denied, Good, HubClient, Later, Refused, TooLarge, Unchanged, Unreachable
from probes.agent.mailbox import Mailbox
from probes.agent.outbox import Parcel
from probes.agent.problems import Problems

GATHER_S: Final = 0.25
"""After a delivery that emptied the outbox: lets runs that end together travel together."""

log = structlog.get_logger(__name__)


class Shipper:
    """Delivers batch after batch. `ship_once` is one step; who calls it waits as long as it says."""

    def __init__(self, mailbox: Mailbox, hub: HubClient, problems: Problems, backoff: Backoff | None = None) -> None:
        self._mailbox, self._hub, self._problems = mailbox, hub, problems
        self._backoff = backoff or Backoff()
        self._limit = wire.MAX_RUNS

    async def ship_once(self) -> float | None:
        """Deliver one batch → seconds until the next is due, or None when nothing waits."""
        waiting = await self._mailbox.parcel(self._limit)
        if waiting is None:
            return None
        parcel, body = waiting
        too_large = len(parcel.body) > wire.MAX_BODY_BYTES
        return await self._settle(parcel, TooLarge() if too_large else await self._hub.ship(body))

    async def _settle(self, parcel: Parcel, answer: Answer) -> float:
        match answer:
            case Good(content):
                return await self._stored(parcel, content.get("cursor"))
            case TooLarge() | Refused():
                return await self._find_the_one(parcel, answer)
            case Denied(reason):
                self._problems.say("token", reason)
                return LONGEST_S
            case Later(reason, retry_after_s):
                self._problems.say("shipping", f"{reason}; runs wait in the outbox")
                return self._backoff.failed(retry_after_s)
            case Unreachable() | Unchanged():
                return self._backoff.failed()

    async def _find_the_one(self, parcel: Parcel, answer: TooLarge | Refused) -> float:
        if parcel.count > 1:
            self._limit = parcel.count // 2
        elif isinstance(answer, TooLarge):
            kept = await self._mailbox.shrink(parcel.first)
            log.warning("run_too_large", number=parcel.first, done="evidence left out" if kept else "dropped")
        else:
            log.error("run_refused_by_hub", number=parcel.first, reason=answer.reason)
            await self._mailbox.refuse(parcel.first, answer.reason)
        return 0.0

    async def _stored(self, parcel: Parcel, cursor: object) -> float:
        if not isinstance(cursor, int) or isinstance(cursor, bool) or cursor < parcel.first:
            # Deleting on such an answer would lose runs, asking again at once would hammer the hub.
            self._problems.say("shipping", "the hub answers without taking the runs; they wait in the outbox")
            return self._backoff.failed()
        await self._mailbox.acknowledge(cursor)
        self._limit = min(wire.MAX_RUNS, self._limit * 2)
        self._backoff.succeeded()
        self._problems.over("shipping")
        self._problems.over("token")
        return 0.0 if self._mailbox.depth.waiting else GATHER_S
