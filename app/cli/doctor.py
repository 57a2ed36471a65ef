"""`leadline doctor`: what is wrong with this installation, and the remedy."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Final

import typer

from app.cli.options import DEFAULT_DATA, Data, Json

_MARKS: Final = {"ok": "✓", "note": "·", "problem": "✗"}


def doctor(
    directory: Annotated[Path | None, typer.Argument(metavar="[DIR]", help="Also check this configuration.")] = None,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """Examine this installation. Exit 0: nothing wrong; 1: a problem, with its remedy.

    Example: `leadline doctor ./monitoring`
    """
    import os

    from app.clock import utc_now
    from app.datadir import DataDirectory
    from app.doctor import Patient, Verdict, examine

    findings = examine(Patient(directory, DataDirectory(data), os.environ, utc_now()))
    if as_json:
        print(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        for finding in findings:
            print(f"{_MARKS[finding.verdict]} {finding.check}: {finding.seen}")
            if finding.remedy:
                print(f"    → {finding.remedy}")
    raise typer.Exit(1 if any(finding.verdict is Verdict.PROBLEM for finding in findings) else 0)
