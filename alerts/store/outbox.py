"""The outbox: messages written with the change they tell of, claimed by compare-and-set, sent in order."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from duckdb import DuckDBPyConnection

from alerts.model import CONFIGURATION, Action, Incident, Notification, Tier
from alerts.routing import Message
from alerts.store.report_files import report_of
from alerts.store.rows import INCIDENT, utc


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """A message as the outbox page shows it."""

    notification_id: int
    incident_id: str
    channel: str
    tier: Tier
    action: Action
    created_at: datetime
    state: str
    due_at: datetime
    attempts: int


@dataclass(frozen=True, slots=True)
class Claim:
    """A message that this deliverer, and nobody else, may send until the lease ends."""

    notification: Notification
    token: str
    attempt: int
    fallbacks: tuple[str, ...]


CIRCUIT_OPENS_AFTER: Final = 3
"""Temporary failures in a row on one channel, whatever the message; from then on there is one trial at a time."""

_OVERTAKES: Final[dict[Action, tuple[Action, ...]]] = {
    Action.UPDATE: (Action.UPDATE,),
    Action.RESOLVE: (Action.UPDATE,),
    Action.TRIGGER: (Action.TRIGGER, Action.UPDATE, Action.ACKNOWLEDGE, Action.RESOLVE),
}
"""A trigger says all there is to say: whoever was not told of the first one, nor of its end, hears of this one only.
An acknowledgement overtakes nothing, because some channels send none."""

_WAITING: Final = "(state = 'due' AND due_at <= $now OR state = 'claimed' AND lease_until <= $now)"
_FIRST_OF_ITS_KIND: Final = """NOT EXISTS (
    SELECT 1 FROM outbox AS earlier
    WHERE earlier.incident_id = outbox.incident_id AND earlier.channel = outbox.channel
      AND earlier.notification_id < outbox.notification_id AND earlier.state IN ('due', 'claimed'))"""
_NOT_HELD: Final = """NOT EXISTS (
    SELECT 1 FROM channel_health AS health WHERE health.channel = outbox.channel AND health.held_until > $now)"""
_MOST_URGENT: Final = """
    CASE WHEN EXISTS (
        SELECT 1 FROM channel_health AS health WHERE health.channel = $channel AND health.failures >= $opens_after)
    THEN attempts ELSE 0 END, urgency DESC, action <> 'trigger', due_at, notification_id"""
"""What wakes somebody first. While the circuit is open, what was tried least: a message that the channel chokes on must
not be the trial each time."""


def enqueue(
    con: DuckDBPyConnection, incident: Incident, message: Message, at: datetime, budget_left: float | None
) -> None:
    """Adds a message; those of the same incident that nobody has sent yet and that it makes old news are overtaken."""
    overtaken = () if message.tier is Tier.REPORT else _OVERTAKES.get(message.action, ())
    con.execute(
        "UPDATE outbox SET state = 'superseded', settled_at = ? "
        "WHERE incident_id = ? AND channel = ? AND tier <> 'report' AND state = 'due' AND list_contains(?, action)",
        [at, incident.incident_id, message.channel, [str(action) for action in overtaken]],
    )
    con.execute(
        "INSERT INTO outbox (notification_id, incident_id, channel, tier, action, created_at, incident, budget_left,"
        " fallbacks, due_at, note, urgency) VALUES (nextval('notification_ids'), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            incident.incident_id,
            message.channel,
            str(message.tier),
            str(message.action),
            at,
            INCIDENT.dump_json(incident).decode(),
            budget_left,
            json.dumps(message.fallbacks),
            at,
            message.note,
            0 if message.tier is Tier.REPORT else max(message.tier.rank, incident.tier.rank),
        ],
    )


def told(con: DuckDBPyConnection, incident_id: str) -> dict[str, Tier]:
    """Channels that were asked to tell of the incident and not yet of its end, with the tier that chose them."""
    rows = con.execute(
        "SELECT channel, last(tier ORDER BY notification_id), last(action ORDER BY notification_id) FROM outbox "
        "WHERE incident_id = ? AND tier <> 'report' AND state <> 'superseded' "
        "GROUP BY channel ORDER BY min(notification_id)",
        [incident_id],
    ).fetchall()
    return {channel: Tier(tier) for channel, tier, action in rows if action != Action.RESOLVE}


def due_channels(con: DuckDBPyConnection, now: datetime) -> tuple[str, ...]:
    """Channels with something to send now."""
    rows = con.execute(
        f"SELECT DISTINCT channel FROM outbox WHERE {_WAITING} AND {_FIRST_OF_ITS_KIND} AND {_NOT_HELD} "  # noqa: S608
        "ORDER BY channel",
        {"now": now},
    ).fetchall()
    return tuple(row[0] for row in rows)


def claim(
    con: DuckDBPyConnection, channel: str, now: datetime, lease: timedelta, token: str, link: str
) -> Claim | None:
    """Takes the most urgent message of the channel; None where there is none, or the channel is held. A message waits
    until the earlier ones of its incident on that channel are settled; a claim whose lease has ended is free again."""
    found = con.execute(
        f"SELECT notification_id FROM outbox WHERE channel = $channel AND {_WAITING} AND {_FIRST_OF_ITS_KIND} "  # noqa: S608
        f"AND {_NOT_HELD} ORDER BY {_MOST_URGENT} LIMIT 1",
        {"channel": channel, "now": now, "opens_after": CIRCUIT_OPENS_AFTER},
    ).fetchone()
    if found is None:
        return None
    row = con.execute(
        "UPDATE outbox SET state = 'claimed', claim = $token, lease_until = $until, attempts = attempts + 1 "  # noqa: S608 - constant condition
        f"WHERE notification_id = $id AND {_WAITING} "
        "RETURNING notification_id, incident, tier, action, channel, created_at, budget_left, attempts, fallbacks,"
        " note",
        {"token": token, "until": now + lease, "id": found[0], "now": now},
    ).fetchone()
    return _claim_of(con, row, token, now, link) if row else None


def _claim_of(con: DuckDBPyConnection, row: tuple[Any, ...], token: str, now: datetime, link: str) -> Claim:
    incident = INCIDENT.validate_json(row[1])
    tier = Tier(row[2])
    notification = Notification(
        notification_id=row[0],
        incident=incident,
        tier=tier,
        action=Action(row[3]),
        channel=row[4],
        created_at=utc(row[5]),
        link=link + _page(incident),
        budget_left=row[6],
        receipt=_receipts(con, incident.incident_id, row[4], row[0]),
        report=report_of(con, incident, link) if tier is Tier.REPORT else None,
        sent_at=now,
        note=row[9],
        page="" if incident.subject == CONFIGURATION else f"{link}/incident/{incident.incident_id}",
    )
    return Claim(notification, token, row[7], tuple(json.loads(row[8])))


def _page(incident: Incident) -> str:
    has_none = ":" in incident.integration or incident.subject == CONFIGURATION
    return "/" if has_none else f"/integration/{incident.integration}"


def _receipts(con: DuckDBPyConnection, incident_id: str, channel: str, up_to: int) -> dict[str, str]:
    rows = con.execute(
        "SELECT receipt FROM outbox WHERE incident_id = ? AND channel = ? AND notification_id <= ? "
        "ORDER BY notification_id",
        [incident_id, channel, up_to],
    ).fetchall()
    merged: dict[str, str] = {}
    for row in rows:
        merged |= json.loads(row[0])
    return merged


def settle(
    con: DuckDBPyConnection, claim: Claim, state: str, at: datetime, keep: Mapping[str, str], due_at: datetime | None
) -> bool:
    """Ends the claim: `sent`, `dead`, or `due` again at `due_at`. False when the lease was lost to somebody else."""
    mine = "notification_id = ? AND claim = ? AND state = 'claimed'"
    identity = [claim.notification.notification_id, claim.token]
    row = con.execute(f"SELECT receipt FROM outbox WHERE {mine}", identity).fetchone()  # noqa: S608 - constant condition
    if row is None:
        return False
    receipt = json.dumps(json.loads(row[0]) | dict(keep))
    con.execute(
        "UPDATE outbox SET state = ?, receipt = ?, settled_at = ?, due_at = coalesce(?, due_at), claim = NULL, "  # noqa: S608 - constant condition
        f"lease_until = NULL WHERE {mine}",
        [state, receipt, None if state == "due" else at, due_at, *identity],
    )
    return True


def outbox(
    con: DuckDBPyConnection, limit: int = 100, *, unsettled: bool = False, incident_id: str | None = None
) -> tuple[OutboxRow, ...]:
    """The newest messages, newest first; only those still to be sent with `unsettled`; of one incident, or of all."""
    rows = con.execute(
        "SELECT notification_id, incident_id, channel, tier, action, created_at, state, due_at, attempts FROM outbox "
        "WHERE (NOT $unsettled OR state IN ('due', 'claimed')) AND ($incident IS NULL OR incident_id = $incident) "
        "ORDER BY notification_id DESC LIMIT $limit",
        {"unsettled": unsettled, "incident": incident_id, "limit": limit},
    ).fetchall()
    return tuple(OutboxRow(r[0], r[1], r[2], Tier(r[3]), Action(r[4]), utc(r[5]), r[6], utc(r[7]), r[8]) for r in rows)
