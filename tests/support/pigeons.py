"""Channels whose answers are scripted, a clock that is set by hand, and an outage that comes and goes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from alerts.channels import Receipt, Sender, TransportError
from alerts.delivery import Deliverer
from alerts.engine import Engine
from alerts.model import Notification
from config.model import Route
from metrics.store.database import Store


class Clock:
    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        self.now += timedelta(**by)


class Pigeon:
    """A channel whose answers are scripted: an exception is raised, a receipt returned."""

    def __init__(self, *script: Receipt | Exception, journal: list[str] | None = None, name: str = "") -> None:
        self.script = list(script)
        self.sent: list[Notification] = []
        self.journal = journal if journal is not None else []
        self.name = name

    async def send(self, notification: Notification) -> Receipt:
        self.sent.append(notification)
        self.journal.append(f"{self.name} {notification.action}")
        answer = self.script.pop(0) if self.script else Receipt(200, "ok")
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def actions(self) -> list[str]:
        return [str(n.action) for n in self.sent]


BUSY = TransportError("HTTP 503: busy", permanent=False, status=503)
GONE = TransportError("HTTP 404: no_service", permanent=True, status=404)

ROUTE = Route(urgent=("pager",), degraded=("slack",), report=("mail",))


def outage(world: Any, store: Store, clock: Clock, route: Route = ROUTE) -> Callable[..., None]:
    """Runs an evaluation, `down` or not, at a minute; the clock is then at least there."""

    def run(at: float, *, down: bool, name: str = "hubspot") -> None:
        clock.now = max(clock.now, world.T0 + timedelta(minutes=at))
        region = world.region(at, failing=2 if down else 0)
        config = world.config(*(world.integration(one) for one in ("hubspot", "shopify")), routes=(route,))
        Engine(store).apply(world.seen(at, world.workflow(region, name=name)), config).result()

    return run


def deliverer(store: Store, clock: Clock, **senders: Sender) -> Deliverer:
    """One without any luck in its waits."""
    return Deliverer(store, senders, clock=clock, link="https://leadline.example.com/", jitter=lambda: 1.0)
