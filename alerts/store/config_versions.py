"""Which configuration was judged by since when; a change of it is a fact of every incident that is open."""

from __future__ import annotations

import json
from datetime import datetime

from duckdb import DuckDBPyConnection

from alerts.change_events import announce_configuration
from alerts.facts import CONFIG_CHANGED, config_note
from alerts.model import IncidentEvent, integration_of
from alerts.store.incidents import add_event
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
    changed = sorted(name for name in {*was, *now} if was.get(name) != now.get(name))
    announce_configuration(con, config, latest[0], changed, at)
    open_now = con.execute("SELECT incident_id, subject FROM incidents WHERE state <> 'resolved'").fetchall()
    for incident_id, subject in open_now:
        note = config_note(latest[0], config.version, was, now, integration_of(subject))
        add_event(con, IncidentEvent(incident_id, at, CONFIG_CHANGED, note))
    return len(open_now)
