"""`leadline init`: a commented starter set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.errors import UserError


def init(directory: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write; made if missing.")]) -> None:
    """Write a commented starter configuration; never overwrites a file.

    Example: `leadline init monitoring && leadline check monitoring`
    """
    from app.wiring import plugins
    from config.starter import StarterError, write_starter

    try:
        written = write_starter(directory, plugins())
    except StarterError as err:
        raise UserError(str(err)) from err
    for path in written:
        print(path)
    print(f"next: edit {directory}/example.yaml, then `leadline check {directory}` and `leadline run {directory}`")
