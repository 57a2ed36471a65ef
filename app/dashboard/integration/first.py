"""What is drawn at once: which integration, how it stands, what fires, what is held back, and the key figures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from math import isfinite
from typing import Any, Final

from dash import html
from dash.development.base_component import Component
from duckdb import DuckDBPyConnection

from alerts.model import Incident
from alerts.store.incidents import incidents_of
from app.dashboard import wording
from app.dashboard.elements import ago, figure_tile, state_mark, when
from app.dashboard.integration.latency import latencies
from app.dashboard.integration.look import Look, Seen
from app.dashboard.page import Visit
from app.dashboard.range_bar import range_bar
from app.dashboard.ranges import Range
from app.dashboard.run_now import run_now
from app.dashboard.tiles import recovered
from app.dashboard.view import Standing
from config.model import Integration, Objective, Sli
from metrics.model import Coverage, Latency, Rates, RunRow, SliceCount, Window
from metrics.store.coverage import coverage_by_integration
from metrics.store.errors import rates
from metrics.store.latency import latency_series
from metrics.store.runs import latest_runs
from metrics.store.slices import slice_counts

_AVAILABILITY: Final = Objective(sli=Sli.AVAILABILITY, target=0.999, window=timedelta(days=30))
_WHOLE: Final = timedelta(days=36500)
"""A bucket this long holds any window at once."""
_RUNS: Final = 30


@dataclass(frozen=True, slots=True)
class Figures:
    """What the integration showed as a whole."""

    latency: Latency
    ttfb_p95: float | None
    rates: Rates
    slices: SliceCount
    coverage: Coverage


def figures(look: Look) -> Seen[Figures]:
    """Of the whole range."""
    declared, memo = look.declared, look.view.memo
    availability = next((one for one in declared.objectives if one.sli is Sli.AVAILABILITY), _AVAILABILITY)

    def question(con: DuckDBPyConnection, window: Window) -> Figures:
        whole = latency_series(con, look.name, window, bucket=_WHOLE, memo=memo)
        p50, p95, p99, ttfb = (
            float(column[0]) if isfinite(column[0]) else None
            for column in (whole.p50, whole.p95, whole.p99, whole.ttfb_p95)
        )
        return Figures(
            latency=Latency(int(whole.n[0]), p50, p95, p99, None, whole.exact),
            ttfb_p95=ttfb,
            rates=rates(con, look.name, window, memo=memo),
            slices=slice_counts(con, declared, availability, [window])[0],
            coverage=coverage_by_integration(con, [declared], [window])[0],
        )

    return look.ask("figures", question)


def incidents(look: Look) -> tuple[Incident, ...]:
    """Those that were open at any time of the range."""

    def question(con: DuckDBPyConnection, window: Window) -> tuple[Incident, ...]:
        return incidents_of(con, look.name, window.start, window.end)

    return look.ask("incidents", question, timedelta(seconds=2)).answer


def newest_runs(look: Look) -> tuple[RunRow, ...]:
    """Whatever the range."""
    return look.view.ask(("newest runs", look.name), lambda con: latest_runs(con, look.name, _RUNS))


def header(look: Look, standing: Standing) -> Component:
    """Name, state, and who is concerned."""
    after = html.Span(recovered(standing, look.at), className="note", hidden=standing.recovery is None)
    again = run_now(look.view, look.name)
    title = html.Div([html.H1(look.declared.label), state_mark(standing.state), after, again], className="title-row")
    return html.Div([title, html.Div(_facts(look.declared, standing), className="meta")])


def _facts(declared: Integration, standing: Standing) -> list[Any]:
    facts: list[Any] = [
        html.Span(["vendor ", html.B(declared.vendor)]),
        html.Span(["tier ", html.B(declared.tier.value)]),
        html.Span(["owner ", html.B(declared.owner or "nobody named")]),
    ]
    if declared.flows:
        facts.append(html.Span(["carries ", html.B(", ".join(declared.flows))]))
    last = ago(standing.summary.last_run_at) if standing.summary.last_run_at else "never"
    facts.append(html.Span([declared.environment, " · last run ", last]))
    if declared.runbook:
        facts.append(html.A("runbook", href=declared.runbook, target="_blank", rel="noreferrer"))
    return facts


def times(look: Look) -> Component:
    """The control for the range, and a way to see what lies around a stretch that stays."""
    path = f"/integration/{look.name}"
    bar = range_bar(path, Visit(query=dict(look.query)), look.range, look.at)
    if look.range.end is None:
        return bar
    length, end = look.range.length, look.range.end
    wider = Range(length * 2, min(end + length / 2, max(look.at, end)))
    return html.Div([bar, html.A("zoom out", href=wider.address(path, **_others(look)))], className="range-row")


def _others(look: Look) -> dict[str, str]:
    return {name: look.query[name] for name in ("compare", "normal") if look.query.get(name)}


def simulated_banner(look: Look) -> Component:
    """That some of what is shown was never measured."""
    until = latencies(look).answer.simulated_until
    if until is None:
        return html.Div(hidden=True)
    words = [
        html.B(["Simulated history until ", when(until)]),
        html.Span("shaded in the charts and counted in the figures of this window."),
    ]
    return html.Div(words, className="banner simulated")


def key_figures(look: Look, standing: Standing) -> Component:
    """Each with its unit, its window and how many it is made of."""
    shown = figures(look).answer
    span, of, shares, slices = wording.span(look.range.length), shown.latency, shown.rates, shown.slices
    n, requests = wording.samples(span, of.n, exact=of.exact), wording.samples(span, shares.requests)
    covered = f"{span} · {shown.coverage.measured:,} of {shown.coverage.expected:,} slices"
    measured = f"{span} · n {slices.good + slices.bad:,} slices"
    summary = standing.summary
    usual = wording.milliseconds(summary.normal_p95_ms)
    failed = (
        ("4xx", shares.client_errors),
        ("5xx", shares.server_errors),
        ("Throttled", shares.throttled),
        ("Network", shares.network),
        ("Wrong answer", shares.correctness),
    )
    return html.Div(
        [
            figure_tile("P50", wording.milliseconds(of.p50), n),
            figure_tile("P95", wording.milliseconds(of.p95), n),
            figure_tile("P99", wording.milliseconds(of.p99), n),
            figure_tile("TTFB P95", wording.milliseconds(shown.ttfb_p95), n),
            figure_tile("P95 at this hour", usual, f"median of {summary.normal_days} days"),
            figure_tile("Availability", wording.share(slices.share), measured, _tone(slices.bad)),
            figure_tile("Coverage", wording.share(shown.coverage.share, 1), covered),
            *(figure_tile(label, wording.share(value), requests, _tone(value)) for label, value in failed),
        ],
        className="kpis",
    )


def _tone(value: float | None) -> str:
    return "bad" if value else ""
