"""The prober process: puts the parts together, keeps them going, and stops without losing a run."""

from __future__ import annotations

import asyncio
import gc
import signal
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Final

import structlog

from config.model import Config
from probes.agent.config_client import ConfigClient
from probes.agent.credentials import CredentialWatch
from probes.agent.executor import Executor
from probes.agent.hub import HubClient
from probes.agent.mailbox import Mailbox
from probes.agent.outbox import Outbox
from probes.agent.problems import Problems
from probes.agent.pulse import Pulse
from probes.agent.requests import Requests
from probes.agent.settings import AgentError, AgentSettings
from probes.agent.shipper import Shipper
from probes.agent.timetable import Timetable
from probes.agent.work import Plan, RunsWorkflows, plan, replan
from probes.auth.tokens import TokenCache, TokenStoreError
from probes.http import USER_AGENT
from probes.lag import LoopLag
from probes.model import Heartbeat, Leftovers, OpenCircuit, Run

CONFIG_EVERY_S: Final = 5.0
HEARTBEAT_EVERY_S: Final = 5.0
LOOK_EVERY_S: Final = 30.0
"""Between two looks at how old credentials are."""
FINISH_WITHIN_S: Final = 10.0
SHIP_WITHIN_S: Final = 2.0

log = structlog.get_logger(__name__)


def utc_now() -> datetime:
    """The wall clock of the prober process."""
    return datetime.now(UTC)


async def run_agent(settings: AgentSettings, stop: asyncio.Event | None = None) -> None:
    """Probe and ship until SIGTERM or SIGINT (or `stop`). Raises AgentError when it cannot start.

    Give it an event loop of its own: what else runs there is measured as if the vendors were slow.
    """
    from probes.agent.compose import kept_memory, kept_tokens, runner_for

    stop = stop or asyncio.Event()
    lag = LoopLag()
    try:
        tokens = kept_tokens(settings.data, settings.environ)
    except TokenStoreError as err:
        raise AgentError(str(err)) from None
    memory = kept_memory(settings.file("memory.sqlite"), utc_now())
    runner = runner_for(settings.environ, utc_now, lag, tokens, memory)
    agent = Agent(
        settings, runner, lag, utc_now, circuits=runner.open_circuits, leftovers=runner.leftovers,
        credentials=CredentialWatch(tokens, settings.environ, utc_now), applied=_set_aside,
    )  # fmt: skip
    try:
        with _stopped_by_signals(stop):
            await agent.run(stop)
    finally:
        memory.close()


def _set_aside() -> None:
    """Leave all that is there now out of garbage collection: looking through a large configuration takes a tenth of a
    second, which every run under way would measure. What is let go is freed all the same, but for cycles."""
    gc.collect(1)
    gc.freeze()


@contextmanager
def _stopped_by_signals(stop: asyncio.Event) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    signals = (signal.SIGTERM, signal.SIGINT)
    for number in signals:
        loop.add_signal_handler(number, stop.set)
    try:
        yield
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


class Agent:
    """One prober: timetable → executor → mailbox → shipper, with configuration and heartbeat beside it."""

    def __init__(
        self,
        settings: AgentSettings,
        runner: RunsWorkflows,
        lag: LoopLag,
        clock: Callable[[], datetime],
        *,
        circuits: Callable[[], tuple[OpenCircuit, ...]] = tuple,
        leftovers: Callable[[], tuple[Leftovers, ...]] = tuple,
        credentials: CredentialWatch | None = None,
        applied: Callable[[], object] = tuple,
    ) -> None:
        """`applied` is called whenever another configuration is in force."""
        self._applied = applied
        self._settings, self._lag, self._clock = settings, lag, clock
        self._credentials = credentials or CredentialWatch(TokenCache(), settings.environ, clock)
        self._circuits, self._leftovers = circuits, leftovers
        self._started_at = clock()
        self._problems = Problems()
        self._plan = Plan({}, {})
        self._poked = asyncio.Event()
        self._changed = asyncio.Event()
        self._mailbox = Mailbox(lambda: Outbox(settings.file("sqlite"), settings.region, clock()), clock)
        self._hub = HubClient(settings, clock, self._problems)
        self._config = ConfigClient(self._hub, settings.file("config.json"), self._problems)
        self._shipper = Shipper(self._mailbox, self._hub, self._problems)
        self._pulse = Pulse(self.state, self._hub, self._problems, clock, self._heard_of, self._told, self._asked_for)
        self._executor = Executor(
            runner, self._keep, self._problems, region=settings.region, concurrency=settings.concurrency
        )
        self._timetable = Timetable(self._executor.carry_out, settings.region, clock)
        self._requests = Requests(self._executor.ask, lambda: self._plan, clock, self._changed.set)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set, then finish in order."""
        try:
            await self._mailbox.open()
        except BaseException:
            await self._hub.close()
            raise
        log.info(
            "prober_started", region=self._settings.region, hub=self._settings.hub_url,
            prober_id=self._mailbox.prober_id, previous_stop=self._mailbox.previous_stop,
        )  # fmt: skip
        self._lag.start()
        self._timetable.start()
        if (cached := self._config.load_cached()) is not None:
            await self._apply(cached)
        steps = (self._follow_config, self._heartbeat, self._ship, self._look_at_credentials)
        loops = [asyncio.create_task(_keep_going(step), name=step.__name__) for step in steps]
        try:
            await stop.wait()
        finally:
            await self._stop(loops)

    def state(self) -> Heartbeat:
        """How it is now."""
        depth, probed = self._mailbox.depth, {key.integration for key in self._plan.works}
        return Heartbeat(
            prober_id=self._mailbox.prober_id,
            region=self._settings.region,
            version=USER_AGENT.partition("/")[2],
            started_at=self._started_at,
            sent_at=self._clock(),
            loop_lag_ms=self._lag(),
            outbox_depth=depth.waiting,
            config_version=self._config.version,
            runs_missed=self._timetable.missed + self._executor.lost,
            previous_stop=self._mailbox.previous_stop,
            problem=self._problem(),
            circuits=tuple(one for one in self._circuits() if one.integration in probed),
            leftovers=self._leftovers(),
            credentials=self._credentials.report(),
            answers=self._requests.report(),
        )

    def _problem(self) -> str | None:
        depth = self._mailbox.depth
        said = [
            # A hub that hears this can be reached: told of it, each restart of the hub would open an incident.
            self._problems.besides("hub"),
            f"{depth.refused} runs were refused by the hub and are kept in the outbox" if depth.refused else None,
            f"{depth.dropped} runs were dropped from a full outbox" if depth.dropped else None,
            _left_behind(self._leftovers()),
        ]
        return "; ".join(filter(None, said)) or None

    async def _keep(self, run: Run) -> None:
        self._credentials.saw(run)
        await self._mailbox.append(run)

    def _told(self, heartbeat: Heartbeat) -> None:
        self._credentials.delivered(heartbeat.credentials)
        self._requests.delivered(heartbeat.answers)

    def _asked_for(self, told: object) -> None:
        self._requests.heard(told)

    # -- the four loops: each is one step, repeated by `_keep_going` --

    async def _follow_config(self) -> None:
        self._poked.clear()
        if (config := await self._config.refresh()) is not None:
            await self._apply(config)
        elif self._plan.unresolved:
            await self._look_for_secrets_again()
        self._timetable.realign()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._poked.wait(), CONFIG_EVERY_S)

    async def _heartbeat(self) -> None:
        began = time.monotonic()
        self._changed.clear()
        await self._pulse.beat()
        with suppress(TimeoutError):
            rest = HEARTBEAT_EVERY_S - (time.monotonic() - began)
            await asyncio.wait_for(self._changed.wait(), max(0.0, rest))

    async def _ship(self) -> None:
        self._mailbox.arrived.clear()
        delay = await self._shipper.ship_once()
        if delay is None:
            await self._mailbox.arrived.wait()
        else:
            await asyncio.sleep(delay)

    async def _look_at_credentials(self) -> None:
        known = [work.integration for work in self._plan.works.values()]
        known += [one.integration for one in self._plan.unresolved.values()]
        if known:
            await self._credentials.look({one.name: one for one in known}.values())
        await asyncio.sleep(LOOK_EVERY_S if known else CONFIG_EVERY_S)

    def _heard_of(self, version: str) -> None:
        if version != self._config.version:
            self._poked.set()

    async def _apply(self, config: Config) -> None:
        # Off the loop, as it resolves every reference of every integration once.
        planned = await asyncio.to_thread(plan, config, self._settings.region, self._settings.environ)
        self._follow(planned)
        self._applied()
        log.info("config_applied", version=config.version, workflows=len(planned.works))

    async def _look_for_secrets_again(self) -> None:
        """A secret that is a file may have been mounted since."""
        again = await asyncio.to_thread(replan, self._plan, self._settings.region, self._settings.environ)
        if again.unresolved != self._plan.unresolved:
            self._follow(again)

    def _follow(self, planned: Plan) -> None:
        self._plan = planned
        self._timetable.apply(planned.works)
        if planned.unresolved:
            missing = "; ".join(f"{name}: {why.reason}" for name, why in sorted(planned.unresolved.items()))
            self._problems.say("secrets", f"not probed for want of a secret: {missing}")
        else:
            self._problems.over("secrets")
        if planned.works or planned.unresolved:
            self._problems.over("region")
        else:
            self._problems.say("region", f"no workflow of this configuration names region {self._settings.region!r}")
        self._changed.set()

    async def _stop(self, loops: list[asyncio.Task[None]]) -> None:
        log.info("prober_stopping", in_flight=self._executor.in_flight)
        self._timetable.pause()
        cut = await self._executor.finish(FINISH_WITHIN_S)
        self._requests.close()
        for task in loops:
            task.cancel()
        await asyncio.gather(*loops, return_exceptions=True)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._ship_rest(), SHIP_WITHIN_S)
        self._timetable.shutdown()
        self._lag.stop()
        await self._hub.close()
        waiting = self._mailbox.depth.waiting
        await self._mailbox.close(clean=True)
        log.info("prober_stopped", cut_off=cut, waiting=waiting)

    async def _ship_rest(self) -> None:
        while self._mailbox.depth.waiting:
            delay = await self._shipper.ship_once()
            if delay is None or delay >= 1.0:
                return


def _left_behind(leftovers: tuple[Leftovers, ...]) -> str | None:
    """Only what was given up: the rest still mends itself."""
    given_up = [f"{one.given_up} of {one.integration}/{one.workflow}" for one in leftovers if one.given_up]
    return f"clean-ups were given up and are to be done by hand: {', '.join(given_up)}" if given_up else None


async def _keep_going(step: Callable[[], Awaitable[None]]) -> None:
    """Repeat `step` for ever; our own bug in it is logged and costs a pause, not the loop."""
    while True:
        try:
            await step()
        except Exception:
            log.exception("loop_failed", loop=getattr(step, "__name__", "?"))
            await asyncio.sleep(CONFIG_EVERY_S)
