"""What the probers do not do just now, and why: open circuits, runs that were skipped, clean-ups still to be done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from app.dashboard import wording
from app.dashboard.elements import ago, integration_link, mark, panel, run_link, table
from metrics.model import Evaluation, ProberVerdict, RunRow, State
from probes.model import Outcome


def held_back_strip(evaluation: Evaluation | None, integration: str, runs: Sequence[RunRow]) -> Component:
    """One line each for what concerns this integration; nothing where nothing is held back or left behind."""
    probers = evaluation.probers if evaluation is not None else ()
    lines = [*_circuits(probers, integration), *_skipped(runs), *_left_behind(probers, integration)]
    if not lines:
        return html.Div(hidden=True)
    return html.Div(lines, className="banner s-degraded", role="status", style={"display": "block"})


def held_back_panel(probers: Sequence[ProberVerdict]) -> Component:
    """Every open circuit and every leftover of every prober."""
    head = ("region", "integration", "what", "since", "next", "why")
    circuits = [
        (
            prober.region,
            integration_link(circuit.integration),
            mark(State.DOWN, f"circuit open, {wording.plural(circuit.failures, 'confirmed failure')}"),
            ago(circuit.since),
            wording.moment(circuit.next_trial_at),
            html.Span(circuit.reason or wording.NONE, className="wrap"),
        )
        for prober in probers
        for circuit in prober.circuits
    ]
    leftovers = [
        (
            prober.region,
            integration_link(left.integration),
            mark(State.DEGRADED, f"{left.open} left behind, {left.given_up} given up"),
            wording.NONE,
            "with the next good run" if left.open else "by hand",
            f"clean-up of {left.workflow} failed",
        )
        for prober in probers
        for left in prober.leftovers
    ]
    empty = "No circuit is open, and nothing was left behind at a vendor."
    return panel("Held back and left behind", table(head, [*circuits, *leftovers], empty=empty, cards=True))


def _circuits(probers: Sequence[ProberVerdict], integration: str) -> Iterator[Component]:
    for prober in probers:
        for circuit in (one for one in prober.circuits if one.integration == integration):
            failures = wording.plural(circuit.failures, "confirmed failure")
            trial = wording.moment(circuit.next_trial_at)
            words: list[Any] = [
                html.B(f"Circuit open from {prober.region}: "),
                f"since {wording.moment(circuit.since)}, after {failures}; one run is let through at a time, "
                f"next {trial}. Latest failure: {circuit.reason or 'not told'}",
            ]
            yield html.Div(words)


def _skipped(runs: Sequence[RunRow]) -> Iterator[Component]:
    """The newest run of each workflow and region, where it was skipped for another reason than a circuit."""
    seen: set[tuple[str, str]] = set()
    for row in runs:
        if (row.workflow, row.region) in seen:
            continue
        seen.add((row.workflow, row.region))
        if row.outcome is Outcome.SKIPPED and row.skip_reason and row.failure_kind is None:
            link = run_link(row.run_id, f"{row.workflow} from {row.region}")
            yield html.Div([html.B("Not run: "), link, f" · {row.skip_reason}"])


def _left_behind(probers: Sequence[ProberVerdict], integration: str) -> Iterator[Component]:
    for prober in probers:
        for left in (one for one in prober.leftovers if one.integration == integration):
            parts = [f"{left.open} still tried again"] if left.open else []
            parts += [f"{left.given_up} given up, to be cleaned up by hand"] if left.given_up else []
            name = f"Left behind by {left.workflow} from {prober.region}: "
            yield html.Div([html.B(name), ", ".join(parts)])
