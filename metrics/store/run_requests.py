"""Runs that people asked for: what there is, what a prober is offered, and what came of each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from duckdb import DuckDBPyConnection

from probes.model import RequestAnswer, RequestState

PICKED_UP_WITHIN: Final = timedelta(seconds=60)
"""A prober asks every few seconds; one that has not by then is away."""
ANSWERED_WITHIN: Final = timedelta(minutes=15)
_OFFERED_AGAIN: Final = timedelta(seconds=20)
"""To another prober of the region, when the first has said nothing of it."""
_OPEN: Final = (RequestState.ASKED, RequestState.RUNNING)


@dataclass(frozen=True, slots=True)
class RunRequest:
    """One run that somebody asked for. `outcome` is known once the run is stored."""

    request_id: str
    integration: str
    workflow: str
    region: str
    asked_at: datetime
    asked_by: str
    state: RequestState = RequestState.ASKED
    reason: str = ""
    run_id: str | None = None
    outcome: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether something may still come of it."""
        return self.state in _OPEN

    def at(self, now: datetime) -> RunRequest:
        """As it stands then: what nobody picked up, or said the end of, in time has expired."""
        if self.state is RequestState.ASKED and now - self.asked_at > PICKED_UP_WITHIN:
            within = f"{PICKED_UP_WITHIN.total_seconds():.0f} s"
            return replace(self, state=RequestState.EXPIRED, reason=f"no prober of {self.region} took it in {within}")
        if self.state is RequestState.RUNNING and now - self.asked_at > ANSWERED_WITHIN:
            return replace(self, state=RequestState.EXPIRED, reason="the prober never said how it ended")
        return self


def ask_for_run(
    con: DuckDBPyConnection, integration: str, workflow: str, region: str, who: str, at: datetime
) -> tuple[RunRequest, bool]:
    """The new request, or the one of the same that is still open; and whether it is new."""
    same = {"integration": integration, "workflow": workflow, "region": region, "since": at - ANSWERED_WITHIN}
    for found in _read(con, _SAME, same):
        if found.at(at).is_open:
            return found, False
    row = con.execute(_INSERT, [integration, workflow, region, at, who]).fetchone()
    return RunRequest(str(row[0]) if row else "", integration, workflow, region, at, who), True


def run_requests(con: DuckDBPyConnection, now: datetime, ids: Sequence[str] = (), limit: int = 100) -> list[RunRequest]:
    """Those of these names, or the newest, newest first."""
    return [one.at(now) for one in _read(con, _CHOSEN, {"ids": list(ids), "limit": limit})]


def offers(con: DuckDBPyConnection, region: str, prober_id: str, now: datetime) -> list[RunRequest]:
    """What that prober is to run, until it says something of it; nothing that another one was just offered."""
    bounds = {"region": region, "prober": prober_id, "now": now}
    bounds |= {"since": now - PICKED_UP_WITHIN, "stale": now - _OFFERED_AGAIN}
    found = _read(con, _OFFERED, bounds)
    if found:
        con.execute(_OFFER, [prober_id, now, [one.request_id for one in found], prober_id])
    return found


def note_answers(con: DuckDBPyConnection, answers: Iterable[RequestAnswer], region: str, now: datetime) -> None:
    """What a prober of that region said. The first end that is told stands."""
    for one in answers:
        run_id = str(one.run_id) if one.run_id else None
        con.execute(_ANSWER, [str(one.state), one.reason[:500], run_id, now, one.request_id, region])


def _read(con: DuckDBPyConnection, sql: str, bounds: dict[str, Any]) -> list[RunRequest]:
    return [_request(*row) for row in con.execute(sql, bounds).fetchall()]


def _request(*row: Any) -> RunRequest:
    request_id, integration, workflow, region, asked_at, asked_by, state, *rest = row
    at = asked_at.astimezone(UTC)
    return RunRequest(request_id, integration, workflow, region, at, asked_by, RequestState(state), *rest)


def outcome_of(con: DuckDBPyConnection, one: RunRequest) -> RunRequest:
    """The same, with how its run ended, if that is stored already."""
    if one.run_id is None:
        return one
    row = con.execute(_OUTCOME, [UUID(one.run_id), one.asked_at - timedelta(hours=1)]).fetchone()
    return replace(one, outcome=row[0]) if row else one


_COLUMNS: Final = "request_id, integration, workflow, region, asked_at, asked_by, state, reason, run_id, NULL"
_SAME: Final = f"""
SELECT {_COLUMNS} FROM run_requests WHERE integration = $integration AND workflow = $workflow AND region = $region
    AND asked_at > $since AND state IN ('asked', 'running') ORDER BY asked_at DESC
"""  # noqa: S608 - columns of ours
_CHOSEN: Final = f"""
SELECT {_COLUMNS} FROM run_requests WHERE len($ids) = 0 OR list_contains($ids::VARCHAR[], request_id)
ORDER BY asked_at DESC, request_id DESC LIMIT $limit
"""  # noqa: S608 - columns of ours
_OFFERED: Final = f"""
SELECT {_COLUMNS} FROM run_requests WHERE state = 'asked' AND region = $region AND asked_at > $since
    AND asked_at <= $now AND (prober_id IS NULL OR prober_id = $prober OR offered_at < $stale) ORDER BY asked_at
"""  # noqa: S608 - columns of ours
_OFFER: Final = """
UPDATE run_requests SET prober_id = ?, offered_at = ?
WHERE list_contains(?::VARCHAR[], request_id) AND prober_id IS DISTINCT FROM ?
"""
_INSERT: Final = """
INSERT INTO run_requests (request_id, integration, workflow, region, asked_at, asked_by)
VALUES ('q-' || nextval('run_request_ids'), ?, ?, ?, ?, ?) RETURNING request_id
"""
_ANSWER: Final = """
UPDATE run_requests SET state = ?, reason = ?, run_id = ?, answered_at = ?
WHERE request_id = ? AND region = ? AND state IN ('asked', 'running')
"""
_OUTCOME: Final = "SELECT outcome FROM runs WHERE run_id = ? AND started_at >= ?"
