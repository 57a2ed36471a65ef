"""One look at everything that alerts depend on."""

from __future__ import annotations

from datetime import datetime

from duckdb import DuckDBPyConnection

from config.model import Config
from metrics import slo
from metrics.calendars import budget_window
from metrics.model import Evaluation, ObjectiveStatus, Window
from metrics.store.credentials import certificates, credentials
from metrics.store.lifecycle import vendor_signals
from metrics.store.probers import probers
from metrics.store.quota import quota_levels
from metrics.store.recorded import recorded_levels
from metrics.store.rollup.decided import Numbers
from metrics.store.shapes import shape_findings
from metrics.store.slices import Promised, Questions, SliceMemo, promised_ms, slice_tables
from metrics.store.tallies import Table
from metrics.store.verdicts import workflow_verdicts


def evaluate(con: DuckDBPyConnection, config: Config, now: datetime, memo: SliceMemo | None = None) -> Evaluation:
    """What the store knows at `now` about every configured workflow and objective, every prober and every quota.

    With a memo, what closed time amounts to is read once.
    """
    return Evaluation(
        at=now,
        workflows=workflow_verdicts(con, config, now),
        objectives=objective_statuses(con, config, now, memo),
        probers=probers(con, now, config.alerting.confirm.prober_silent_after),
        quotas=quota_levels(con, now),
        recorded=recorded_levels(con, config, now),
        signals=vendor_signals(con, now),
        drift=shape_findings(con),
        credentials=credentials(con),
        certificates=certificates(con),
    )


def objective_statuses(
    con: DuckDBPyConnection, config: Config, now: datetime, memo: SliceMemo | None = None
) -> tuple[ObjectiveStatus, ...]:
    """How every objective of the configuration stands, in its order."""
    memo = memo or SliceMemo()
    promised = memo.promised(config)
    groups = [(slo.windows(one, now, every), numbers) for one, every, numbers in promised.alike]
    least = config.alerting.confirm.min_bad_slices
    found: dict[int, ObjectiveStatus] = {}
    for table in slice_tables(con, Questions(promised.pairs, groups), memo):
        asked = [promised.names[number] for number in table.numbers]
        ahead = _ahead(con, promised, table, now, memo)
        statuses = slo.objective_statuses(asked, table.windows, table.counts, least, ahead)
        found |= zip((promised.places[number] for number in table.numbers), statuses, strict=True)
    return tuple(found[place] for place in sorted(found))


def _ahead(con: DuckDBPyConnection, promised: Promised, table: Table, now: datetime, memo: SliceMemo) -> Numbers | None:
    """What is still to come of a calendar window; None where the window is over at `now`."""
    end = budget_window(promised.names[table.numbers[0]][1], now).end
    if end <= now:
        return None
    return promised_ms(con, promised.pairs, Window(now, end), memo)[list(table.numbers)]
