"""Silences that people made at run time. Nothing is ever taken out: what is over is the record of it."""

from __future__ import annotations

import json
from concurrent.futures import Future
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final, get_args

from duckdb import DuckDBPyConnection

from alerts.model import Silence
from alerts.store.audit import AuditRow, record
from alerts.store.rows import utc, utc_or_none
from config.matching import MatchKey, in_words
from config.problems import did_you_mean
from metrics.store.database import Store

LONGEST_SILENCE: Final = timedelta(days=30)

_COLUMNS: Final = "silence_id, matchers, starts_at, ends_at, author, note, created_at, ended_at, ended_by"


class InvalidSilence(ValueError):  # noqa: N818 - what the caller asked for, not the program's
    """A silence that may not be; says why, and what to write instead."""


def add_silence(store: Store, silence: Silence) -> Future[str]:
    """Its id, after the commit; the audit log has it too. `created_at` is now, or else its start. Raises
    InvalidSilence."""
    check(silence, silence.created_at or silence.starts_at)
    return store.write(lambda con: put_silence(con, silence))


def put_silence(con: DuckDBPyConnection, silence: Silence) -> str:
    """As `add_silence`, inside a transaction that there is already, and of a silence that was checked."""
    at = silence.created_at or silence.starts_at
    row = con.execute("SELECT nextval('silence_ids')").fetchone()
    named = replace(silence, silence_id=f"s-{row[0] if row else 0}", created_at=at)
    _insert(con, named)
    detail = f"{in_words(silence.match)}, until {silence.ends_at:%Y-%m-%d %H:%M:%S} UTC: {silence.comment}"
    record(con, AuditRow(at, silence.author, "silence.add", named.silence_id, detail))
    return named.silence_id


def end_silence(store: Store, silence_id: str, who: str, at: datetime) -> Future[bool]:
    """Ends one before its time. False when there is none of that id that is not over."""

    def work(con: DuckDBPyConnection) -> bool:
        ended = con.execute(
            "UPDATE silences SET ended_at = $at, ended_by = $who "
            "WHERE silence_id = $id AND ended_at IS NULL AND ends_at > $at RETURNING silence_id",
            {"at": at, "who": who, "id": silence_id},
        ).fetchone()
        if ended is not None:
            record(con, AuditRow(at, who, "silence.end", silence_id, ""))
        return ended is not None

    return store.write(work)


def silences(con: DuckDBPyConnection, at: datetime) -> tuple[Silence, ...]:
    """Those that are in force at that instant or will be, in the order of their start."""
    rows = con.execute(
        f"SELECT {_COLUMNS} FROM silences WHERE ends_at > $at AND (ended_at IS NULL OR ended_at > $at) "  # noqa: S608 - constant columns
        "ORDER BY starts_at, created_at, silence_id",
        {"at": at},
    ).fetchall()
    return tuple(_silence(row) for row in rows)


def every_silence(con: DuckDBPyConnection, limit: int = 100) -> tuple[Silence, ...]:
    """The latest made, also those that are over, newest first."""
    rows = con.execute(
        f"SELECT {_COLUMNS} FROM silences ORDER BY created_at DESC, silence_id DESC LIMIT ?",  # noqa: S608 - constant columns
        [limit],
    ).fetchall()
    return tuple(_silence(row) for row in rows)


def check(silence: Silence, at: datetime) -> None:
    """Raises InvalidSilence for one that would cover everything, nothing or too long, or that nobody answers for."""
    if not silence.match:
        raise InvalidSilence(
            "a silence needs a matcher, such as integration=hubspot: one without would mute everything"
        )
    keys = get_args(MatchKey)
    for key, patterns in silence.match.items():
        if key not in keys:
            raise InvalidSilence(f'unknown matcher "{key}" {did_you_mean(key, keys, label="matchers")}')
        if not patterns or not all(patterns):
            raise InvalidSilence(f'matcher "{key}" has no value; write {key}=NAME, or leave it out')
    if all(set(pattern) == {"*"} for patterns in silence.match.values() for pattern in patterns):
        raise InvalidSilence("a silence of * would mute everything; name what it is about")
    if silence.ends_at <= max(silence.starts_at, at):
        raise InvalidSilence("a silence has to end after its start, and in the future")
    if silence.ends_at - silence.starts_at > LONGEST_SILENCE:
        raise InvalidSilence("a silence lasts at most 30 days; what is to stay unheard for longer belongs into a route")
    if not silence.author.strip():
        raise InvalidSilence("a silence needs an author: who answers for it")
    if not silence.comment.strip():
        raise InvalidSilence("a silence needs a comment: why nobody has to hear")


def _insert(con: DuckDBPyConnection, silence: Silence) -> None:
    con.execute(
        "INSERT INTO silences (silence_id, matchers, starts_at, ends_at, author, note, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            silence.silence_id,
            json.dumps(silence.match),
            silence.starts_at,
            silence.ends_at,
            silence.author,
            silence.comment,
            silence.created_at,
        ],
    )


def _silence(row: tuple[Any, ...]) -> Silence:
    match = {key: tuple(patterns) for key, patterns in json.loads(row[1]).items()}
    return Silence(match, utc(row[2]), utc(row[3]), row[4], row[5], row[0], utc(row[6]), utc_or_none(row[7]), row[8])
