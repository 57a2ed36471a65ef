"""What do the vendors say of their APIs' future?"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from duckdb import DuckDBPyConnection

from metrics.changing import VendorSignal
from probes.model import ChangeKind

REMEMBERED: Final = timedelta(days=30)
"""What was not said for this long is forgotten."""


def vendor_signals(con: DuckDBPyConnection, now: datetime) -> tuple[VendorSignal, ...]:
    """Everything said of late, in its latest words, by integration, workflow and step."""
    rows = con.execute(_SIGNALS, [now - REMEMBERED]).fetchall()
    return tuple(
        VendorSignal(integration, workflow, step, ChangeKind(kind), *rest)
        for integration, workflow, step, kind, *rest in rows
    )


_SIGNALS: Final = """
SELECT integration, workflow, step, kind, source, api, what, ends_at, link, region, run_id::VARCHAR, first_seen,
       last_seen
FROM change_signals WHERE last_seen >= ? ORDER BY integration, workflow, step, kind, source
"""
