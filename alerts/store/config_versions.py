"""Which configuration was judged by since when; a change of it is a fact of every incident that is open."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from duckdb import DuckDBPyConnection

from alerts.change_events import announce_configuration
from alerts.facts import CONFIG_CHANGED, config_note
from alerts.model import IncidentEvent, integration_of
from alerts.store.incidents import add_event
from alerts.store.rows import utc
from config.model import Config
from config.version import parts


def note_config(con: DuckDBPyConnection, config: Config, at: datetime) -> int:
    """Remembers a version that was not the latest before, and tells the open incidents; how many were told.

    Files have no author: who changed them is in the history of the repository, under the version.
    """
    latest = con.execute(
        "SELECT version, parts FROM config_versions ORDER BY adopted_at DESC, rowid DESC LIMIT 1"
    ).fetchone()
    if latest is not None and latest[0] == config.version:
        return 0
    now = parts(config)
    con.execute("INSERT INTO config_versions VALUES (?, ?, ?)", [config.version, at, json.dumps(now)])
    if latest is None:
        return 0
    was = json.loads(latest[1])
    changed = _changed(was, now)
    announce_configuration(con, config, latest[0], changed, at)
    open_now = con.execute("SELECT incident_id, subject FROM incidents WHERE state <> 'resolved'").fetchall()
    for incident_id, subject in open_now:
        note = config_note(latest[0], config.version, was, now, integration_of(subject))
        add_event(con, IncidentEvent(incident_id, at, CONFIG_CHANGED, note))
    return len(open_now)


class ConfigChange(NamedTuple):
    """Another configuration was adopted: when, which, and what of it had changed (integrations and files)."""

    at: datetime
    version: str
    before: str
    changed: Sequence[str]


def config_changes(con: DuckDBPyConnection, start: datetime, end: datetime) -> tuple[ConfigChange, ...]:
    """Every change of the configuration from `start` on and before `end`, oldest first; the very first is none."""
    rows = con.execute(_CHANGES, {"start": start, "end": end}).fetchall()
    return tuple(
        ConfigChange(utc(at), version, before, _changed(json.loads(was), json.loads(now)))
        for at, version, before, was, now in rows
    )


def _changed(was: dict[str, str], now: dict[str, str]) -> list[str]:
    return sorted(name for name in {*was, *now} if was.get(name) != now.get(name))


_CHANGES = """
SELECT adopted_at, version, before, was, parts FROM (
    SELECT adopted_at, version, parts, lag(version) OVER adopted AS before, lag(parts) OVER adopted AS was
    FROM config_versions WINDOW adopted AS (ORDER BY adopted_at, rowid)
) WHERE before IS NOT NULL AND adopted_at >= $start AND adopted_at < $end ORDER BY adopted_at
"""
