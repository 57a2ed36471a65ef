"""One look at everything that alerts depend on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator
from datetime import datetime

import numpy as np
from duckdb import DuckDBPyConnection

from config.model import Config
from metrics import slo
from metrics.calendars import budget_window
from metrics.forecasting import ForecastMemo, quota_forecasts
from metrics.model import Evaluation, LearnedVerdict, ObjectiveStatus, SliceCount, Window
from metrics.store.credentials import certificates, credentials
from metrics.store.from_runs.counting import count_from_runs
from metrics.store.lifecycle import vendor_signals
from metrics.store.limit_standings import limit_standings
from metrics.store.probers import probers
from metrics.store.quota import quota_levels
from metrics.store.recorded import recorded_levels
from metrics.store.rollup.decided import Numbers
from metrics.store.shapes import shape_findings
from metrics.store.slices import Promised, Questions, SliceMemo, promised_ms, slice_tables
from metrics.store.tallies import Table
from metrics.store.unreported import unreported
from metrics.store.verdicts import workflow_verdicts


def evaluate(
    con: DuckDBPyConnection,
    config: Config,
    now: datetime,
    memo: SliceMemo | None = None,
    forecasts: ForecastMemo | None = None,
    learned: tuple[LearnedVerdict, ...] | None = None,
) -> Evaluation:
    """What the store knows at `now` about every configured workflow and objective, every prober and every quota.

    With memos, what closed time amounts to is read once, and quotas are forecast once a minute. `learned` is what
    `LearnedLimits` found to be off.
    """
    levels = quota_levels(con, now)
    verdicts = workflow_verdicts(con, config, now)
    return Evaluation(
        at=now,
        workflows=verdicts,
        objectives=objective_statuses(con, config, now, memo),
        probers=probers(con, now, config.alerting.confirm.prober_silent_after),
        quotas=levels,
        forecasts=quota_forecasts(con, config, levels, now, forecasts),
        recorded=recorded_levels(con, config, now),
        signals=vendor_signals(con, now),
        drift=shape_findings(con),
        credentials=credentials(con),
        certificates=certificates(con),
        learned=learned,
        limits=limit_standings(con, config, now),
        unreported=unreported(con, verdicts, now),
    )


def objective_statuses(
    con: DuckDBPyConnection, config: Config, now: datetime, memo: SliceMemo | None = None
) -> tuple[ObjectiveStatus, ...]:
    """How every objective of the configuration stands, in its order."""
    memo = memo or SliceMemo()
    promised = memo.promised(config)
    least = config.alerting.confirm.min_bad_slices
    groups = [(slo.windows(one, now, every, least), numbers) for one, every, numbers in promised.alike]
    found: dict[int, ObjectiveStatus] = {}
    for table in slice_tables(con, Questions(promised.pairs, groups), memo):
        asked = [promised.names[number] for number in table.numbers]
        ahead = _ahead(con, promised, table, now, memo)
        statuses = slo.objective_statuses(asked, table.windows, table.counts, least, ahead)
        found |= zip((promised.places[number] for number in table.numbers), statuses, strict=True)
    found |= _from_runs(con, config, now, memo)
    return tuple(found[place] for place in sorted(found))


def _from_runs(
    con: DuckDBPyConnection, config: Config, now: datetime, memo: SliceMemo
) -> Iterator[tuple[int, ObjectiveStatus]]:
    """Those that roll-ups cannot count, each with its place in the order of the configuration."""
    watched, least = memo.runs.of(config), config.alerting.confirm.min_bad_slices
    alike: dict[Hashable, list[int]] = defaultdict(list)
    for number, one in enumerate(watched):
        alike[one.objective.window, one.every, one.objective.min_bad].append(number)
    windows: dict[int, tuple[Window, ...]] = {}
    for numbers in alike.values():
        one = watched[numbers[0]]
        rest = Window(now, max(now, budget_window(one.objective, now).end))
        windows |= dict.fromkeys(numbers, (*slo.windows(one.objective, now, one.every, least), rest))
    counts = count_from_runs(con, memo.runs, [windows[number] for number in range(len(watched))], now)
    for numbers in alike.values():
        asked = [(watched[number].subject, watched[number].objective) for number in numbers]
        counted = np.stack([counts[number] for number in numbers])
        ahead = counted[:, -1, SliceCount._fields.index("expected_ms")]
        statuses = slo.objective_statuses(asked, windows[numbers[0]][:-1], counted[:, :-1], least, ahead)
        yield from zip((watched[number].place for number in numbers), statuses, strict=True)


def _ahead(con: DuckDBPyConnection, promised: Promised, table: Table, now: datetime, memo: SliceMemo) -> Numbers | None:
    """What is still to come of a calendar window; None where the window is over at `now`."""
    end = budget_window(promised.names[table.numbers[0]][1], now).end
    if end <= now:
        return None
    return promised_ms(con, promised.pairs, Window(now, end), memo)[list(table.numbers)]
