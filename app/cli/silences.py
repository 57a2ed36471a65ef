"""`leadline silence`, `silences`, `unsilence`: what nobody needs to hear for a while."""

from __future__ import annotations

import json
from typing import Annotated, Any
from urllib.parse import quote

import typer

from app.cli.options import DEFAULT_DATA, Author, Data, HubUrl, Json, author_of
from app.cli.terminal import at_second, printable
from app.errors import UserError


def silence(
    matchers: Annotated[
        list[str],
        typer.Argument(metavar="MATCHER…", help="KEY=VALUE[,VALUE…], such as integration=hubspot; all must hold."),
    ],
    reason: Annotated[str, typer.Option("--reason", help="Why nobody has to hear; kept in the audit log.")],
    lasts: Annotated[str, typer.Option("--for", metavar="DURATION", help="2h, 3d; at most 30d.")],
    preview: Annotated[bool, typer.Option("--preview", help="Only show what it would mute now.")] = False,
    author: Author = None,
    hub: HubUrl = None,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """Mute incidents for a while: they are recorded, and told when the silence ends while they are open.

    Keys: subject, kind, integration, vendor, flow, owner, environment, region, tier, rule, workflow. `*` and `?` stand
    for any text and any character.

    Example: `leadline silence vendor=hubspot region=eu --for 2h --reason "their maintenance"`
    """
    from app.cli.hub_client import hub_url, tell

    wanted = {"match": _match(matchers), "for": lasts, "author": author_of(author), "comment": reason}
    told = tell(hub_url(hub, data), f"/api/v1/silences{'/preview' if preview else ''}", wanted)
    if as_json:
        print(json.dumps(told, indent=2))
    elif preview:
        _print_preview(told)
    else:
        print(_line(told))


def silences(
    over: Annotated[bool, typer.Option("--over", help="Also those that are over.")] = False,
    hub: HubUrl = None,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """List the silences that are in force or will be.

    Example: `leadline silences --over`
    """
    from app.cli.hub_client import ask, hub_url

    told = ask(hub_url(hub, data), "/api/v1/silences", {"over": over})
    if as_json:
        print(json.dumps(told, indent=2))
        return
    for one in told["silences"]:
        print(_line(one))
    if not told["silences"]:
        print("nothing is silenced")


def unsilence(
    silence_id: Annotated[str, typer.Argument(metavar="ID", help="As `leadline silences` shows it.")],
    author: Author = None,
    hub: HubUrl = None,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """End a silence before its time. What is still open and was never told is told then. Exit 1: there is none.

    Example: `leadline unsilence s-3`
    """
    from app.cli.hub_client import ask, hub_url, tell

    url = hub_url(hub, data)
    found = [str(one["id"]) for one in ask(url, "/api/v1/silences", {"limit": 1000})["silences"]]
    fitting = [one for one in found if one == silence_id] or [one for one in found if one.startswith(silence_id)]
    if not fitting:
        raise UserError(
            f"no silence in force or to come has an id like {silence_id}; see `leadline silences`", exit_code=1
        )
    if len(fitting) > 1:
        raise UserError(f"{silence_id} may be any of these; write more of it: {', '.join(fitting)}")
    told = tell(url, f"/api/v1/silences/{quote(fitting[0], safe='')}/end", {"author": author_of(author)})
    print(json.dumps(told, indent=2) if as_json else f"silence {told['id']} ended by {printable(told['ended_by'])}")


def _match(matchers: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in matchers:
        key, equals, values = one.partition("=")
        patterns = [value.strip() for value in values.split(",") if value.strip()]
        if not equals or not key or not patterns:
            raise UserError(
                f"{one}: write a matcher as KEY=VALUE, such as integration=hubspot or vendor=shopify,stripe"
            )
        found.setdefault(key.strip(), []).extend(patterns)
    return found


def _line(one: dict[str, Any]) -> str:
    match = " ".join(f"{key}={','.join(patterns)}" for key, patterns in one["match"].items())
    span = f"{at_second(one['starts_at'])} to {at_second(one['until'])}"
    by = f"{printable(one['author'])}: {printable(one['comment'])}"
    return f"{one['id'] or '–':<6}  {one['state']:<7}  {span}  {printable(match)}  {by}"


def _print_preview(told: dict[str, Any]) -> None:
    incidents, names = told["incidents"], told["integrations"]
    print(f"open incidents that it would mute: {len(incidents)}")
    for one in incidents:
        print(f"  {one['id']}  {printable(one['title'])}")
    print(f"integrations of which it would mute something: {len(names)}")
    for name in names:
        print(f"  {name}")
