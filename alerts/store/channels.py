"""Channels as the store knows them: how each fares, what self-tests showed, and those that left the configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from duckdb import DuckDBPyConnection

from alerts.store.rows import utc, utc_or_none


@dataclass(frozen=True, slots=True)
class ChannelHealth:
    """How a channel fares. `failures`: temporary ones in a row."""

    channel: str
    failures: int = 0
    failing_since: datetime | None = None
    held_until: datetime | None = None
    problem: str | None = None
    last_ok_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ChannelTest:
    """One self-test. `asked_by` is empty for the timetable."""

    channel: str
    at: datetime
    duration_ms: float
    ok: bool
    permanent: bool
    end_to_end: bool
    status: int | None
    answer: str
    asked_by: str = ""


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a channel has still to send."""

    count: int
    oldest: datetime


def note_success(con: DuckDBPyConnection, channel: str, at: datetime) -> None:
    """The channel accepted a message: its circuit closes."""
    con.execute(
        "INSERT INTO channel_health (channel, failures, last_ok_at) VALUES ($channel, 0, $at) "
        "ON CONFLICT DO UPDATE SET "
        "failures = 0, failing_since = NULL, held_until = NULL, problem = NULL, last_ok_at = excluded.last_ok_at",
        {"channel": channel, "at": at},
    )


def note_answering(con: DuckDBPyConnection, channel: str) -> None:
    """The channel answers, though it took no message (a refusal for good, a self-test): its circuit closes."""
    con.execute(
        "UPDATE channel_health SET failures = 0, failing_since = NULL, held_until = NULL, problem = NULL "
        "WHERE channel = ?",
        [channel],
    )


def note_failure(con: DuckDBPyConnection, channel: str, at: datetime, problem: str) -> int:
    """One more temporary failure; how many there are in a row."""
    row = con.execute(
        "INSERT INTO channel_health (channel, failures, failing_since, problem) VALUES ($channel, 1, $at, $problem) "
        "ON CONFLICT DO UPDATE SET failures = failures + 1, problem = excluded.problem, "
        "failing_since = coalesce(failing_since, excluded.failing_since) RETURNING failures",
        {"channel": channel, "at": at, "problem": problem},
    ).fetchone()
    return int(row[0]) if row else 1


def hold(con: DuckDBPyConnection, channel: str, until: datetime) -> None:
    """Nothing is sent through the channel before that instant."""
    con.execute("UPDATE channel_health SET held_until = ? WHERE channel = ?", [until, channel])


def channel_health(con: DuckDBPyConnection) -> dict[str, ChannelHealth]:
    """Every channel that was ever used, by name."""
    rows = con.execute(
        "SELECT channel, failures, failing_since, held_until, problem, last_ok_at FROM channel_health ORDER BY channel"
    ).fetchall()
    return {
        r[0]: ChannelHealth(r[0], r[1], utc_or_none(r[2]), utc_or_none(r[3]), r[4], utc_or_none(r[5])) for r in rows
    }


def waiting(con: DuckDBPyConnection) -> dict[str, Waiting]:
    """Unsettled messages by channel."""
    rows = con.execute(
        "SELECT channel, count(*), min(created_at) FROM outbox WHERE state IN ('due', 'claimed') GROUP BY channel"
    ).fetchall()
    return {row[0]: Waiting(row[1], utc(row[2])) for row in rows}


def add_test(con: DuckDBPyConnection, test: ChannelTest) -> None:
    """Keeps what a self-test showed."""
    con.execute(
        "INSERT INTO channel_tests VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            test.channel,
            test.at,
            test.duration_ms,
            test.ok,
            test.permanent,
            test.end_to_end,
            test.status,
            test.answer,
            test.asked_by,
        ],
    )


def latest_tests(con: DuckDBPyConnection) -> dict[str, ChannelTest]:
    """The latest self-test of every channel that was ever tested."""
    rows = con.execute(
        "SELECT channel, tested_at, duration_ms, ok, permanent, end_to_end, status, answer, asked_by "
        "FROM channel_tests QUALIFY row_number() OVER (PARTITION BY channel ORDER BY tested_at DESC) = 1"
    ).fetchall()
    return {row[0]: ChannelTest(row[0], utc(row[1]), *row[2:]) for row in rows}


def note_specs(con: DuckDBPyConnection, declared: Mapping[str, str], at: datetime) -> dict[str, str]:
    """Keeps the channels as declared now; those that left the configuration and are still owed an end, name → spec.

    One is kept as long as it told of an incident that is open, or has something to send.
    """
    for channel, spec in declared.items():
        con.execute(
            "INSERT INTO channel_specs (channel, spec) VALUES (?, ?) "
            "ON CONFLICT DO UPDATE SET spec = excluded.spec, retired_at = NULL",
            [channel, spec],
        )
    gone = [row for row in _specs(con) if row[0] not in declared]
    owed = _owed(con)
    for channel, _ in gone:
        if channel in owed:
            con.execute(
                "UPDATE channel_specs SET retired_at = coalesce(retired_at, ?) WHERE channel = ?", [at, channel]
            )
        else:
            con.execute("DELETE FROM channel_specs WHERE channel = ?", [channel])
    return {channel: spec for channel, spec in gone if channel in owed}


def _specs(con: DuckDBPyConnection) -> Sequence[tuple[str, str]]:
    return con.execute("SELECT channel, spec FROM channel_specs ORDER BY channel").fetchall()


def _owed(con: DuckDBPyConnection) -> frozenset[str]:
    rows = con.execute(
        "SELECT DISTINCT o.channel FROM outbox AS o LEFT JOIN incidents AS i USING (incident_id) "
        "WHERE o.state IN ('due', 'claimed') OR i.state <> 'resolved'"
    ).fetchall()
    return frozenset(row[0] for row in rows)
