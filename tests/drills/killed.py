"""`kill -9` of the process that judges and delivers, at random instants of incidents' lives, in injected time.

The process is a fork that runs a night (`tests.drills.night`) against receivers in another process; the next fork goes
on where the store of the one before ends.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import tempfile
import time
import traceback
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from alerts.channels import Receipt, Sender
from alerts.model import Notification
from app.sandbox.process import running_sandbox
from config.model import Config
from metrics.store.database import Store
from tests.drills.night import Night, client, night_config
from tests.drills.outcome import Outcome
from tests.drills.told import Receivers

STEP: Final = timedelta(seconds=30)
_DOWN: Final = 4.0
_APART: Final = 17.0
"""Minutes from one outage to the next: beyond the flap window, so that each is an incident of its own."""
_VENDORS: Final = ("hubspot", "shopify")
_STEPS_LIVED: Final = (1, 6)


def _weather(outages: int) -> Any:
    def weather(name: str, minute: float) -> bool:
        return name in _VENDORS and minute < outages * _APART and minute % _APART < _DOWN

    return weather


class _Fatal:
    """A sender in whose hands the process dies: just before its message is sent, or just after it was taken."""

    def __init__(self, sender: Sender, luck: random.Random) -> None:
        self._sender, self._luck = sender, luck

    async def send(self, notification: Notification) -> Receipt:
        """Dies at every third message or so."""
        before, after = self._luck.random() < 0.15, self._luck.random() < 0.25
        if before:
            os.kill(os.getpid(), signal.SIGKILL)
        receipt = await self._sender.send(notification)
        if after:
            os.kill(os.getpid(), signal.SIGKILL)
        return receipt


class _Life:
    """One fork, and how far it has come. With `luck` it dies of what it sends, too."""

    def __init__(
        self,
        folder: Path,
        config: Config,
        environ: Mapping[str, str],
        outages: int,
        until: float,
        luck: random.Random | None = None,
    ) -> None:
        self._heard, say = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            code = 1
            try:
                asyncio.run(_live(folder, config, environ, outages, until, say, luck))
                code = 0
            except Exception:  # noqa: BLE001 - a fork's last words
                traceback.print_exc()
            finally:
                os._exit(code)
        os.close(say)

    def steps(self, count: int) -> bool:
        """Waits for so many steps; False when the life was over before."""
        return all(os.read(self._heard, 1) for _ in range(count))

    def end(self, kill: bool) -> bool:
        """`kill -9`, or the end that it came to by itself; whether it was killed, by us or by what it sent. Raises
        RuntimeError for another failure."""
        if kill:
            os.kill(self.pid, signal.SIGKILL)
        _, status = os.waitpid(self.pid, 0)
        os.close(self._heard)
        if status not in (0, signal.SIGKILL):
            raise RuntimeError(f"the night ended with {status}")
        return bool(status)


async def _live(
    folder: Path,
    config: Config,
    environ: Mapping[str, str],
    outages: int,
    until: float,
    say: int,
    luck: random.Random | None,
) -> None:
    async with client() as sending, Night(folder, config, environ, _weather(outages), sending) as night:
        if luck is not None:
            deadly = {name: _Fatal(sender, luck) for name, sender in night.deliverer.senders.items()}
            night.deliverer.adopt(config, deadly, {})
        while night.minute < until:
            await night.step(STEP)
            os.write(say, b".")


def kills(count: int, outages: int, luck: random.Random) -> Outcome:
    """So many kills over so many outages of two vendors each, then calm."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as name, running_sandbox(Path(name) / "sandbox") as sandbox:
        folder = Path(name)
        config = night_config(folder, sandbox.environment)
        done = 0
        while done < count:
            deadly = random.Random(luck.random()) if done % 2 else None
            life = _Life(folder, config, sandbox.environment, outages, outages * _APART, deadly)
            goes_on = life.steps(luck.randint(*_STEPS_LIVED))
            time.sleep(luck.uniform(0, 0.25) if goes_on else 0)
            if not life.end(kill=goes_on):
                break
            done += 1
        last = _Life(folder, config, sandbox.environment, outages, outages * _APART + 10)
        while last.steps(1):
            pass
        last.end(kill=False)
        return _outcome(folder, Receivers(sandbox.admin_url), done, outages, time.monotonic() - started)


def _outcome(folder: Path, receivers: Receivers, done: int, outages: int, took: float) -> Outcome:
    told = receivers.told()
    store = Store.open(folder / "night.duckdb")
    try:
        kept = store.read(_kept)
    finally:
        store.close()
    repeated = told.repeated()
    slack = max(0, len(told.slack_messages) - kept["incidents"])
    return Outcome(
        drill=f"judging and delivering killed at {done} instants",
        expected=outages * len(_VENDORS),
        pages=len(told.pages),
        repeated=0,
        resolved=not told.still_open and not kept["open"],
        lost=kept["unsent"] + max(0, kept["incidents"] - len(set(told.pages))),
        seconds=took,
        note=f"{told.triggers - len(told.pages)} triggers that the pager took back by their key; no key: "
        f"{repeated['texts']} texts and {slack} Slack messages twice",
    )


def _kept(con: Any) -> dict[str, int]:
    questions = {
        "incidents": "SELECT count(*) FROM incidents",
        "open": "SELECT count(*) FROM incidents WHERE state <> 'resolved'",
        "unsent": "SELECT count(*) FROM outbox WHERE state NOT IN ('sent', 'superseded')",
    }
    return {name: con.execute(question).fetchone()[0] for name, question in questions.items()}


def drill() -> Iterator[Outcome]:
    """Some forty kills over four outages of two vendors."""
    yield kills(40, 4, random.Random(time.time_ns()))
