"""`leadline export`: measurements as a file, for a notebook or a spreadsheet."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from app.cli.options import DEFAULT_DATA, Data, HubUrl
from app.errors import UserError


class Kind(StrEnum):
    """The formats of a file."""

    PARQUET = "parquet"
    CSV = "csv"


def export(
    since: Annotated[str, typer.Option("--since", metavar="WHEN", help="7d, 90m, or an instant: 2026-11-20T08:00Z.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Where to; replaced once it is whole.")
    ],
    until: Annotated[str, typer.Option("--until", metavar="WHEN", help="As --since.")] = "now",
    what: Annotated[
        str,
        typer.Option(
            "--what",
            help="runs, steps, latency, latency_5m, latency_1d, errors, availability, quota, recorded or incidents.",
        ),
    ] = "steps",
    integration: Annotated[str | None, typer.Option("--integration", metavar="NAME", help="Of this one only.")] = None,
    form: Annotated[Kind | None, typer.Option("--format", help="Default: as FILE ends.")] = None,
    hub: HubUrl = None,
    data: Data = DEFAULT_DATA,
) -> None:
    """Write what the running hub has measured to a Parquet or CSV file, in order of time, and say how many rows.

    The file is there once it is whole; one that is broken off leaves nothing, and what was there before it. The columns
    are those of the views (docs/store.md): `runs` is v_runs, `latency` v_latency_1h, and so on.

    Example: `leadline export --since 7d --what steps --format parquet -o steps.parquet`
    """
    from app.cli.export_file import Request, save
    from app.cli.hub_client import hub_url

    kind = form or _by_name(output)
    asked = {"since": since, "until": until} | ({"integration": integration} if integration else {})
    saved = save(Request(f"{hub_url(hub, data)}/api/v1/export/{what}", asked), output, kind.value)
    print(f"{output}: {saved.rows:,} rows, {saved.size:,} bytes", file=sys.stderr)


def _by_name(output: Path) -> Kind:
    try:
        return Kind(output.suffix.removeprefix(".").lower())
    except ValueError:
        raise UserError(f"{output}: say --format parquet or csv, or give the file that ending") from None
