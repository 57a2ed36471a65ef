"""`leadline channels`: how each way of telling people fares, and proof that it works."""

from __future__ import annotations

import json
from typing import Annotated, Any, Final

import typer

from app.cli.options import DEFAULT_DATA, Data, HubUrl, Json
from app.errors import UserError

channels_app = typer.Typer(
    invoke_without_command=True, help="How each way of telling people fares; prove that one works."
)

_MARKS: Final = {"ok": "✓", "failing": "~", "broken": "✗", "unproven": "·"}
_TEST_TAKES_S: Final = 45.0


@channels_app.callback()
def show(context: typer.Context, hub: HubUrl = None, data: Data = DEFAULT_DATA, as_json: Json = False) -> None:
    """Show every channel: what waits, what failed last, when it was tested. Exit 1: one does not work.

    Example: `leadline channels`
    """
    if context.invoked_subcommand is not None:
        return
    found = _channels(hub, data)
    if as_json:
        print(json.dumps(found, indent=2))
    else:
        for channel in found:
            print(_line(channel))
    raise typer.Exit(1 if any(channel["state"] in ("broken", "failing") for channel in found) else 0)


@channels_app.command(name="test")
def prove(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="One channel; all of them without.")] = None,
    by: Annotated[str | None, typer.Option("--author", help="Who asks; default: the user of this machine.")] = None,
    hub: HubUrl = None,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """Prove that channels work, with the least noise that each service allows. Exit 1: one does not.

    Example: `leadline channels test on-call`
    """
    import getpass

    from app.cli.hub_client import hub_url

    url, author = hub_url(hub, data), by or getpass.getuser()
    names = [name] if name else [channel["name"] for channel in _channels(hub, data)]
    shown = [_tested(url, one, author) for one in names]
    if as_json:
        print(json.dumps(shown, indent=2))
    else:
        for one in shown:
            print(f"{_MARKS['ok' if one['ok'] else 'broken']} {one['channel']}: {one['answer']}")
    raise typer.Exit(0 if all(one["ok"] for one in shown) else 1)


def _channels(hub: Any, data: Any) -> list[dict[str, Any]]:
    from app.cli.hub_client import ask, hub_url

    url = hub_url(hub, data)
    told = ask(url, "/api/v1/channels")
    if not isinstance(told, dict) or not isinstance(told.get("channels"), list):
        raise UserError(f"{url}: what answers there is not a Leadline hub of this version", exit_code=1)
    return list(told["channels"])


def _tested(url: str, name: str, author: str) -> dict[str, Any]:
    from urllib.parse import quote

    from app.cli.hub_client import answered, document

    address = f"{url}/api/v1/channels/{quote(name, safe='')}/test"
    with answered("POST", address, body={"author": author}, timeout=_TEST_TAKES_S) as answer:
        answer.read()
        return dict(document(answer, url))


def _line(channel: dict[str, Any]) -> str:
    parts = [channel["state"]]
    if channel["problem"]:
        parts.append(f"since {channel['failing_since'][:19]}Z: {channel['problem']}")
    if channel["circuit_open"]:
        parts.append(f"circuit open, next trial {(channel['held_until'] or 'now')[11:19]} UTC")
    if channel["waiting"]:
        parts.append(f"{channel['waiting']} waiting since {channel['oldest_waiting_at'][:19]}Z")
    parts.append(f"delivered {channel['last_ok_at'][:19]}Z" if channel["last_ok_at"] else "nothing delivered yet")
    parts.append(f"tested {channel['test']['at'][:19]}Z" if channel["test"] else "never tested")
    return f"{_MARKS[channel['state']]} {channel['name']} ({channel['kind']}): {' · '.join(parts)}"
