"""How are the probers?"""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from duckdb import DuckDBPyConnection
from pydantic import TypeAdapter

from metrics.model import ProberVerdict
from metrics.store.database import Store
from probes.model import Heartbeat, Leftovers, OpenCircuit

_CIRCUITS: Final = TypeAdapter(tuple[OpenCircuit, ...])
_LEFTOVERS: Final = TypeAdapter(tuple[Leftovers, ...])


def record_heartbeat(store: Store, heartbeat: Heartbeat, at: datetime) -> Future[None]:
    """Keeps the newest state of that prober; `at` is its arrival by the hub's clock."""
    row = [
        heartbeat.prober_id,
        heartbeat.region,
        at,
        heartbeat.started_at,
        heartbeat.sent_at,
        heartbeat.version,
        heartbeat.loop_lag_ms,
        heartbeat.outbox_depth,
        heartbeat.config_version,
        heartbeat.runs_missed,
        heartbeat.previous_stop,
        heartbeat.problem,
        _CIRCUITS.dump_json(heartbeat.circuits).decode(),
        _LEFTOVERS.dump_json(heartbeat.leftovers).decode(),
    ]

    def work(con: DuckDBPyConnection) -> None:
        con.execute(_UPSERT, row)

    return store.write(work)


def probers(con: DuckDBPyConnection, now: datetime, silent_after: timedelta) -> tuple[ProberVerdict, ...]:
    """Every prober that has sent a heartbeat, by region; silent when the last is older than `silent_after`.

    A silent one whose region has another that started after it was last heard was replaced (its outbox was lost or
    moved to another machine): it is left out, or it would be missed for ever.
    """
    rows = con.execute(_ALL, {"silent_since": now - silent_after}).fetchall()
    return tuple(_verdict(*row) for row in rows)


def _verdict(*row: Any) -> ProberVerdict:
    *figures, circuits, leftovers = row
    open_circuits, left = _CIRCUITS.validate_json(circuits or "[]"), _LEFTOVERS.validate_json(leftovers or "[]")
    return replace(ProberVerdict(*figures), circuits=open_circuits, leftovers=left)


_UPSERT = """
INSERT INTO probers (prober_id, region, last_seen, started_at, sent_at, version, loop_lag_ms, outbox_depth,
                     config_version, runs_missed, previous_stop, problem, circuits, leftovers)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (prober_id) DO UPDATE SET
    region = excluded.region, last_seen = excluded.last_seen, started_at = excluded.started_at,
    sent_at = excluded.sent_at, version = excluded.version, loop_lag_ms = excluded.loop_lag_ms,
    outbox_depth = excluded.outbox_depth, config_version = excluded.config_version,
    runs_missed = excluded.runs_missed, previous_stop = excluded.previous_stop, problem = excluded.problem,
    circuits = excluded.circuits, leftovers = excluded.leftovers
"""

_ALL = """
SELECT prober_id, region, last_seen, started_at, version, loop_lag_ms, outbox_depth, config_version, runs_missed,
       previous_stop, problem, cursor, last_seen < $silent_since, circuits, leftovers
FROM probers AS one WHERE last_seen IS NOT NULL AND NOT (last_seen < $silent_since AND EXISTS (
    SELECT 1 FROM probers AS heir
    WHERE heir.region = one.region AND heir.prober_id <> one.prober_id AND heir.started_at >= one.last_seen))
ORDER BY region, prober_id
"""
