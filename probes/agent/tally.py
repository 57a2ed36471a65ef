"""Which slots of a workflow's timetable were used, and how many were lost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Final

_EPOCH: Final = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
_MICROSECOND: Final = timedelta(microseconds=1)
_EARLY: Final = timedelta(milliseconds=1)
"""The scheduler computes instants in floating point; a slot that is a microsecond away has come."""


@dataclass(frozen=True, slots=True)
class Slots:
    """A grid of instants: the epoch + phase + n × every. The same on every start and in every process."""

    every: timedelta
    phase: timedelta

    @classmethod
    def of(cls, every: timedelta, *names: str) -> Slots:
        """Phase is a hash of the names modulo `every`, which spreads workflows evenly without moving any of them."""
        digest = blake2b("\0".join(names).encode(), digest_size=8).digest()
        return cls(every, int.from_bytes(digest, "big") % (every // _MICROSECOND) * _MICROSECOND)

    def current(self, now: datetime) -> datetime:
        """The newest slot that has come at `now`."""
        return now - (now + _EARLY - _EPOCH - self.phase) % self.every + _EARLY

    def next(self, now: datetime) -> datetime:
        """The first slot after `now`."""
        return self.current(now) + self.every


@dataclass(slots=True)
class Tally:
    """Counts the slots of one workflow that passed without a run, whoever is to blame: coverage lost.

    The scheduler tells of a run it started and of one it gave up, but not of those it folded into a later one after
    the machine slept; so every slot between two that it did tell of is counted here as lost.
    """

    slots: Slots
    accounted: datetime
    """The newest slot whose fate is known."""
    missed: int = 0

    def ran(self, slot: datetime) -> None:
        """That slot's run was started."""
        self.missed += max(0, self._reach(slot) - 1)

    def gave_up(self, slot: datetime) -> None:
        """That slot's run was not started: too late, or the one before still goes on."""
        self.missed += self._reach(slot)

    def _reach(self, slot: datetime) -> int:
        passed = round((slot - self.accounted) / self.slots.every)
        if passed > 0:
            self.accounted = slot
        return max(0, passed)
