"""Which share of the time that was measured was each integration there?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from duckdb import DuckDBPyConnection

from metrics.kinds import GOOD, sql_list
from metrics.model import SliceCount, Window
from metrics.store.buckets import epoch_ms
from metrics.store.rollup.plan import Known, plan
from metrics.store.rollup.reading import decided_slices
from metrics.store.schedule import Segment, promised, read_changes, segments
from probes.model import Outcome


def availabilities(con: DuckDBPyConnection, names: Sequence[str], window: Window) -> tuple[SliceCount, ...]:
    """The slices of each integration by the rule of `availability`, in the order of the names."""
    relation, bounds = decided_slices([("1", plan(Known.read(con), window))])
    measured = {row[0]: row[1:] for row in con.execute(_SLICES.format(relation=relation), bounds).fetchall()}
    schedules: dict[str, list[list[Segment]]] = defaultdict(list)
    for (integration, _, _), changes in read_changes(con, names).items():
        schedules[integration].append(segments(changes))
    counts = []
    for name in names:
        good, bad, good_ms, bad_ms, simulated = measured.get(name, (0, 0, 0, 0, 0))
        promise = promised(schedules[name], epoch_ms(window.start), epoch_ms(window.end))
        counts.append(SliceCount(good, bad, promise.slices, int(good_ms), int(bad_ms), promise.ms, simulated))
    return tuple(counts)


_SLICES: Final = f"""
WITH judged AS (
    SELECT integration, n, outcome IN {sql_list(GOOD)} AS good, simulated,
           n * CAST(round(every_s * 1000) AS BIGINT) AS ms
    FROM {{relation}} WHERE outcome <> '{Outcome.THROTTLED}' AND NOT elsewhere
)
SELECT integration, coalesce(sum(n) FILTER (good), 0)::BIGINT, coalesce(sum(n) FILTER (NOT good), 0)::BIGINT,
       coalesce(sum(ms) FILTER (good), 0), coalesce(sum(ms) FILTER (NOT good), 0),
       coalesce(sum(n) FILTER (simulated), 0)::BIGINT
FROM judged GROUP BY integration
"""  # noqa: S608 - names of ours
