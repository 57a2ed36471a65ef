"""Which workflows does no region report on, and what was heard of them last?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

from duckdb import DuckDBPyConnection

from metrics.model import WorkflowVerdict
from metrics.operating import Unreported
from metrics.state import is_fresh, quiet_after
from probes.model import Outcome


def unreported(con: DuckDBPyConnection, verdicts: Iterable[WorkflowVerdict], now: datetime) -> tuple[Unreported, ...]:
    """The workflows without a measured run from any region within three intervals and a minute."""
    silent = [
        one for one in verdicts if not any(is_fresh(region.last_run_at, one.every, now) for region in one.regions)
    ]
    by_interval: dict[timedelta, list[WorkflowVerdict]] = defaultdict(list)
    for one in silent:
        by_interval[one.every].append(one)
    return tuple(found for every, ones in by_interval.items() for found in _looked_up(con, every, ones, now))


def _looked_up(
    con: DuckDBPyConnection, every: timedelta, silent: list[WorkflowVerdict], now: datetime
) -> Iterable[Unreported]:
    bounds = {
        "integrations": [one.integration for one in silent],
        "workflows": [one.workflow for one in silent],
        "since": now - quiet_after(every),
        "now": now,
    }
    rows = {row[:2]: row[2:] for row in con.execute(_NEWEST, bounds).fetchall()}
    for one in silent:
        heard = max((region.last_run_at for region in one.regions), default=None)
        at, outcome, reason = rows.get((one.integration, one.workflow), (None, None, None))
        yield Unreported(
            integration=one.integration,
            workflow=one.workflow,
            every=every,
            last_run_at=heard,
            unmeasured_at=at.astimezone(UTC) if at is not None else None,
            outcome=Outcome(outcome) if outcome else None,
            reason=reason,
        )


_NEWEST: Final = """
WITH wanted AS (SELECT unnest($integrations) AS integration, unnest($workflows) AS workflow)
SELECT integration, workflow, max(started_at), max_by(outcome, started_at), max_by(skip_reason, started_at)
FROM runs SEMI JOIN wanted USING (integration, workflow)
WHERE started_at >= $since AND started_at <= $now
GROUP BY integration, workflow
"""
