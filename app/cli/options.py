"""Options that mean the same in every command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.datadir import DEFAULT

ConfigDirectory = Annotated[
    Path,
    typer.Argument(metavar="[DIR]", help="Directory of YAML: leadline.yaml, alerts.yaml, one file an integration."),
]
Data = Annotated[Path, typer.Option("--data", metavar="DIR", help="Store, outbox, tokens and logs.", show_default=True)]
Port = Annotated[
    int | None, typer.Option("--port", min=0, max=65535, help="Port of the dashboard; 0 = any free one, printed.")
]
Host = Annotated[str | None, typer.Option("--host", help="Address to listen on; default from leadline.yaml.")]
HubUrl = Annotated[
    str | None, typer.Option("--hub", metavar="URL", help="A hub elsewhere; default: the one in --data.")
]
Author = Annotated[
    str | None, typer.Option("--author", metavar="NAME", help="Who does it; default: the user of this machine.")
]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]


def author_of(given: str | None) -> str:
    """Who does it: the name given, or the user of this machine."""
    import getpass

    return given or getpass.getuser()


CURRENT = Path()
DEFAULT_DATA = DEFAULT
