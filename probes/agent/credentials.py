"""What the hub is told of credentials: their ages and ends, and whether vendors let them in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from config.model import Integration
from probes.auth.life import life_of
from probes.auth.tokens import TokenCache
from probes.model import CredentialLife, FailureKind, Run, StepResult
from probes.outcome import TOKEN_POSITION

TOLD_EVERY: Final = timedelta(minutes=5)
"""Even when nothing has changed: the hub may have another store by now."""

PAUSE_S: Final = 0.01
"""After each one: hundreds in a row would hold the interpreter, and that would be measured as the vendors'."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What runs showed of one integration's credential."""

    ok_at: datetime | None = None
    failed_at: datetime | None = None
    failure: str | None = None


_NOTHING: Final = _Seen()
_News: TypeAlias = list[tuple[CredentialLife, str | None, bool]]
"""What lasts of each credential, why it was turned down last, and whether it is turned down now: a change of any of
these is news."""


class CredentialWatch:
    """`saw` every run, `look` now and then, and `report` is what the next heartbeat should say."""

    def __init__(self, tokens: TokenCache, environ: Mapping[str, str], clock: Callable[[], datetime]) -> None:
        self._tokens, self._environ, self._clock = tokens, environ, clock
        self._seen: dict[str, _Seen] = {}
        self._lives: tuple[CredentialLife, ...] | None = None
        self._lasting: tuple[CredentialLife, ...] = ()
        self._reported: tuple[tuple[CredentialLife, ...], _News] | None = None
        self._told: _News | None = None
        self._told_at: datetime | None = None

    def saw(self, run: Run) -> None:
        """Learn from a run whether the vendor let us in."""
        for step in run.steps:
            name = step.integration or run.integration
            before = self._seen.get(name, _Seen())
            if step.failure is not None and step.failure.kind is FailureKind.AUTH:
                self._seen[name] = replace(before, failed_at=step.started_at, failure=step.failure.message)
            elif _let_in(step):
                self._seen[name] = replace(before, ok_at=step.started_at)

    async def look(self, integrations: Iterable[Integration]) -> None:
        """Find out anew how old everything is; off the loop, for it reads files."""
        found = []
        for one in integrations:
            if one.auth.kind != "none":
                found.append(await asyncio.to_thread(life_of, one, self._environ, self._tokens, self._clock))
                await asyncio.sleep(PAUSE_S)
        lives = tuple(sorted(found, key=lambda life: life.integration))
        # Here and not for every heartbeat, where hundreds would hold up the runs.
        self._lasting = tuple(await asyncio.to_thread(lambda: [_lasting(life) for life in lives]))
        self._lives = lives

    def report(self) -> tuple[CredentialLife, ...] | None:
        """Every credential, when there is news; None when the hub knows, and before the first look."""
        if self._lives is None:
            return None
        news = [(lasting, *self._turned(life)) for lasting, life in zip(self._lasting, self._lives, strict=True)]
        due = self._told_at is None or self._clock() - self._told_at >= TOLD_EVERY
        if not due and self._told == news:
            return None
        now = tuple(self._with_runs(life) for life in self._lives)
        self._reported = now, news
        return now

    def delivered(self, told: tuple[CredentialLife, ...] | None) -> None:
        """The hub has it."""
        if told is not None:
            self._told = self._reported[1] if self._reported is not None and self._reported[0] == told else None
            self._told_at = self._clock()

    def _with_runs(self, life: CredentialLife) -> CredentialLife:
        seen, (failed_at, failure) = self._seen.get(life.integration, _NOTHING), self._failed(life)
        return replace(life, failed_at=failed_at, failure=failure, last_ok_at=seen.ok_at)

    def _failed(self, life: CredentialLife) -> tuple[datetime | None, str | None]:
        seen = self._seen.get(life.integration, _NOTHING)
        if life.failed_at is None and not life.failure and seen.failed_at is not None:
            return seen.failed_at, seen.failure
        return life.failed_at, life.failure

    def _turned(self, life: CredentialLife) -> tuple[str | None, bool]:
        """Why it was turned down last, and whether it is turned down now."""
        failed_at, failure = self._failed(life)
        ok_at = self._seen.get(life.integration, _NOTHING).ok_at
        return failure, failed_at is not None and (ok_at is None or ok_at < failed_at)


def _let_in(step: StepResult) -> bool:
    """Whether the vendor answered as it only does to whom it knows; a token alone opens nothing yet."""
    return step.position != TOKEN_POSITION and step.failure is None and step.status is not None


def _lasting(life: CredentialLife) -> CredentialLife:
    """Without what changes with every run."""
    return replace(life, last_ok_at=None, failed_at=None, failure=None)
