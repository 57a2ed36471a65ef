"""The three lengths of bucket, all aligned to the epoch (UTC)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Final

from config.model import Retention
from metrics.store.buckets import epoch_ms, instant


class Source(IntEnum):
    """Where a stretch of time is answered from, finest first."""

    RAW = 0
    FIVE_MINUTES = 1
    HOUR = 2
    DAY = 3


@dataclass(frozen=True, slots=True)
class Tier:
    """One length of bucket, and how its tables' names end."""

    source: Source
    suffix: str
    slots: int
    """Its length in buckets of five minutes."""

    @property
    def length(self) -> timedelta:
        """How long a bucket is."""
        return SLOT * self.slots

    def start(self, at: datetime) -> datetime:
        """Start of the bucket that holds the instant."""
        return slot_start(slot_of(at) // self.slots * self.slots)


SLOT: Final = timedelta(minutes=5)
SLOT_MS: Final = 300_000
FIVE_MINUTES: Final = Tier(Source.FIVE_MINUTES, "5m", 1)
HOUR: Final = Tier(Source.HOUR, "1h", 12)
DAY: Final = Tier(Source.DAY, "1d", 288)
TIERS: Final = (FIVE_MINUTES, HOUR, DAY)
COARSER: Final = {FIVE_MINUTES: HOUR, HOUR: DAY}


def ages(retention: Retention) -> dict[Tier, timedelta]:
    """How long the buckets of each tier are kept."""
    return {FIVE_MINUTES: retention.rollup_5m, HOUR: retention.rollup_1h, DAY: retention.rollup_1d}


def slot_of(at: datetime) -> int:
    """Number of the five-minute bucket that holds the instant, counted from the epoch."""
    return epoch_ms(at) // SLOT_MS


def slot_start(slot: int) -> datetime:
    """Start of the five-minute bucket of that number."""
    return instant(slot * SLOT_MS * 1000)
