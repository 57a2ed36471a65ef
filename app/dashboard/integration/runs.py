"""The latest runs, whatever the range, with the way to all of them."""

from __future__ import annotations

from urllib.parse import urlencode

from dash import html
from dash.development.base_component import Component

from app.dashboard import wording
from app.dashboard.elements import ago, outcome_mark, panel, run_link, table, when
from app.dashboard.integration.first import newest_runs
from app.dashboard.integration.look import Look
from app.dashboard.integration.panel import Drawn
from metrics.model import RunRow
from probes.model import Outcome

SHOWN = 12
_HEAD = ("outcome", "started", "workflow", "region", "duration", "failed step", "why", "run")


def _draw(look: Look) -> Component:
    runs = newest_runs(look)[:SHOWN]
    everything = html.A("all runs", href=f"/runs?{urlencode({'integration': look.name})}", className="chip")
    return panel(
        "Latest runs",
        html.Div(everything, className="panel-acts"),
        table(_HEAD, [_row(one) for one in runs], numeric=(4,), empty="No run yet.", cards=True),
        note=f"the newest {len(runs)}, whatever the time range" if runs else "",
    )


def _row(row: RunRow) -> tuple[object, ...]:
    return (
        html.Span([outcome_mark(row.outcome), html.Span("simulated", className="sim") if row.simulated else None]),
        html.Span([when(row.started_at), " · ", ago(row.started_at)]),
        row.workflow if row.attempt == 1 else f"{row.workflow} ({wording.attempt(row.attempt)})",
        row.region,
        wording.NONE if row.outcome is Outcome.SKIPPED else wording.milliseconds(row.duration_ms),
        row.failed_step or wording.NONE,
        html.Span(row.skip_reason or row.failure_message or wording.NONE, className="wrap"),
        run_link(row.run_id, row.run_id[-8:]),
    )


RUN_PANEL = Drawn("Latest runs", 30, _draw)
