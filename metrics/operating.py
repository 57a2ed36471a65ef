"""What an evaluation says beyond the vendors' answers: static limits, what nobody reports on, and the hub itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from config.limits import Limit
from probes.model import Outcome


class LimitStanding(NamedTuple):
    """A static limit in one region, bucket by bucket, oldest first."""

    integration: str
    limit: Limit
    region: str
    values: tuple[float | None, ...]
    """Milliseconds, or a share; None where nothing was measured."""
    until: datetime
    """End of the newest bucket."""
    samples: int
    """Runs in the latest n buckets."""

    @property
    def latest(self) -> tuple[float | None, ...]:
        """The buckets of which m may not be beyond the limit."""
        return self.values[-self.limit.crossed.n :]

    @property
    def crossed(self) -> int:
        """How many of those were."""
        return sum(value is not None and value > self.limit.figure for value in self.latest)

    @property
    def within(self) -> int:
        """Measured buckets in a row up to now that were within the limit."""
        measured = [value for value in reversed(self.values) if value is not None]
        return next((n for n, value in enumerate(measured) if value > self.limit.figure), len(measured))

    @property
    def value(self) -> float | None:
        """The newest figure that is beyond the limit, or else the newest."""
        known = [value for value in reversed(self.latest) if value is not None]
        return next((value for value in known if value > self.limit.figure), known[0] if known else None)


class Usual(NamedTuple):
    """What is normal for a series at this hour, in the words of a message."""

    integration: str
    workflow: str
    region: str
    subject: str
    """The step, or nothing for the workflow as a whole."""
    measure: str
    figure: float
    """Milliseconds, or the share of runs that fail."""
    words: str
    """`usually 110 ms at this hour`."""


class Unreported(NamedTuple):
    """A workflow of which no region has sent a measured run lately."""

    integration: str
    workflow: str
    every: timedelta
    last_run_at: datetime | None
    """Of the last measured run that is remembered; None when there is none."""
    unmeasured_at: datetime | None
    """Of the newest run that said nothing about the vendor, where there was one lately."""
    outcome: Outcome | None
    """How that ended: skipped or tainted."""
    reason: str | None
    """Why it was skipped."""


@dataclass(frozen=True, slots=True)
class HubLoad:
    """How the hub keeps up."""

    waiting_rows: int
    """Received and not stored yet."""
    waiting_for: timedelta
    """How long the oldest of them has waited."""
    since_last: timedelta | None
    """From the evaluation before to this one; None for the first."""
    problem: str | None = None
    """What the store could not do; None when all went well."""
    listening_for: timedelta | None = None
    """How long it has been there to be told anything; None where it always was."""
