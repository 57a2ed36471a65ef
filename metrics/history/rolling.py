"""Rolls up much history at once, in pieces far larger than a store that is in use could afford."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from config.model import Config, Retention
from metrics.store.database import Store
from metrics.store.limits import limits_of
from metrics.store.rollup.roller import roll
from metrics.store.rollup.tiers import FIVE_MINUTES, HOUR, TIERS, Tier

_MOST_ROWS: Final = 400_000
"""Steps in one piece. What it needs is memory: some 300 bytes a step."""


def roll_up(
    store: Store,
    now: datetime,
    config: Config,
    *,
    retention: Retention | None = None,
    most_rows: int = _MOST_ROWS,
) -> int:
    """Makes every roll-up that is due and would be kept (by default for as long as the configuration says), with the
    thresholds of the objectives; how many pieces that were."""
    return _roll_up(store, now, config, retention or config.settings.retention, TIERS, most_rows)


def roll_up_hours(store: Store, now: datetime, config: Config) -> int:
    """Makes what pages cannot do without: the hours, and the five minutes of the last day. A hub makes the days."""
    retention = config.settings.retention
    brief = retention.model_copy(update={"rollup_5m": min(retention.rollup_5m, timedelta(days=1))})
    return _roll_up(store, now, config, brief, (FIVE_MINUTES, HOUR), _MOST_ROWS)


def _roll_up(
    store: Store, now: datetime, config: Config, retention: Retention, tiers: tuple[Tier, ...], most_rows: int
) -> int:
    limits = limits_of(config.integrations)
    return roll(store, now, most_rows=most_rows, tiers=tiers, limits=limits, retention=retention)
