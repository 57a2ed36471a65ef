"""`python -m app.cli.load_history`: puts simulated history into a store before its hub starts.

A process of its own, so that `leadline demo` itself stays small and its progress is a line on the terminal.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from app.clock import utc_now
from app.datadir import DataDirectory
from app.errors import UserError
from app.lifeline import orphaned
from app.sandbox.vendors import VENDOR_SIMULATORS
from app.wiring import load_config
from config.model import Config
from metrics.history import load
from metrics.store.database import Store
from metrics.store.failures import StoreError


def fill(data: DataDirectory, config: Config, days: int) -> int:
    """Load `days` of history up to now, at the sandbox's own usual latencies; returns the number of runs."""
    levels = {name: simulator.profile.usual_ms for name, simulator in VENDOR_SIMULATORS.items()}
    store = Store.open(data.create().store)
    try:
        return load(store, config, now=utc_now(), days=days, levels=levels, progress=_progress)
    finally:
        store.close()


def _progress(share: float) -> None:
    if orphaned():
        raise UserError("stopped, because what started this is gone", exit_code=1)
    if sys.stdout.isatty():
        print(f"\rsimulated history: {share * 100:3.0f} %", end="\n" if share >= 1 else "", flush=True)


def main(arguments: list[str], environ: Mapping[str, str]) -> int:
    """Exit code 0 when the history is there, 1 or 2 with a message otherwise."""
    parser = argparse.ArgumentParser(prog="app.cli.load_history")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--days", type=int, required=True)
    chosen = parser.parse_args(arguments)
    started = time.monotonic()
    try:
        runs = fill(DataDirectory(chosen.data), load_config(chosen.directory, environ), chosen.days)
    except (UserError, StoreError) as err:
        print(f"leadline: {err}", file=sys.stderr)
        return 1
    seconds = time.monotonic() - started
    what = f"{runs:,} runs over {chosen.days} days in {seconds:.1f} s" if runs else "there already"
    print(f"simulated history: {what}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
