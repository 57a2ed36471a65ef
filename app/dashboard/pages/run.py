"""One run: which step, which phase, what was expected, what came, and the evidence."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from dash import html
from dash.development.base_component import Component

from app.dashboard import wording
from app.dashboard.elements import (
    OUTCOME_STATE,
    Copy,
    ago,
    empty_state,
    integration_link,
    outcome_mark,
    pairs,
    panel,
    run_link,
    table,
    when,
)
from app.dashboard.page import Visit
from app.dashboard.run.around import Surroundings, is_part, surroundings
from app.dashboard.run.compare import comparison
from app.dashboard.run_now import run_now
from app.dashboard.step_card import step_card
from app.dashboard.view import View
from app.dashboard.waterfall import waterfall
from metrics.model import RunRow
from probes.model import Outcome, Run


def render(view: View, visit: Visit) -> Component:
    """The run of the address, or that there is none."""
    wanted = visit.path["run_id"]
    found = view.run(wanted)
    if found is None:
        text = [
            f"{wanted} is unknown here: it was never shipped, or is older than raw rows are kept. ",
            html.A("All integrations", href="/"),
        ]
        return empty_state("No such run", text)
    return run_page(view, found)


def knows(view: View, visit: Visit) -> bool:
    """Whether there is such a run."""
    return view.run(visit.path["run_id"]) is not None


def run_page(view: View, run: Run, highlight: str | None = None) -> Component:
    """Verdict, waterfall, then every attempt at every step; `highlight` is the evidence to open."""
    if highlight is None and run.evidence:
        highlight = run.evidence[0].evidence_id
    around = surroundings(view, run)
    return html.Div(
        [
            _header(view, run),
            _verdict(run, around),
            panel(
                "Waterfall",
                waterfall(run),
                note=f"ms since the run's start · {wording.plural(len(run.steps), 'attempt')} at steps",
            ),
            comparison(run, around),
            html.Section([step_card(run, step, open_evidence=highlight) for step in run.steps], className="steps"),
            _quota(run),
            _values(run),
        ],
        className="stack",
    )


def _header(view: View, run: Run) -> Component:
    same = {"integration": run.integration, "workflow": run.workflow, "region": run.region}
    crumbs: list[Any] = [integration_link(run.integration), f" · {run.workflow} · region {run.region} · "]
    crumbs.append(html.A("all runs like it", href=f"/runs?{urlencode(same)}"))
    version = f"/runs?{urlencode({'integration': run.integration, 'config_version': run.config_version[:12]})}"
    facts: list[Any] = [
        html.Span(["started ", html.B(when(run.started_at)), " · ", ago(run.started_at)]),
        html.Span(["took ", html.B(wording.milliseconds(run.duration_ms))]),
        html.Span(wording.attempt(run.attempt)),
        html.Span(["prober lag ", html.B(wording.milliseconds(run.loop_lag_ms))]),
        html.Span(["config ", html.A(run.config_version[:12], href=version, className="mono")]),
        html.Span(["run ", html.Span(str(run.run_id), className="mono wrap"), Copy(text=str(run.run_id))]),
    ]
    if run.simulated:
        facts.append(html.Span("simulated history: no prober measured this", className="sim"))
    again = run_now(view, run.integration, run.workflow, run.region)
    title = html.Div([html.H1(run.workflow), outcome_mark(run.outcome), again], className="title-row")
    return html.Div([html.Div(crumbs, className="crumbs"), title, html.Div(facts, className="meta")])


def _verdict(run: Run, around: Surroundings) -> Component:
    before = around.before if run.outcome is not Outcome.PASSED else None
    parts: list[Any] = [html.P(verdict(run))]
    if before is not None:
        link = run_link(str(before.run_id), when(before.started_at))
        took = f" in {wording.milliseconds(before.duration_ms)}"
        parts.append(html.Div(["Last passed before it: ", link, took], className="note"))
    for incident in around.incidents:
        words = "Part of incident " if is_part(incident, run) else "Meanwhile: incident "
        link = html.A(incident.title, href=f"/incident/{incident.incident_id}")
        parts.append(html.Div([words, link, f" · {incident.state.value}"], className="note"))
    if len(around.attempts) > 1:
        parts.append(
            html.Div(["Attempts at this slice: ", *_attempts(run, around.attempts)], className="note attempts")
        )
    return html.Div(parts, className=f"verdict s-{OUTCOME_STATE[run.outcome].value}")


def _attempts(run: Run, attempts: tuple[RunRow, ...]) -> list[Any]:
    told: list[Any] = []
    for row in attempts:
        which = row.attempt or wording.attempt(row.attempt)
        words = f"{which} {row.outcome.value}, {wording.milliseconds(row.duration_ms)}"
        here = row.run_id == str(run.run_id)
        told.append(html.B(f"{words} (this one)") if here else run_link(row.run_id, words))
        told.append(" · ")
    return told[:-1]


def verdict(run: Run) -> str:
    """The outcome as one sentence."""
    if run.skip_reason:
        known = f" It stands for the failure that is known: {run.failure.message}" if run.failure is not None else ""
        return f"Skipped: {run.skip_reason}.{known}"
    if run.failure is not None:
        where = f"Step “{run.failed_step}”: " if run.failed_step else ""
        return f"{where}{run.failure.message} ({wording.spoken(run.failure.kind)})"
    return {
        Outcome.PASSED: "Every step answered as expected.",
        Outcome.UNSTABLE: "Passed, but only after a retry.",
        Outcome.TAINTED: "The prober itself was too slow to measure fairly; this does not count against the vendor.",
    }.get(run.outcome, f"The run ended as {run.outcome.value}.")


def _quota(run: Run) -> Component:
    rows = [
        (
            reading.bucket,
            wording.count(reading.used),
            wording.count(reading.remaining),
            wording.count(reading.limit),
            reading.unit,
            when(reading.reset_at),
            wording.spoken(reading.source),
        )
        for reading in run.quota
    ]
    if not rows:
        return html.Div(hidden=True)
    head = ("bucket", "used", "remaining", "limit", "unit", "resets at", "source")
    return panel("Quota readings", table(head, rows, numeric=(1, 2, 3)), note=f"{len(rows)} reported during this run")


def _values(run: Run) -> Component:
    if not run.values:
        return html.Div(hidden=True)
    named = {
        wording.spoken(name.removesuffix("_ms")): wording.milliseconds(value) if name.endswith("_ms") else f"{value:g}"
        for name, value in run.values.items()
    }
    return panel("Recorded values", pairs(named))
