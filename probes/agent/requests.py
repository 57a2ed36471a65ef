"""Runs that people asked for: the hub offers them with its answer to a heartbeat, and hears with the next ones what
became of them. Each is carried out once, however often it is offered."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from typing import Final

import structlog
from pydantic import TypeAdapter, ValidationError

from probes.agent.work import Key, Plan, Work
from probes.model import Outcome, RequestAnswer, RequestState, Run

_REMEMBERED: Final = 500
_AT_ONCE: Final = 50
"""Of one answer of the hub."""
_OFFERS: Final = TypeAdapter(list[dict[str, str]])

log = structlog.get_logger(__name__)


class Requests:
    """Belongs to one event loop. `changed` is called when there is something to tell."""

    def __init__(
        self,
        ask: Callable[[Work, datetime], Awaitable[Run | None]],
        plan: Callable[[], Plan],
        clock: Callable[[], datetime],
        changed: Callable[[], None],
    ) -> None:
        self._ask, self._plan, self._clock, self._changed = ask, plan, clock, changed
        self._seen: dict[str, None] = {}
        self._news: dict[str, RequestAnswer] = {}
        self._under_way: set[asyncio.Task[None]] = set()

    def heard(self, offers: object) -> None:
        """What the hub's answer holds under `runs`; a hub that knows of no requests sends nothing."""
        plan = self._plan()
        if not offers or not (plan.works or plan.unresolved):
            # Without a configuration nothing can be said of them: they are offered again.
            return
        try:
            known = _OFFERS.validate_python(offers)
            wanted = [(one["id"], Key(one["integration"], one["workflow"])) for one in known[:_AT_ONCE]]
        except (ValidationError, KeyError):
            log.warning("requests_not_understood")
            return
        for request_id, key in wanted:
            if request_id not in self._seen:
                self._begin(request_id, key, plan)

    def report(self) -> tuple[RequestAnswer, ...]:
        """What the hub has not heard yet."""
        return tuple(self._news.values())

    def delivered(self, answers: Iterable[RequestAnswer]) -> None:
        """The hub has these."""
        for answer in answers:
            if self._news.get(answer.request_id) == answer:
                del self._news[answer.request_id]

    def close(self) -> None:
        """Wait for none of them any more."""
        for task in self._under_way:
            task.cancel()

    def _begin(self, request_id: str, key: Key, plan: Plan) -> None:
        self._seen[request_id] = None
        if len(self._seen) > _REMEMBERED:
            self._seen.pop(next(iter(self._seen)))
        work = plan.works.get(key)
        if work is None:
            missing = plan.unresolved.get(key.integration)
            reason = f"not probed for want of a secret: {missing.reason}" if missing else "not probed from this region"
            self._say(RequestAnswer(request_id, RequestState.DECLINED, reason=reason))
            return
        self._say(RequestAnswer(request_id, RequestState.RUNNING))
        task = asyncio.create_task(self._carry_out(request_id, work), name=f"{key}#{request_id}")
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _carry_out(self, request_id: str, work: Work) -> None:
        run = await self._ask(work, self._clock())
        self._say(_answer(request_id, run))

    def _say(self, answer: RequestAnswer) -> None:
        self._news[answer.request_id] = answer
        self._changed()


def _answer(request_id: str, run: Run | None) -> RequestAnswer:
    if run is None:
        return RequestAnswer(request_id, RequestState.DECLINED, reason="the run was cut off, or lost by the prober")
    if run.outcome is Outcome.SKIPPED:
        return RequestAnswer(request_id, RequestState.DECLINED, reason=run.skip_reason or "skipped")
    words = "" if run.requested else "a run was under way already; this is it"
    return RequestAnswer(request_id, RequestState.DONE, run.run_id, words)
