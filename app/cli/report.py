"""`leadline report`: what was, of a week or after an incident, for people who decide what to do about it."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from app.cli.options import DEFAULT_DATA, Data, HubUrl
from app.errors import UserError

report_app = typer.Typer(no_args_is_help=True, help="The weekly review, and the report after an incident.")
_WITHIN_S: Final = 180.0


class Format(StrEnum):
    """How a report is written."""

    HTML = "html"
    PDF = "pdf"
    MD = "md"
    JSON = "json"


Form = Annotated[Format | None, typer.Option("--format", help="Default: as FILE ends; without a file: md.")]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to; replaced once it is whole.")
]


@report_app.command()
def weekly(
    week: Annotated[
        str | None, typer.Option("--week", metavar="WEEK", help="2026-W47; default: this week so far.")
    ] = None,
    form: Form = None,
    output: Output = None,
    hub: HubUrl = None,
    data: Data = DEFAULT_DATA,
) -> None:
    """Review an ISO week against the one before: objectives, incidents, regressions, what runs out next.

    Weeks begin on Monday, on the wall clock of `hub.timezone`. Exit 2 for a week that has not begun.

    Example: `leadline report weekly --week 2026-W47 -o review.pdf`
    """
    _write("weekly", {"week": week} if week else {}, form, output, hub, data)


@report_app.command()
def incident(
    incident_id: Annotated[str, typer.Argument(metavar="ID", help="As it stands on every message.")],
    form: Form = None,
    output: Output = None,
    hub: HubUrl = None,
    data: Data = DEFAULT_DATA,
) -> None:
    """Tell of an incident: timeline, what it cost, how fast it was met, evidence; so far, where it still goes on.

    Exit 1 where there is no such incident.

    Example: `leadline report incident 20261122-030000-hubspot --format html -o report.html`
    """
    from urllib.parse import quote

    _write(f"incident/{quote(incident_id, safe='')}", {}, form, output, hub, data)


def _write(
    what: str, asked: dict[str, str], form: Format | None, output: Path | None, hub: str | None, data: Path
) -> None:
    from app.cli.hub_client import answered, hub_url

    chosen = form or _by_name(output)
    if output is None and chosen is Format.PDF and sys.stdout.isatty():
        raise UserError("a PDF is no text: write it to a file with -o FILE")
    url = f"{hub_url(hub, data)}/api/v1/reports/{what}"
    with answered("GET", url, params={**asked, "format": chosen.value}, timeout=_WITHIN_S) as answer:
        content = answer.read()
    if output is None:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    _save(output, content)
    print(f"{output}: {len(content):,} bytes", file=sys.stderr)


def _by_name(output: Path | None) -> Format:
    if output is None:
        return Format.MD
    suffix = output.suffix.removeprefix(".").lower()
    known = {"htm": "html", "markdown": "md"}
    try:
        return Format(known.get(suffix, suffix))
    except ValueError:
        raise UserError(f"{output}: say --format html, pdf, md or json, or give the file that ending") from None


def _save(path: Path, content: bytes) -> None:
    """Whole or not at all."""
    import os

    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        draft.write_bytes(content)
        draft.replace(path)
    except OSError as err:
        raise UserError(f"{path}: cannot be written ({err.strerror or err})", exit_code=1) from err
    finally:
        draft.unlink(missing_ok=True)
