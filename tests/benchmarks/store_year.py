"""The store at size: how large, how fast, and how it compares, in one run.

`python -m tests.benchmarks.store_year --rows 100000000 --folder DIR` keeps what it made; asked again it only asks.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from duckdb import DuckDBPyConnection

from config.model import Retention
from metrics.store.database import Store
from metrics.store.rollup.layout import tables
from metrics.store.rollup.tiers import TIERS
from metrics.store.sealing.layout import RAW
from metrics.store.sealing.months import month_files
from tests.benchmarks import store_prometheus, store_questions
from tests.benchmarks.machine import described
from tests.benchmarks.store_made import EVERY, HOT_DAYS, Made, made

ROWS: Final = 3_300_000
FOLDER: Final = "LEADLINE_BENCH_STORE"
"""Environment variable: the folder of a store that is kept from one run to the next."""
_BLOCK: Final = 262_144
_DAY_S: Final = 86_400


def lines(rows: int = ROWS, folder: str | None = None) -> Iterator[str]:
    """Sizes, questions, and Prometheus beside them."""
    kept = folder or os.environ.get(FOLDER)
    with tempfile.TemporaryDirectory() as passing, made(Path(kept or passing), rows) as there:
        yield from _made(there)
        yield from ("", *_sizes(there), "")
        yield from store_prometheus.lines(there)
        yield from ("", *store_questions.lines(there))


def _made(there: Made) -> Iterator[str]:
    counted = there.store.read(lambda con: con.execute("SELECT count(*) FROM steps").fetchone())
    assert counted is not None
    yield (
        f"{counted[0]:,} step rows: {there.days} days and a part of one, {len(there.config.integrations)} integrations "
        f"x 3 regions, 5 steps every {EVERY}; 256 MB of memory."
    )
    if there.took:
        yield f"{'; '.join(there.took).capitalize()}."


def _sizes(there: Made) -> Iterator[str]:
    """After a year a class is what a day of it takes, times the days that it is kept; the hot rows stay as many."""
    yield "| class | MB | bytes per step row of its days | MB after a year, as kept by default | all raw rows kept |"
    yield "|---|---|---|---|---|"
    kept, sums = _kept_days(Retention()), [0.0, 0.0, 0.0]
    for name, size in _classes(there.store):
        days = there.days - HOT_DAYS if name == "raw, sealed" else min(there.days, kept.get(name, 1))
        by_default, for_ever = (
            (size / days * most for most in (min(365, kept[name]), 365)) if name in kept else (size,) * 2
        )
        figures = [size, by_default, for_ever if name == "raw, sealed" else by_default]
        sums = [one + more for one, more in zip(sums, figures, strict=True)]
        rows = crowd_rows(there) * (HOT_DAYS if name == "raw, hot" else days)
        each = f"{size / rows:.1f}" if name in kept or name == "raw, hot" else ""
        yield f"| {name} | {size / 1e6:,.0f} | {each} | {figures[1] / 1e6:,.0f} | {figures[2] / 1e6:,.0f} |"
    yield f"| together | {' | | '.join((f'{sums[0] / 1e6:,.0f}', f'{sums[1] / 1e6:,.0f} | {sums[2] / 1e6:,.0f}'))} |"


def crowd_rows(there: Made) -> float:
    """Step rows of a day."""
    row = there.store.read(lambda con: con.execute("SELECT count(*), min(started_at) FROM steps").fetchone())
    assert row is not None
    return float(row[0] / ((there.now - row[1]).total_seconds() / _DAY_S))


def _kept_days(retention: Retention) -> dict[str, float]:
    ages = {
        "raw, sealed": retention.raw, "5 m": retention.rollup_5m, "1 h": retention.rollup_1h, "1 d": retention.rollup_1d
    }  # fmt: skip
    return {name: age.total_seconds() / _DAY_S for name, age in ages.items()}


def _classes(store: Store) -> Iterator[tuple[str, int]]:
    assert store.path is not None
    assert store.months is not None
    store.maintain(lambda con: con.execute("CHECKPOINT")).result()
    hot = store.read(lambda con: sum(_size(con, table.hot) for table in RAW))
    months = sum(file.stat().st_size for file in month_files(store.months).values())
    yield "raw, sealed", months
    yield "raw, hot", hot
    known = hot
    for tier, name in zip(TIERS, ("5 m", "1 h", "1 d"), strict=True):
        of_tier = store.read(lambda con, tier=tier: sum(_size(con, table) for table in tables(tier)))  # type: ignore[misc]
        known += of_tier
        yield name, of_tier
    yield "other", max(0, store.path.stat().st_size - known)


def _size(con: DuckDBPyConnection, table: str) -> int:
    sql = (
        "SELECT count(DISTINCT b) FROM (SELECT unnest(list_append(additional_block_ids, block_id)) AS b "  # noqa: S608
        f"FROM pragma_storage_info('{table}')) WHERE b >= 0"
    )
    row = con.execute(sql).fetchone()
    return (row[0] if row else 0) * _BLOCK


def main(arguments: list[str]) -> int:
    """Prints the subject at the size that is asked for."""
    parser = argparse.ArgumentParser(prog="tests.benchmarks.store_year")
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--folder", help="where the store is made and kept")
    chosen = parser.parse_args(arguments)
    print(described(), end="\n\n", flush=True)
    for line in lines(chosen.rows, chosen.folder):
        print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
