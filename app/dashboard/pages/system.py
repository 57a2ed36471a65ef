"""How Leadline itself is: probers, hub, configuration."""

from __future__ import annotations

from typing import Final

from dash import html
from dash.development.base_component import Component

from alerts.status_pages.standing import spoken
from app.dashboard import wording
from app.dashboard.elements import ago, mark, pairs, panel, table, when
from app.dashboard.held_back import held_back_panel
from app.dashboard.incident_facts import HEALTH_STATE
from app.dashboard.page import Visit
from app.dashboard.strip import banners
from app.dashboard.view import View
from metrics.model import ProberVerdict, State

_NOBODY: Final = "No prober has reported yet. Start one with `leadline prober`; `leadline doctor` says what hinders it."


def render(view: View, _: Visit) -> Component:
    """Every prober with its own state, and the hub."""
    hub, config = view.hub, view.config
    probers = hub.evaluation.probers if hub.evaluation else ()
    about = {
        "started": when(hub.started_at),
        "last evaluation": ago(hub.evaluation.at) if hub.evaluation else "none yet",
        "runs stored since start": wording.count(hub.ingested_runs),
        "configuration": html.Span(config.version, className="mono wrap"),
        "integrations": wording.count(len(config.integrations)),
        "workflows": wording.count(sum(len(i.workflows) for i in config.integrations)),
        "regions": ", ".join(region.name for region in config.settings.regions),
        "raw rows are kept for": wording.span(config.settings.retention.raw),
        "evidence is kept for": wording.span(config.settings.retention.evidence),
        "sealing and forgetting": hub.store_problem or "no problem",
        "vendor sandbox": "running" if config.settings.sandbox else "off",
    }
    head = (
        "prober",
        "seen",
        "region",
        "running",
        "outbox, runs",
        "loop lag",
        "missed, runs",
        "shipped up to record",
        "last stop",
        "version",
        "problem",
    )
    rows = [_row(prober) for prober in probers]
    return html.Div(
        [
            *banners(view),
            html.H1("System"),
            panel(
                "Probers",
                table(head, rows, numeric=(4, 5, 6, 7), empty=_NOBODY, cards=True),
                note=f"{len(rows)} known to the hub",
            ),
            held_back_panel(probers),
            _status_pages(view),
            panel("Hub", pairs(about)),
        ],
        className="stack",
    )


def _status_pages(view: View) -> Component:
    """Vendors' status pages: how each says its vendor stands, and why it could not be read."""
    pages = view.status_pages()
    if not pages:
        return html.Div(hidden=True)
    rows = [
        (
            mark(HEALTH_STATE[page.indicator], spoken(page.indicator)),
            html.Span(page.address, className="wrap"),
            page.kind,
            ago(page.read_at) if page.read_at else "never",
            wording.count(len(page.notices)),
            html.Span(page.problem or wording.NONE, className="actual-bad" if page.problem else None),
        )
        for page in pages
    ]
    head = ("says", "page", "kind", "read", "open notices", "problem")
    return panel("Vendors' status pages", table(head, rows, numeric=(4,), cards=True), note=f"{len(rows)} declared")


def _row(prober: ProberVerdict) -> tuple[object, ...]:
    state = State.DOWN if prober.silent else State.DEGRADED if prober.problem else State.UP
    return (
        mark(state, f"{prober.prober_id[:8]} {'silent' if prober.silent else 'reporting'}"),
        ago(prober.last_seen),
        prober.region,
        ago(prober.started_at, ""),
        f"{prober.outbox_depth:,}",
        wording.milliseconds(prober.loop_lag_ms),
        f"{prober.runs_missed:,}",
        f"{prober.cursor:,}",
        prober.previous_stop,
        prober.version,
        prober.problem or wording.NONE,
    )
