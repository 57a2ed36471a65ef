"""How much of what the schedules promised was measured?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta, tzinfo
from itertools import pairwise

import numpy as np
from duckdb import DuckDBPyConnection

from config.model import Integration
from metrics.model import Coverage, Window
from metrics.store.asked import Schedules, Zones, place_series, series_of
from metrics.store.rollup.cells import CellMemo
from metrics.store.rollup.decided import Numbers, Targets, unpacked
from metrics.store.rollup.plan import Known
from metrics.store.schedule import read_series


def coverage(
    con: DuckDBPyConnection, integrations: Sequence[Integration], windows: Sequence[Window]
) -> tuple[Coverage, ...]:
    """By series that the configuration has and window: slices that were decided by a run that says something about the
    vendor, whatever it says, and slices that were promised. A throttled run counts, a skipped or tainted one does not.

    A series that was never measured has nothing expected of it.
    """
    names = {integration.name for integration in integrations}
    only = next(iter(names)) if len(names) == 1 else None
    rows = read_series(con, only)
    places, numbers = place_series(rows)
    zones = Zones.of(set(windows))
    found = np.concatenate(
        [
            _measured(con, Targets(numbers, (), {}, {}, 1, only), zones),
            Schedules.of(rows, places).promised(zones.edges_ms, len(numbers)),
        ],
        axis=2,
    )
    starts, ends = zones.place(windows)
    counts = (found[:, ends] - found[:, starts]).tolist()
    nothing = [[0, 0, 0, 0]] * len(windows)
    return tuple(
        Coverage(window, *series, measured=some, measured_ms=some_ms, expected=all_of_it, expected_ms=all_ms)
        for integration in integrations
        for series in series_of(integration)
        for window, (some, some_ms, all_of_it, all_ms) in zip(
            windows, counts[places[series]] if series in places else nothing, strict=True
        )
    )


def coverage_by_integration(
    con: DuckDBPyConnection, integrations: Sequence[Integration], windows: Sequence[Window]
) -> tuple[Coverage, ...]:
    """`coverage`, all workflows and regions of an integration together."""
    found: dict[tuple[str, Window], list[Coverage]] = defaultdict(list)
    for one in coverage(con, integrations, windows):
        found[one.integration, one.window].append(one)
    return tuple(_together(parts) for parts in found.values())


def days(window: Window, zone: tzinfo) -> tuple[Window, ...]:
    """The calendar days of that zone in the window, the first and the last as far as they lie in it; some have 23 or 25
    hours."""
    day = window.start.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    edges = [window.start]
    while (day := day + timedelta(days=1)) < window.end:
        edges.append(max(window.start, day))
    return tuple(Window(start, end) for start, end in pairwise([*edges, window.end]) if start < end)


def _measured(con: DuckDBPyConnection, targets: Targets, zones: Zones) -> Numbers:
    """Slices that were decided, and their milliseconds, before each edge: [series, edge, 2]."""
    rows = CellMemo().add_up(con, Known.read(con), targets, zones.windows, {}).rows
    target, every_ms, _, _ = unpacked(rows.key)
    found = np.zeros((len(targets.rows), len(zones.edges_ms), 2), np.int64)
    n = rows.n.astype(np.int64)
    np.add.at(found, (target, rows.where + 1), np.stack([n, n * every_ms], axis=1))
    return np.cumsum(found, axis=1)


def _together(parts: Sequence[Coverage]) -> Coverage:
    first = parts[0]
    measured, measured_ms, expected, expected_ms = (
        sum(getattr(part, name) for part in parts) for name in ("measured", "measured_ms", "expected", "expected_ms")
    )
    return Coverage(
        first.window,
        first.integration,
        None,
        None,
        measured=measured,
        measured_ms=measured_ms,
        expected=expected,
        expected_ms=expected_ms,
    )
