"""`leadline normal`: what is normal for an integration at this hour, and what people say about it."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any, Final

import typer

from app.cli.options import DEFAULT_DATA, Data, HubUrl, Json
from app.errors import UserError

normal_app = typer.Typer(no_args_is_help=True, help="What is normal at this hour; accept a new level, exclude a range.")

Integration = Annotated[str, typer.Argument(metavar="INTEGRATION", help="Its name in the configuration.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; kept in the audit log.")]
By = Annotated[str | None, typer.Option("--by", help="Who says so; default: the user of this machine.")]
_ONLY: Final = {"workflow": "workflow", "region": "region", "step": "subject"}
Only = Annotated[
    list[str] | None,
    typer.Option("--only", metavar="KEY=VALUE", help="workflow=NAME, region=NAME or step=NAME; may be repeated."),
]


@normal_app.command()
def show(integration: Integration, hub: HubUrl = None, data: Data = DEFAULT_DATA, as_json: Json = False) -> None:
    """Show each series of an integration against what is normal for it, as learned from its own past.

    --json adds what is normal in each of the next 24 hours.

    Example: `leadline normal show hubspot`
    """
    from app.cli.hub_client import answered, document, hub_url

    url = hub_url(hub, data)
    with answered("GET", f"{url}/api/v1/normal", params={"integration": integration}) as answer:
        answer.read()
        told = document(answer, url)
    if as_json:
        print(json.dumps(told, indent=2))
        return
    for one in sorted(told["series"], key=_worst_first):
        print(_line(one))
    if not told["series"]:
        print("nothing is learned yet")


@normal_app.command()
def accept(
    integration: Integration,
    reason: Reason,
    by: By = None,
    only: Only = None,
    hub: HubUrl = None,
    data: Data = DEFAULT_DATA,
) -> None:
    """Take the level that series above their limit are at for normal from now on. Exit 1: none of them is above.

    Example: `leadline normal accept hubspot --reason "they moved to another region"`
    """
    about = _about(integration, only or [], reason, by)
    print(f"accepted: the new level of {_sent('accept', about, hub, data)} series is normal within five minutes")


@normal_app.command()
def exclude(
    integration: Integration,
    start: Annotated[datetime, typer.Option("--from", help="2026-11-22T14:00, in this machine's time zone.")],
    end: Annotated[datetime, typer.Option("--to", help="As --from; may lie up to a year ahead.")],
    reason: Reason,
    by: By = None,
    only: Only = None,
    hub: HubUrl = None,
    data: Data = DEFAULT_DATA,
) -> None:
    """Learn nothing from a range of time, such as a load test or a migration. It may be up to 14 days old.

    Example: `leadline normal exclude hubspot --from 2026-11-22T14:00 --to 2026-11-22T16:00 --reason "load test"`
    """
    span = {"start": start.astimezone().isoformat(), "end": end.astimezone().isoformat()}
    about = _about(integration, only or [], reason, by) | span
    print(f"excluded: {_sent('exclude', about, hub, data)} series learn nothing from that time")


def _about(integration: str, only: list[str], reason: str, by: str | None) -> dict[str, Any]:
    import getpass

    narrowed = {}
    for one in only:
        key, equals, value = one.partition("=")
        if not equals or key not in _ONLY:
            raise UserError(f"--only {one}: write it as workflow=NAME, region=NAME or step=NAME", exit_code=2)
        narrowed[_ONLY[key]] = value
    return {"integration": integration, **narrowed, "reason": reason, "author": by or getpass.getuser()}


def _sent(what: str, body: dict[str, Any], hub: Any, data: Any) -> int:
    from app.cli.hub_client import answered, document, hub_url

    url = hub_url(hub, data)
    with answered("POST", f"{url}/api/v1/normal/{what}", body=body) as answer:
        answer.read()
        return int(document(answer, url)["series"])


def _worst_first(one: dict[str, Any]) -> tuple[bool, bool]:
    return not one["firing"], one["usual"] is None


def _line(one: dict[str, Any]) -> str:
    unit = "" if one["measure"] == "recorded" else " ms"
    value, usual, limit = (
        "–" if one[name] is None else f"{one[name]:.4g}{unit}" for name in ("value", "usual", "limit")
    )
    name = f"{one['workflow']} / {one['subject']} · {one['region']} · {one['measure']}"
    known = f"n = {one['hours']} h, {one['kind']}"
    state = "ABOVE" if one["firing"] else "ok"
    return f"{state:5} {name}: {value}, usually {usual} at this hour, limit {limit} ({known})"
