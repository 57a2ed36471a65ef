"""The command line. Each command is one file here plus one line in `_COMMANDS`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Final

import typer

from app.cli import (
    auth,
    backtest,
    change,
    channels,
    check,
    demo,
    doctor,
    export,
    hub,
    incidents,
    init,
    normal,
    prober,
    replay,
    report,
    run,
    silences,
    slo,
    sql,
    status,
    up,
    users,
)
from app.errors import UserError

_COMMANDS: Final[dict[str, Callable[..., None]]] = {
    "up": up.up,
    "hub": hub.hub,
    "prober": prober.prober,
    "init": init.init,
    "check": check.check,
    "run": run.run,
    "status": status.status,
    "incidents": incidents.incidents,
    "incident": incidents.incident,
    "ack": incidents.ack,
    "resolve": incidents.resolve,
    "comment": incidents.comment,
    "silence": silences.silence,
    "silences": silences.silences,
    "unsilence": silences.unsilence,
    "change": change.change,
    "changes": change.changes,
    "doctor": doctor.doctor,
    "sql": sql.sql,
    "export": export.export,
    "replay": replay.replay,
    "backtest": backtest.backtest,
}


def build() -> typer.Typer:
    """The whole command tree."""
    cli = typer.Typer(
        name="leadline",
        help="Watches the third-party APIs a business runs on.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        add_completion=False,
        rich_markup_mode="markdown",
    )
    cli.callback()(_root)
    cli.add_typer(demo.demo_app, name="demo")
    cli.add_typer(auth.auth_app, name="auth")
    cli.add_typer(channels.channels_app, name="channels")
    cli.add_typer(normal.normal_app, name="normal")
    cli.add_typer(slo.slo_app, name="slo")
    cli.add_typer(report.report_app, name="report")
    cli.add_typer(users.user_app, name="user")
    cli.add_typer(users.token_app, name="token")
    for name, command in _COMMANDS.items():
        cli.command(name)(command)
    return cli


def _root() -> None:
    """Watches the third-party APIs a business runs on. Start with `leadline demo`."""


def main() -> None:
    """Entry point of the script `leadline`: a user's mistake is one message and an exit code, never a traceback."""
    from app.logs import configure

    configure()
    try:
        build()()
    except UserError as err:
        print(f"leadline: {err}" if "\n" not in str(err) else str(err), file=sys.stderr)
        sys.exit(err.exit_code)
    except BrokenPipeError:
        # The reader of our output (`| head`) went away: not worth a word.
        sys.stderr.close()
        sys.exit(0)
