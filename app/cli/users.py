"""`leadline user` and `leadline token`: who may sign in, and with which tokens scripts come."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any
from urllib.parse import quote

import typer

from app.cli.options import DEFAULT_DATA, Author, Data, HubUrl, Json, author_of
from app.cli.terminal import at_second, printable
from app.errors import UserError

user_app = typer.Typer(no_args_is_help=True, help="People who sign in: add, list, password, role, disable, sessions.")
token_app = typer.Typer(no_args_is_help=True, help="Tokens for scripts and CI: add, list, revoke.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="By which they sign in; in any case of its letters.")]
RoleOption = Annotated[
    str, typer.Option("--role", metavar="ROLE", help="viewer (looks), responder (also acts), admin (also users).")
]
PasswordFrom = Annotated[
    str | None,
    typer.Option(
        "--password",
        metavar="REFERENCE",
        help="${file:/path} or ${env:NAME}, or - for stdin. Default: a prompt. Never the password itself.",
    ),
]


@user_app.command()
def add(
    name: Name,
    role: RoleOption = "viewer",
    password: PasswordFrom = None,
    author: Author = None,
    hub: HubUrl = None,
    data: Data = DEFAULT_DATA,
) -> None:
    """Add somebody. Works with and without a running hub, so that the first user can be made.

    Example: `leadline user add ada --role admin`
    """
    body = {"name": name, "role": role, "password": _password(password), "author": author_of(author)}
    made = _ask("POST", "/users", body, hub, data)
    print(f"{made['name']} may sign in as {made['role']}")


@user_app.command(name="list")
def list_users(hub: HubUrl = None, data: Data = DEFAULT_DATA, as_json: Json = False) -> None:
    """List who may sign in by password.

    Example: `leadline user list`
    """
    found = _ask("GET", "/users", None, hub, data)
    if as_json:
        print(json.dumps(found, indent=2))
        return
    for one in found["users"]:
        state = f"disabled {at_second(one['disabled_at'])}" if one["disabled_at"] else f"{one['sessions']} sessions"
        print(f"{printable(one['name']):<24}  {one['role']:<9}  {state}")
    if not found["users"]:
        print("nobody; add the first with `leadline user add NAME --role admin`")


@user_app.command()
def password(
    name: Name,
    password: PasswordFrom = None,
    author: Author = None,
    hub: HubUrl = None,
    data: Data = DEFAULT_DATA,
) -> None:
    """Set another password; every session of that name ends.

    Example: `leadline user password ada`
    """
    told = _act(name, "password", {"password": _password(password)}, author, hub, data)
    print(f"{told['name']} has another password; {_ended(told)}")


@user_app.command()
def role(
    name: Name,
    role: Annotated[str, typer.Argument(metavar="ROLE", help="viewer, responder or admin.")],
    author: Author = None,
    hub: HubUrl = None,
    data: Data = DEFAULT_DATA,
) -> None:
    """Give another role, from the next request on.

    Example: `leadline user role ada responder`
    """
    told = _act(name, "role", {"role": role}, author, hub, data)
    print(f"{told['name']} is {told['role']}")


@user_app.command()
def disable(name: Name, author: Author = None, hub: HubUrl = None, data: Data = DEFAULT_DATA) -> None:
    """Let nobody sign in by that name, and end its sessions; `enable` takes it back.

    Example: `leadline user disable ada`
    """
    told = _act(name, "disable", {}, author, hub, data)
    print(f"{told['name']} may not sign in any more; {_ended(told)}")


@user_app.command()
def enable(name: Name, author: Author = None, hub: HubUrl = None, data: Data = DEFAULT_DATA) -> None:
    """Let somebody sign in again.

    Example: `leadline user enable ada`
    """
    told = _act(name, "enable", {}, author, hub, data)
    print(f"{told['name']} may sign in again")


@user_app.command()
def sessions(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Of one name; of all without.")] = None,
    hub: HubUrl = None,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """List who is signed in: since when, last used, from where.

    Example: `leadline user sessions ada`
    """
    found = _ask("GET", f"/sessions{f'?user={quote(name)}' if name else ''}", None, hub, data)
    if as_json:
        print(json.dumps(found, indent=2))
        return
    for one in found["sessions"]:
        used = f"since {at_second(one['began_at'])}, used {at_second(one['seen_at'])}"
        print(f"{one['id']}  {printable(one['user']):<24}  {used}  {one['address']}  {printable(one['agent'])[:60]}")
    if not found["sessions"]:
        print("nobody is signed in")


@user_app.command()
def revoke(
    name: Annotated[str, typer.Argument(metavar="NAME|SESSION", help="All sessions of a name, or one by its id.")],
    author: Author = None,
    hub: HubUrl = None,
    data: Data = DEFAULT_DATA,
) -> None:
    """End sessions at once: the next request of that browser, and its live page, find nobody signed in.

    Example: `leadline user revoke ada`
    """
    body = {"author": author_of(author)}
    place = f"/sessions/{quote(name)}/end" if name.startswith("se-") else f"/users/{quote(name, safe='')}/revoke"
    told = _ask("POST", place, body, hub, data)
    print(_ended(told))


@token_app.command(name="add")
def issue(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What stands in the audit log for what it does.")],
    role: RoleOption = "viewer",
    lasts: Annotated[str, typer.Option("--for", metavar="DURATION", help="At most 400d.")] = "90d",
    author: Author = None,
    hub: HubUrl = None,
    data: Data = DEFAULT_DATA,
) -> None:
    """Make a token and print it, this once. Commands take it from LEADLINE_TOKEN.

    Example: `leadline token add ci --role responder --for 90d`
    """
    body = {"name": name, "role": role, "for": lasts, "author": author_of(author)}
    made = _ask("POST", "/tokens", body, hub, data)
    print(
        f"token {made['name']}, {made['role']} until {at_second(made['expires_at'])}; it is not shown again:",
        file=sys.stderr,
    )
    print(made["token"])


@token_app.command(name="list")
def list_tokens(hub: HubUrl = None, data: Data = DEFAULT_DATA, as_json: Json = False) -> None:
    """List the tokens, without the tokens themselves.

    Example: `leadline token list`
    """
    found = _ask("GET", "/tokens", None, hub, data)
    if as_json:
        print(json.dumps(found, indent=2))
        return
    for one in found["tokens"]:
        by = f"made by {printable(one['created_by'])}"
        print(f"{printable(one['name']):<24}  {one['role']:<9}  until {at_second(one['expires_at'])}  {by}")
    if not found["tokens"]:
        print("there is none; make one with `leadline token add NAME --role viewer`")


@token_app.command(name="revoke")
def revoke_token(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As `leadline token list` shows it.")],
    author: Author = None,
    hub: HubUrl = None,
    data: Data = DEFAULT_DATA,
) -> None:
    """Let nobody come with that token any more.

    Example: `leadline token revoke ci`
    """
    _ask("POST", f"/tokens/{quote(name, safe='')}/revoke", {"author": author_of(author)}, hub, data)
    print(f"token {name} is revoked")


def _act(name: str, act: str, body: dict[str, Any], author: str | None, hub: str | None, data: Any) -> Any:
    return _ask("POST", f"/users/{quote(name, safe='')}/{act}", {**body, "author": author_of(author)}, hub, data)


def _ask(method: str, path: str, body: dict[str, Any] | None, hub: str | None, data: Any) -> Any:
    from app.cli.accounts_client import accounts

    return accounts(method, path, body, hub, data)


def _ended(told: dict[str, Any]) -> str:
    count = told["ended"]
    return f"{count} session{'' if count == 1 else 's'} ended"


def _password(given: str | None) -> str:
    """By prompt, from stdin, or where a reference leads: a password on the command line would stand in its history and
    in the list of processes."""
    import os

    from config.secrets import SecretRef, UnresolvedReference

    if given is None and sys.stdin.isatty():
        return str(typer.prompt("password", hide_input=True, confirmation_prompt=True, err=True))
    if given in (None, "-"):
        return sys.stdin.readline().rstrip("\r\n")
    try:
        return SecretRef(given).reveal(os.environ).get_secret_value()
    except ValueError as err:
        raise UserError(f"--password: {err}; or give it by prompt, or on stdin with --password -") from None
    except UnresolvedReference as err:
        raise UserError(f"--password: {err}") from None
