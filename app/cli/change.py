"""`leadline change`, `changes`: what was changed, so that it stands beside whatever breaks after it."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated, Any

import typer

from app.cli.options import DEFAULT_DATA, Author, Data, HubUrl, Json, author_of
from app.cli.terminal import at_second, printable
from app.errors import UserError


class Kind(StrEnum):
    """Of a change."""

    DEPLOY = "deploy"
    CONFIG = "config"
    VENDOR = "vendor"
    OTHER = "other"


def change(  # noqa: PLR0913, PLR0917 - each is an option that people write
    title: Annotated[str, typer.Argument(metavar="TITLE", help='What was changed, such as "Deploy 4.2".')],
    integrations: Annotated[
        list[str] | None, typer.Option("--integration", help="What it touches; may be repeated.")
    ] = None,
    flows: Annotated[list[str] | None, typer.Option("--flow", help="Every integration of it; may be repeated.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="It touches everything.")] = False,
    kind: Annotated[Kind, typer.Option("--kind")] = Kind.DEPLOY,
    at: Annotated[str | None, typer.Option("--at", help="When: 10m ago, 2026-11-20T08:00Z. Default: now.")] = None,
    link: Annotated[str, typer.Option("--link", metavar="URL", help="Where there is more.")] = "",
    author: Author = None,
    hub: HubUrl = None,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """Report a change: it stands in charts, and on the timeline of what breaks within six hours after it.

    Example: `leadline change "Deploy 4.2" --integration hubspot --link https://ci.example.com/4711`
    """
    from app.cli.hub_client import hub_url, tell

    body: dict[str, Any] = {"title": title, "kind": str(kind), "author": author_of(author), "link": link}
    body |= {"integrations": integrations or [], "flows": flows or [], "all": everything}
    body |= {"at": _instant(at)} if at else {}
    told = tell(hub_url(hub, data), "/api/v1/changes", body)
    print(json.dumps(told, indent=2) if as_json else _line(told))


def changes(
    since: Annotated[str, typer.Option("--since", help="From when on: 7d, 2026-11-20.")] = "7d",
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="The newest so many.")] = 100,
    hub: HubUrl = None,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """List the changes that were reported, newest first.

    Example: `leadline changes --since 24h`
    """
    from app.cli.hub_client import ask, hub_url

    told = ask(hub_url(hub, data), "/api/v1/changes", {"since": since, "limit": limit})
    if as_json:
        print(json.dumps(told, indent=2))
        return
    for one in told["changes"]:
        print(_line(one))
    if not told["changes"]:
        print(f"no change was reported since {since}")


def _instant(text: str) -> str:
    from app.clock import utc_now
    from app.moments import moment

    try:
        return moment(text.removesuffix(" ago"), utc_now()).isoformat()
    except ValueError as err:
        raise UserError(f"--at: {err}") from err


def _line(one: dict[str, Any]) -> str:
    about = ", ".join(one["flows"] or one["integrations"]) or "everything"
    link = f"  {printable(one['link'])}" if one["link"] else ""
    what = f"{one['kind']:<7} {printable(one['title'])}  of {printable(about)}  by {printable(one['by'])}{link}"
    return f"{one['id']:<6}  {at_second(one['at'])}  {what}"
