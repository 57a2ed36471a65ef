"""How the probers and the hub are; silent ones are loud."""

from __future__ import annotations

from typing import Any, Final

from dash import html
from dash.development.base_component import Component

from app.dashboard import wording
from app.dashboard.elements import ago, aria, mark
from app.dashboard.view import HubStatus, View
from metrics.model import ProberVerdict, State
from probes.lag import LAG_LIMIT_MS

QUEUED: Final = 60
STALE_S: Final = 30.0


def banners(view: View) -> list[Component]:
    """What must be said before anything else: a refused configuration, a broken or late evaluation."""
    hub, found = view.hub, []
    if hub.config_problem:
        told = html.Div(
            [
                html.B("The newest configuration was refused; "),
                f"the last good one ({view.config.version[:12]}) keeps running.",
                html.Pre(hub.config_problem),
            ]
        )
        found.append(_banner(State.DEGRADED, told))
    if hub.last_error:
        found.append(_banner(State.DOWN, html.Div([html.B("The last evaluation failed: "), hub.last_error])))
    elif hub.evaluation is None:
        found.append(_banner(State.NO_DATA, html.Div("The hub has just started; the first evaluation is under way.")))
    elif (view.now() - hub.evaluation.at).total_seconds() > STALE_S:
        late = html.Div([html.B("States are old: "), "the last evaluation was ", ago(hub.evaluation.at), "."])
        found.append(_banner(State.DEGRADED, late))
    return found


def strip(view: View, hub: HubStatus) -> Component:
    """One entry per prober and one for the hub."""
    probers = hub.evaluation.probers if hub.evaluation else ()
    entries: list[Any] = [prober_entry(prober, view.config.version) for prober in probers]
    if not entries:
        entries.append(html.Div([mark(State.NO_DATA, "no prober has reported yet"), "leadline prober joins one"]))
    entries.append(_hub_entry(view, hub))
    return html.Div(entries, className="strip", role="group", **aria(label="Probers and hub"))


def prober_entry(prober: ProberVerdict, config_version: str) -> Component:
    """A prober in one line: heard of when, what waits, how fair its clock is, what is wrong."""
    loud = prober.silent or prober.problem is not None
    notes = _notes(prober, config_version)
    state = State.DOWN if loud else State.DEGRADED if notes else State.UP
    word = f"prober {prober.region} silent" if prober.silent else f"prober {prober.region}"
    parts: list[Any] = [mark(state, word), html.Span(["seen ", ago(prober.last_seen, late_s=STALE_S)])]
    parts += [
        html.Span(f"outbox {prober.outbox_depth:,}"),
        html.Span(f"lag {wording.milliseconds(prober.loop_lag_ms)}"),
    ]
    parts += [html.Span(note, className="late") for note in notes]
    return html.Div(parts, className="loud" if loud else "warn" if notes else None)


def _notes(prober: ProberVerdict, config_version: str) -> list[str]:
    notes = []
    if prober.problem:
        notes.append(prober.problem)
    if prober.previous_stop == "unclean":
        notes.append("restarted uncleanly")
    if prober.loop_lag_ms > LAG_LIMIT_MS:
        notes.append("too slow to measure fairly")
    if prober.outbox_depth > QUEUED:
        notes.append("runs are waiting to be shipped")
    if prober.runs_missed:
        notes.append(f"{wording.plural(prober.runs_missed, 'run')} missed")
    if prober.config_version and prober.config_version != config_version:
        notes.append(f"still on config {prober.config_version[:12]}")
    return notes


def _hub_entry(view: View, hub: HubStatus) -> Component:
    parts: list[Any] = [html.B("hub"), html.Span(["up ", ago(hub.started_at, "")])]
    if hub.evaluation is not None:
        parts.append(html.Span(["evaluated ", ago(hub.evaluation.at, late_s=STALE_S)]))
    parts.append(html.Span(f"{wording.plural(hub.ingested_runs, 'run')} stored since start"))
    parts.append(html.Span(["config ", html.Span(view.config.version[:12], className="mono")]))
    if view.config.settings.sandbox:
        parts.append(html.Span("vendor sandbox", className="sim"))
    return html.Div(parts)


def _banner(state: State, told: Component) -> Component:
    return html.Div([mark(state, ""), told], className=f"banner s-{state.value}", role="status")
