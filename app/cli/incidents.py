"""`leadline incidents`, `incident`, `ack`, `resolve`, `comment`: what is wrong, and what people do about it."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import quote

import typer

from app.cli.options import DEFAULT_DATA, Author, Data, HubUrl, Json, author_of
from app.cli.terminal import at_second, printable
from app.errors import UserError

_CHOICES: Final = 10
"""Of an ambiguous beginning, as many are shown."""


class State(StrEnum):
    """Of an incident."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


Id = Annotated[str, typer.Argument(metavar="ID", help="Of an incident, or as much of its beginning as only it has.")]


def incidents(
    state: Annotated[
        list[State] | None, typer.Option("--state", help="May be repeated; default: open and acknowledged.")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", help="Not over before then: 7d, 2026-11-20. Default: whenever.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="The newest so many.")] = 100,
    hub: HubUrl = None,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """List incidents, newest first.

    Example: `leadline incidents --state resolved --since 7d`
    """
    from app.cli.hub_client import ask, hub_url

    states = [str(one) for one in state or (State.OPEN, State.ACKNOWLEDGED)]
    params = {"state": states, "limit": limit} | ({"since": since} if since else {})
    told = ask(hub_url(hub, data), "/api/v1/incidents", params)
    if as_json:
        print(json.dumps(told, indent=2))
        return
    for one in told["incidents"]:
        print(_line(one))
    if not told["incidents"]:
        print(f"no incident is {' or '.join(states)}")
    elif told["after"]:
        print(f"only the newest {limit}; more with --limit")


def incident(incident_id: Id, hub: HubUrl = None, data: Data = DEFAULT_DATA, as_json: Json = False) -> None:
    """Show one incident: what is wrong, and everything that happened in order, messages included.

    Example: `leadline incident 20261122-0300`
    """
    from app.cli.hub_client import ask, hub_url

    url = hub_url(hub, data)
    told = ask(url, f"/api/v1/incidents/{quote(identified(url, incident_id), safe='')}")
    if as_json:
        print(json.dumps(told, indent=2))
        return
    print(_line(told))
    for condition in told["conditions"]:
        print(f"  {printable(condition['title'])}: {printable(condition['summary'])}")
        if condition["blame_reason"]:
            print(f"    {printable(condition['blame'])}: {printable(condition['blame_reason'])}")
    if told["muted"]:
        print(f"  muted: {printable(told['muted']['words'])}")
    for event in told["timeline"]:
        who = f" ({printable(event['who'])})" if event["who"] and event["who"] not in event["note"] else ""
        print(f"{at_second(event['at'])}  {event['kind']:<16}  {printable(event['note'])}{who}")
    for message in told["messages"]:
        if message["state"] in ("due", "claimed"):
            print(f"still to be sent: {message['action']} to {message['channel']}, {message['attempts']} attempts")


def ack(
    incident_id: Id, author: Author = None, hub: HubUrl = None, data: Data = DEFAULT_DATA, as_json: Json = False
) -> None:
    """Take an incident: everybody who was told hears so, and nothing escalates. Exit 1: there is nothing to take.

    Example: `leadline ack 20261122-0300`
    """
    _show(_acted("acknowledge", incident_id, {"author": author_of(author)}, hub, data), as_json)


def resolve(
    incident_id: Id, author: Author = None, hub: HubUrl = None, data: Data = DEFAULT_DATA, as_json: Json = False
) -> None:
    """Call an incident over. What goes on holding does not reopen it; once it was gone it may. Exit 1: it is over.

    Example: `leadline resolve 20261122-0300`
    """
    _show(_acted("resolve", incident_id, {"author": author_of(author)}, hub, data), as_json)


def comment(
    incident_id: Id,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="For the incident's timeline and its report.")],
    author: Author = None,
    hub: HubUrl = None,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """Add a remark to the timeline of an incident.

    Example: `leadline comment 20261122-0300 "called the vendor, ticket 4711"`
    """
    _show(_acted("comment", incident_id, {"author": author_of(author), "text": text}, hub, data), as_json)


def identified(url: str, begin: str) -> str:
    """The id of the one incident whose id is, or begins with, `begin`. `UserError`: exit 1 for none, 2 for several."""
    from app.cli.hub_client import ask

    params = {"prefix": begin, "limit": _CHOICES + 1}
    found = [str(one["id"]) for one in ask(url, "/api/v1/incidents", params)["incidents"]]
    if begin in found or len(found) == 1:
        return begin if begin in found else found[0]
    if not found:
        raise UserError(f"no incident's id begins with {begin}; see `leadline incidents`", exit_code=1)
    more = "\n  …" if len(found) > _CHOICES else ""
    raise UserError(f"{begin} may be any of these; write more of it:\n  " + "\n  ".join(found[:_CHOICES]) + more)


def _acted(act: str, begin: str, body: dict[str, str], hub: str | None, data: Path) -> dict[str, Any]:
    from app.cli.hub_client import hub_url, tell

    url = hub_url(hub, data)
    return dict(tell(url, f"/api/v1/incidents/{quote(identified(url, begin), safe='')}/{act}", body))


def _show(told: dict[str, Any], as_json: bool) -> None:
    print(json.dumps(told, indent=2) if as_json else _line(told))


def _line(one: dict[str, Any]) -> str:
    who = {"acknowledged": one["acknowledged_by"], "resolved": one["resolved_by"]}.get(one["state"])
    standing = f"{one['state']} by {printable(who)}" if who else one["state"]
    since = f"{at_second(one['opened_at'])}" + (f" to {at_second(one['resolved_at'])}" if one["resolved_at"] else "")
    summary = f" · {printable(one['conditions'][0]['summary'])}" if one["conditions"] else ""
    return f"{one['tier'].upper():<8}  {standing:<12}  {since}  {one['id']}  {printable(one['title'])}{summary}"
