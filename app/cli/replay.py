"""`leadline replay`: recorded probes through ingest and judgement, to see which alerts they would have raised."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated, TextIO

import typer

from app.errors import UserError


def replay(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="meta.json and probes/*.csv, see docs/judgement.md.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="Where the alerts go, a line of JSON each.")],
) -> None:
    """Take recorded probes in, judge them by learned limits with a simulated clock, and write every alert.

    A line is `{"series", "fired_at", "resolved_at", "words"}`; instants are seconds since the epoch, `resolved_at` is
    null where the recording ends first. The store that it fills is thrown away.

    Example: `leadline replay recorded/ --out alerts.jsonl`
    """
    from metrics.replay import Suite, SuiteProblem
    from metrics.replay import replay as replayed
    from metrics.store.database import Store

    try:
        suite = Suite.read(folder)
    except SuiteProblem as err:
        raise UserError(str(err), exit_code=2) from err
    began, alerts = time.monotonic(), 0
    with tempfile.TemporaryDirectory(prefix="leadline-replay-") as place, _written(out) as lines:
        store = Store.open(Path(place) / "leadline.duckdb")
        try:
            for alert in replayed(suite, store, _progress):
                line = {"series": alert.series, "fired_at": alert.fired_at, "resolved_at": alert.resolved_at}
                lines.write(json.dumps(line | {"words": alert.words}, ensure_ascii=False) + "\n")
                alerts += 1
        finally:
            store.close()
    seconds = time.monotonic() - began
    rate = suite.probes / max(seconds, 1e-9)
    print(f"{suite.probes:,} probes of {len(suite.recordings)} series in {seconds:.1f} s ({rate:,.0f} a second): "
          f"{alerts:,} alerts in {out}", file=sys.stderr)  # fmt: skip


def _written(path: Path) -> TextIO:
    try:
        return path.open("w", encoding="utf-8")
    except OSError as err:
        raise UserError(
            f"{path}: {err.strerror or err}; --out names a file in a folder that is there", exit_code=2
        ) from err


def _progress(share: float) -> None:
    if sys.stderr.isatty():
        print(f"\rreplay: {share * 100:3.0f} %", end="\n" if share >= 1 else "", file=sys.stderr, flush=True)
