"""One integration: is it normal, since when not, which phase, which error, how much budget and quota is left?"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from dash import html
from dash.development.base_component import Component

from app.dashboard import wording
from app.dashboard.changes import change_strip
from app.dashboard.charts import chart
from app.dashboard.elements import ago, aria, empty_state, figure_tile, outcome_mark, panel, run_link, state_mark, table
from app.dashboard.figures import Span, error_figure, has_points, latency_figure, phase_figure
from app.dashboard.held_back import held_back_strip
from app.dashboard.incident_card import incident_card
from app.dashboard.normal import normal_panel
from app.dashboard.objectives import flow_objectives, objectives_panel
from app.dashboard.page import Visit
from app.dashboard.quotas import drawn_on, quota_panel
from app.dashboard.recorded import recorded_panel
from app.dashboard.strip import banners
from app.dashboard.view import IntegrationView, Measured, Standing, View
from config.model import Integration, Sli
from metrics.model import RunRow

RANGES: Final = {
    "1h": timedelta(hours=1),
    "6h": timedelta(hours=6),
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "28d": timedelta(days=28),
}
DEFAULT: Final = "24h"


def render(view: View, visit: Visit) -> Component:
    """The integration over the range that the address names."""
    name, chosen = visit.path["name"], visit.query.get("range", DEFAULT)
    chosen = chosen if chosen in RANGES else DEFAULT
    shown = view.integration(name, RANGES[chosen])
    if shown is None:
        known = "It may have been renamed or taken out of the configuration."
        return empty_state(
            "No such integration", [f"{name} is not declared. {known} ", html.A("All integrations", href="/")]
        )
    standing, measured = shown.standing, shown.measured
    return html.Div(
        [
            *banners(view),
            _header(standing, chosen),
            *[incident_card(incident) for incident in standing.incidents],
            held_back_strip(view.hub.evaluation, name, shown.runs),
            change_strip(view.hub.evaluation, standing.declared, shown.at),
            _simulated_banner(measured),
            _kpis(standing, measured),
            _latency(shown),
            normal_panel(view, name, shown.measured.window, visit.query, chosen),
            html.Div([_errors(measured), _phases(measured)], className="two"),
            objectives_panel((*standing.objectives, *flow_objectives(view.hub.evaluation, standing.declared.flows))),
            _quota(view, shown),
            recorded_panel(measured.recorded, measured.window),
            runs_panel(shown.runs),
        ],
        className="stack",
    )


def knows(view: View, visit: Visit) -> bool:
    """Whether it is declared."""
    return view.config.integration(visit.path["name"]) is not None


def _quota(view: View, shown: IntegrationView) -> Component:
    evaluation, measured = view.hub.evaluation, shown.measured
    forecasts = drawn_on(evaluation.forecasts if evaluation else (), shown.standing.declared.name)
    return quota_panel(forecasts, measured.quotas, measured.window, shown.at)


def _header(standing: Standing, chosen: str) -> Component:
    declared = standing.declared
    title = html.Div(
        [html.H1(declared.label), state_mark(standing.state), _ranges(declared.name, chosen)], className="title-row"
    )
    return html.Div([title, html.Div(_facts(declared, standing), className="meta")])


def _facts(declared: Integration, standing: Standing) -> list[Any]:
    facts: list[Any] = [
        html.Span(["vendor ", html.B(declared.vendor)]),
        html.Span(["tier ", html.B(declared.tier.value)]),
    ]
    facts.append(html.Span(["owner ", html.B(declared.owner or "nobody named")]))
    if declared.flows:
        facts.append(html.Span(["carries ", html.B(", ".join(declared.flows))]))
    facts.append(html.Span([declared.environment, " · last run ", ago(standing.summary.last_run_at)]))
    if declared.runbook:
        facts.append(html.A("runbook", href=declared.runbook, target="_blank", rel="noreferrer"))
    return facts


def _ranges(name: str, chosen: str) -> Component:
    links = [
        html.A(
            wording.span(length),
            href=f"/integration/{name}?range={key}",
            className="here" if key == chosen else None,
            **(aria(current="true") if key == chosen else {}),
        )
        for key, length in RANGES.items()
    ]
    return html.Nav(links, className="ranges", style={"marginLeft": "auto"}, **aria(label="Time range"))


def _simulated_banner(measured: Measured) -> Component:
    until = measured.latencies.simulated_until
    if until is None:
        return html.Div(hidden=True)
    words = [
        html.B(f"Simulated history until {wording.moment(until)}"),
        html.Span("shaded in the charts and counted in the figures of this window."),
    ]
    return html.Div(words, className="banner simulated")


def _kpis(standing: Standing, measured: Measured) -> Component:
    span, latency, rates = wording.span(measured.window.length), measured.latency, measured.rates
    n = wording.samples(span, latency.n, exact=latency.exact)
    requests = wording.samples(span, rates.requests)
    slices = measured.slices
    seen, covered = slices.good + slices.bad, measured.coverage
    return html.Div(
        [
            figure_tile("P50", wording.milliseconds(latency.p50), n),
            figure_tile("P95", wording.milliseconds(latency.p95), n),
            figure_tile("P99", wording.milliseconds(latency.p99), n),
            figure_tile("TTFB P95", wording.milliseconds(measured.ttfb_p95), n),
            figure_tile("Availability", wording.share(slices.share), f"{span} · n {seen:,} slices", _tone(slices.bad)),
            figure_tile(
                "Coverage", wording.share(covered.share, 1), f"{covered.measured:,} of {covered.expected:,} slices"
            ),
            figure_tile("4xx", wording.share(rates.client_errors), requests, _tone(rates.client_errors)),
            figure_tile("5xx", wording.share(rates.server_errors), requests, _tone(rates.server_errors)),
            figure_tile("Throttled", wording.share(rates.throttled), requests, _tone(rates.throttled)),
            figure_tile("Network", wording.share(rates.network), requests, _tone(rates.network)),
            figure_tile("Wrong answer", wording.share(rates.correctness), requests, _tone(rates.correctness)),
            _normal(standing),
        ],
        className="kpis",
    )


def _normal(standing: Standing) -> Component:
    summary = standing.summary
    value = wording.milliseconds(summary.normal_p95_ms)
    return figure_tile("P95 at this hour", value, f"median of {summary.normal_days} days")


def _tone(value: float | None) -> str:
    return "bad" if value else ""


def _latency(shown: IntegrationView) -> Component:
    measured, series = shown.measured, shown.measured.latencies
    objectives = shown.standing.declared.objectives
    threshold = next((o.threshold for o in objectives if o.sli is Sli.LATENCY and o.threshold), None)
    spans = [Span(i.opened_at, i.resolved_at, i.title) for i in shown.incidents]
    figure = None
    if has_points(series.p50, series.p95):
        limit = threshold.total_seconds() * 1000 if threshold else None
        figure = latency_figure(series, measured.window, threshold_ms=limit, incidents=spans)
    return panel(
        "Latency",
        chart("latency-chart", figure, height="20rem"),
        name="latency",
        note=_note(
            measured,
            series.bucket,
            wording.samples("ms, successful attempts", measured.latency.n, exact=series.exact),
        ),
    )


def _errors(measured: Measured) -> Component:
    series, total = measured.errors, measured.rates.requests
    figure = error_figure(series, measured.window, measured.latencies.simulated_until) if total else None
    empty = f"No errors in {total:,} requests" if total else "No request in this window"
    note = _note(measured, series.bucket, f"failed requests by class · n {total:,}")
    return panel("Errors", chart("error-chart", figure, empty=empty), note=note, name="errors")


def _phases(measured: Measured) -> Component:
    series = measured.phases
    figure = None
    if has_points(series.wait, series.connect, series.download):
        figure = phase_figure(series, measured.window, measured.latencies.simulated_until)
    note = _note(
        measured, series.bucket, f"{series.statistic} ms of each phase where it happened · n {series.n.sum():,.0f}"
    )
    return panel("Where the time goes", chart("phase-chart", figure), note=note, name="phases")


def _note(measured: Measured, bucket: timedelta, what: str) -> str:
    return f"{what} · last {wording.span(measured.window.length)} in {wording.span(bucket)} buckets · UTC"


def runs_panel(runs: tuple[RunRow, ...]) -> Component:
    """The latest runs, each with a link."""
    head = ("outcome", "started", "workflow", "region", "duration", "failed step", "why", "run")
    rows = [
        (
            html.Span([outcome_mark(row.outcome), html.Span("simulated", className="sim") if row.simulated else None]),
            html.Span([wording.moment(row.started_at), " · ", ago(row.started_at)]),
            row.workflow if row.attempt == 1 else f"{row.workflow} (attempt {row.attempt})",
            row.region,
            wording.milliseconds(row.duration_ms),
            row.failed_step or wording.NONE,
            html.Span(row.skip_reason or row.failure_message or wording.NONE, className="wrap"),
            run_link(row.run_id, row.run_id[:8]),
        )
        for row in runs
    ]
    return panel(
        "Latest runs", table(head, rows, numeric=(4,), empty="No run yet."), note=f"newest {len(rows)}" if rows else ""
    )
