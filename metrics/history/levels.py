"""Simulated quota levels: a day's bucket that empties with the day's business and refills at midnight."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import numpy as np
import pyarrow as pa

from config.model import Integration
from metrics.history.tables import instants, run_ids
from metrics.model import Window

_EVERY_MS: Final = timedelta(minutes=15).total_seconds() * 1000
_DAY_MS: Final = 86_400_000.0
_LIMIT: Final = 50_000.0


def quota_table(integration: Integration, window: Window, random: np.random.Generator) -> pa.Table:
    """One reading of bucket `daily` per quarter of an hour."""
    start, end = window.start.timestamp() * 1000, window.end.timestamp() * 1000
    at = np.arange(start, end, _EVERY_MS)
    share = (at % _DAY_MS) / _DAY_MS
    busy = random.uniform(0.35, 0.7) * np.where(at // _DAY_MS % 7 % 6 >= 2, 0.5, 1.0)
    used = np.round(_LIMIT * busy * (share - np.sin(2 * np.pi * share) / (2 * np.pi)))
    texts = {
        "integration": integration.name,
        "region": integration.workflows[0].regions[0],
        "vendor": integration.vendor,
        "credential": "simulated",
        "bucket": "daily",
        "unit": "requests",
        "source": "header",
        "window_kind": "calendar",
        "timezone": "UTC",
    }
    count = len(at)
    columns: dict[str, Any] = {name: pa.array([text] * count) for name, text in texts.items()}
    return pa.table(
        columns
        | {
            "run_id": run_ids(at, random),
            "observed_at": instants(at),
            "limit_value": pa.array(np.full(count, _LIMIT)),
            "used": pa.array(used),
            "remaining": pa.array(_LIMIT - used),
            "window_s": pa.array(np.full(count, _DAY_MS / 1000)),
            "reset_at": instants((at // _DAY_MS + 1) * _DAY_MS),
            "simulated": pa.array(np.ones(count, bool)),
        }
    )
