"""The run beside the one before it that passed: step by step, with what differs marked in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from dash import html
from dash.development.base_component import Component

from app.dashboard import wording
from app.dashboard.elements import outcome_mark, panel, run_link, table, when
from app.dashboard.run.around import Surroundings
from probes.model import Outcome, Run, StepResult

SLOWER: Final = 1.5
"""So many times as long is told, if it is `NOTABLE_MS` as well."""
NOTABLE_MS: Final = 50.0
_MOST_PATHS: Final = 6

Paths = Mapping[str, frozenset[str]]


def comparison(run: Run, around: Surroundings) -> Component:
    """A row per step; steps that only one of them has are said to be missing from the other."""
    before = around.before
    if before is None:
        return html.Div(hidden=True)
    link = run_link(str(before.run_id), "the run that passed before")
    head = ("step", "then", "took", "status", "now", "took", "status", "what differs")
    rows = [_row(then, now, around.shapes) for then, now in aligned(before, run)]
    note = html.P(["Then: ", link, " at ", when(before.started_at), ". ", *_whole(before, run)], className="note")
    return panel(
        "Beside the last one that passed",
        note,
        html.Div(table(head, rows, numeric=(2, 5)), className="stacked beside"),
        note="last attempt at each step · ms",
    )


def aligned(before: Run, run: Run) -> list[tuple[StepResult | None, StepResult | None]]:
    """The last attempts at steps of the same name, in the order of the newer run; steps that it lacks follow."""
    then, now = _last_attempts(before), _last_attempts(run)
    names = [*now, *(name for name in then if name not in now)]
    return [(then.get(name), now.get(name)) for name in names]


def differences(then: StepResult, now: StepResult, shapes: Mapping[str, Paths]) -> list[str]:
    """What differs between two attempts, in words; empty when nothing does that matters."""
    found = [_duration(then.timings.total_ms, now.timings.total_ms)]
    pairs = (
        ("status", then.status, now.status),
        ("HTTP version", then.http_version, now.http_version),
        ("TLS version", then.tls_version, now.tls_version),
    )
    found += [
        f"{name} {_or_none(a)} → {_or_none(b)}" for name, a, b in pairs if a != b and (name == "status" or (a and b))
    ]
    return [one for one in (*found, *_body(then.shape_id, now.shape_id, shapes)) if one]


def _last_attempts(run: Run) -> dict[str, StepResult]:
    return {step.name: step for step in sorted(run.steps, key=lambda step: (step.position, step.attempt))}


def _row(then: StepResult | None, now: StepResult | None, shapes: Mapping[str, Paths]) -> tuple[Any, ...]:
    one = now or then
    name = one.name if one is not None else ""
    if then is not None and now is not None and _ran(then) and _ran(now):
        told = differences(then, now, shapes)
    elif _ran(then) == _ran(now):
        told = []
    else:
        told = ["did not run now" if _ran(then) else "did not run then"]
    marked = (
        html.Ul([html.Li(text) for text in told], className="differs") if told else html.Span("–", className="none")
    )
    return (name, *_side(then), *_side(now), marked)


def _ran(step: StepResult | None) -> bool:
    return step is not None and step.outcome is not Outcome.SKIPPED


def _side(step: StepResult | None) -> tuple[Any, ...]:
    if step is None:
        return html.Span("not run", className="none"), wording.NONE, wording.NONE
    return outcome_mark(step.outcome), wording.milliseconds(step.timings.total_ms), _or_none(step.status)


def _whole(before: Run, run: Run) -> list[Any]:
    told = (
        f"It took {wording.milliseconds(before.duration_ms)} in all, this one {wording.milliseconds(run.duration_ms)}."
    )
    if before.config_version == run.config_version:
        return [told, " Both ran under the same configuration."]
    then, now = before.config_version[:12], run.config_version[:12]
    return [told, html.B(f" The configuration changed in between: {then} → {now}.")]


def _duration(then: float | None, now: float | None) -> str:
    if then is None or now is None or abs(now - then) < NOTABLE_MS or not then or not now:
        return ""
    if now >= SLOWER * then:
        return f"{now / then:.1f} × as long ({wording.milliseconds(now - then)} more)"
    return f"{wording.milliseconds(then - now)} less" if then >= SLOWER * now else ""


def _body(then: str | None, now: str | None, shapes: Mapping[str, Paths]) -> list[str]:
    if then is None or now is None or then == now:
        return []
    if then not in shapes or now not in shapes:
        return ["the body has another shape"]
    old, new = shapes[then], shapes[now]
    told = [f"body: {path} is gone" for path in old if path not in new]
    told += [f"body: {path} is new" for path in new if path not in old]
    told += [
        f"body: {path} {_types(old[path])} → {_types(new[path])}"
        for path in old
        if path in new and old[path] != new[path]
    ]
    more = len(told) - _MOST_PATHS
    return [*told[:_MOST_PATHS], *([f"and {more} more"] if more > 0 else [])]


def _types(types: frozenset[str]) -> str:
    return " or ".join(sorted(types)) or "nothing"


def _or_none(value: object) -> str:
    return wording.NONE if value is None else str(value)
