"""How long do good answers take, seen from each region?"""

from __future__ import annotations

from typing import Final

from duckdb import DuckDBPyConnection

from metrics.model import Window
from metrics.store.relations import GOOD_ATTEMPTS, STEPS

Regional = dict[tuple[str, str], tuple[float, int]]
"""Integration and region → P95 in milliseconds, and of how many good attempts."""


def regional_p95(con: DuckDBPyConnection, window: Window) -> Regional:
    """Of every integration by region, exact. For short windows: it reads the raw attempts."""
    found = con.execute(_REGIONAL, {"start": window.start, "end": window.end}).fetchall()
    return {(integration, region): (p95, n) for integration, region, p95, n in found}


_REGIONAL: Final = f"""
SELECT integration, region, quantile_disc(total_ms, 0.95), count(*)
FROM {STEPS} WHERE started_at >= $start AND started_at < $end AND {GOOD_ATTEMPTS} GROUP BY integration, region
"""  # noqa: S608 - names of ours
