"""Which runs does the store hold of an integration, and when did the hub hear of each?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import duckdb
import numpy as np
from duckdb import DuckDBPyConnection
from numpy.typing import NDArray

from metrics.kinds import MAINTENANCE, OURS, UNMEASURED, sql_list
from metrics.model import Window
from metrics.sliced import Decided
from metrics.store.from_runs.reading import Runs, Wanted, values_of
from metrics.store.rollup.decided import CODED, Numbers
from metrics.store.rollup.layout import OUTCOMES, RUN_MEASURES
from metrics.store.schedule import Series
from probes.model import REQUESTED


@dataclass(frozen=True, slots=True)
class Told:
    """Why a run ended as it did; of what is not told there is None."""

    failed_step: str | None
    kind: str | None
    message: str | None
    status: int | None
    failed_integration: str | None
    run_id: str
    evidence_id: str | None


@dataclass(frozen=True, slots=True)
class RunRows:
    """Runs of one integration in the order in which streaks are told: by series, schedule, attempt and start.

    `runs` are the same rows as objectives judge them.
    """

    series: Sequence[Series]
    code: Numbers
    started_us: Numbers
    seen_us: Numbers
    """From when on the hub knew of it; never before it was started."""
    tells: NDArray[np.bool_]
    """Says how the workflow is: not one that was left out for maintenance."""
    measured: NDArray[np.bool_]
    """Decides its slice: no failure of our own."""
    held: NDArray[np.bool_]
    """Held back by an open circuit."""
    runs: Runs
    told: Mapping[int, Told]
    """By row, of those that have something to tell."""


def run_rows(con: DuckDBPyConnection, integration: str, window: Window, values: Sequence[str] = ()) -> RunRows:
    """Those that were started in the window; `values` are the recorded ones that objectives are about."""
    bounds = {"integration": integration, "start": window.start, "end": window.end}
    series = con.execute(_SERIES, bounds).fetchall()
    got = con.execute(_RUNS, bounds).fetchnumpy()
    numbers = {name: np.asarray(got[name]).astype(np.int64) for name in _NUMBERS}
    words = con.execute(_WORDS, bounds).fetchall()
    wanted = Wanted(series, [(window.start, window.end + timedelta(days=1))], values)
    way = (numbers["outcome"] << 6) + (numbers["kind"] << 1) + numbers["elsewhere"]
    runs = Runs(
        series=numbers["code"],
        start_ms=numbers["start_ms"],
        every_ms=numbers["every_s"],
        simulated=numbers["simulated"],
        outcome=numbers["outcome"],
        way=way,
        measures={name: _figures(got[name]) for name in RUN_MEASURES.values()},
        values=values_of(con, wanted, np.asarray(got["run"])) if values and series else {},
        skipped=Decided.joined(()),
    )
    flags = {name: numbers[name].astype(bool) for name in ("tells", "measured", "held")}
    told = {int(row): Told(*rest) for row, *rest in words}
    return RunRows(
        [tuple(one) for one in series],
        numbers["code"],
        numbers["started_us"],
        numbers["seen_us"],
        runs=runs,
        told=told,
        **flags,
    )


@contextmanager
def exported(runs: Path, recorded: Path | None) -> Iterator[DuckDBPyConnection]:
    """Exports of `runs` and `recorded` (Parquet) as if they were the tables of a store."""
    with duckdb.connect(":memory:", config={"threads": 1}) as con:
        con.execute("SET TimeZone = 'UTC'")
        con.read_parquet(str(runs)).create_view("runs")
        if recorded is not None:
            con.read_parquet(str(recorded)).create_view("recorded_values")
        yield con


def _figures(column: Any) -> NDArray[np.float64]:
    return np.ma.filled(np.ma.asarray(column).astype(np.float64), np.nan)


_NUMBERS: Final = (
    "code", "started_us", "seen_us", "start_ms", "every_s", "simulated", "outcome", "kind", "elsewhere", "tells",
    "measured", "held",
)  # fmt: skip

_WHERE: Final = f"""
integration = $integration AND started_at >= $start AND started_at < $end AND attempt > {REQUESTED} AND (
    outcome NOT IN {sql_list(UNMEASURED)} OR (outcome = 'skipped' AND failure_kind IS NOT NULL)
    OR (outcome = 'skipped' AND failure_kind IS NULL AND starts_with(skip_reason, '{MAINTENANCE}')))
"""

_SERIES: Final = f"SELECT DISTINCT integration, workflow, region FROM runs WHERE {_WHERE} ORDER BY ALL"  # noqa: S608

_ORDERED: Final = f"""
SELECT *, dense_rank() OVER (ORDER BY workflow, region) - 1 AS code,
       row_number() OVER (ORDER BY workflow, region, scheduled_at, attempt, started_at, run_id) - 1 AS row
FROM runs WHERE {_WHERE}
"""  # noqa: S608 - names of ours

_RUNS: Final = f"""
SELECT code, epoch_us(started_at) AS started_us, greatest(epoch_us(received_at), epoch_us(started_at)) AS seen_us,
       epoch_ms(slice_at) AS start_ms, {CODED}, failed_integration IS NOT NULL AS elsewhere,
       NOT (outcome = 'skipped' AND failure_kind IS NULL) AS tells,
       outcome = 'skipped' AND failure_kind IS NOT NULL AS held,
       (outcome = 'skipped' AND failure_kind IS NOT NULL)
           OR (outcome <> 'skipped' AND (failure_kind IS NULL OR failure_kind NOT IN {sql_list(OURS)})) AS measured,
       hash(run_id) AS run, {", ".join(RUN_MEASURES.values())}
FROM ({_ORDERED}) ORDER BY row
"""  # noqa: S608 - names of ours

_WORDS: Final = f"""
SELECT row, failed_step, failure_kind, failure_message, failed_status, failed_integration, run_id::VARCHAR, evidence_id
FROM ({_ORDERED}) WHERE outcome <> 'passed' OR failure_kind IS NOT NULL ORDER BY row
"""  # noqa: S608 - names of ours

PASSED, UNSTABLE, FAILED, THROTTLED = range(len(OUTCOMES))
