"""The heartbeat: how this prober is, every few seconds, and what the hub says back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from probes import wire
from probes.agent.hub import Denied, Good, HubClient, Later, Refused, TooLarge, Unchanged, Unreachable
from probes.agent.problems import Problems
from probes.model import Heartbeat

SKEW_LIMIT: Final = timedelta(seconds=5)


class Pulse:
    """Sends what `state` says. `on_version` hears which configuration the hub has, `on_told` what arrived there,
    `on_requests` which runs somebody asks for."""

    def __init__(
        self,
        state: Callable[[], Heartbeat],
        hub: HubClient,
        problems: Problems,
        clock: Callable[[], datetime],
        on_version: Callable[[str], None],
        on_told: Callable[[Heartbeat], None] = lambda _: None,
        on_requests: Callable[[object], None] = lambda _: None,
    ) -> None:
        self._state, self._hub, self._problems = state, hub, problems
        self._clock, self._on_version, self._on_told = clock, on_version, on_told
        self._on_requests = on_requests

    async def beat(self) -> None:
        """One heartbeat. Never raises for the hub; the next one comes soon."""
        sent_at, heartbeat = self._clock(), self._state()
        answer = await self._hub.heartbeat(wire.dump_heartbeat(heartbeat))
        match answer:
            case Good(content):
                self._on_told(heartbeat)
                self._heard(content, sent_at)
            case Unreachable():
                pass
            case Later(reason) | Refused(reason):
                self._problems.say("heartbeat", f"heartbeat not delivered: {reason}")
            case Denied(reason):
                self._problems.say("token", reason)
            case Unchanged() | TooLarge():
                self._problems.say("heartbeat", "the hub does not understand heartbeats")

    def _heard(self, content: Mapping[str, Any], sent_at: datetime) -> None:
        self._problems.over("heartbeat")
        self._problems.over("token")
        version = content.get("config_version")
        if isinstance(version, str):
            self._on_version(version)
        self._on_requests(content.get("runs"))
        hub_now = _instant(content.get("now"))
        if hub_now is not None:
            self._compare(sent_at, hub_now, self._clock())

    def _compare(self, sent_at: datetime, hub_now: datetime, answered_at: datetime) -> None:
        """The hub's clock was read between sending and answer, so only what lies outside is skew."""
        skew = max(hub_now - answered_at, sent_at - hub_now, timedelta(0))
        if skew <= SKEW_LIMIT:
            self._problems.over("clock")
            return
        if "clock" in self._problems:  # said once: the figure changes with every heartbeat
            return
        direction = "behind" if hub_now > answered_at else "ahead of"
        self._problems.say(
            "clock", f"this machine's clock is {skew.total_seconds():.0f} s {direction} the hub's; set both by NTP"
        )


def _instant(text: object) -> datetime | None:
    try:
        instant = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return instant if instant is not None and instant.tzinfo is not None else None
