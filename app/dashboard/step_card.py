"""One attempt at one step: what was expected, what came, request ids, evidence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash import html
from dash.development.base_component import Component

from app.dashboard import wording
from app.dashboard.elements import Copy, mark, outcome_mark, pairs, table
from app.dashboard.run.ticket import ticket
from metrics.model import State
from probes.model import Assertion, Evidence, Outcome, Run, StepResult


def step_card(run: Run, step: StepResult, *, open_evidence: str | None = None) -> Component:
    """Everything known of the attempt; the evidence that brought the reader here stands open."""
    header = html.Header(
        [
            html.H2([html.Span(f"{step.position + 1}. ", className="position"), step.name]),
            outcome_mark(step.outcome),
            html.Span(_facts(step), className="note"),
        ]
    )
    parts: list[Any] = [header]
    if step.failure is not None:
        parts.append(html.P([html.B(f"{wording.spoken(step.failure.kind)}: "), step.failure.message], className="wrap"))
    parts += [
        _address(step),
        _assertions(step.assertions),
        _named("Captured", step.captured),
        _ids(step.vendor_request_ids),
        _support(run, step),
    ]
    if step.evidence is not None:
        parts.append(_evidence(step.evidence, opened=step.evidence.evidence_id == open_evidence))
    return html.Section(parts, className="panel step")


def _facts(step: StepResult) -> str:
    if step.outcome is Outcome.SKIPPED:
        return "clean-up" if step.cleanup else ""
    facts = [
        f"status {step.status}" if step.status is not None else "no answer",
        f"attempt {step.attempt}" if step.attempt > 1 else "",
        "clean-up" if step.cleanup else "",
        f"in {step.integration}" if step.integration else "",
        f"{wording.milliseconds(step.timings.total_ms)} in all",
        f"TTFB {wording.milliseconds(step.timings.ttfb_ms)}",
        f"{wording.count(step.response_bytes)} bytes" if step.response_bytes is not None else "",
        step.http_version or "",
        step.tls_version or "",
    ]
    return " · ".join(fact for fact in facts if fact)


def _address(step: StepResult) -> Component:
    if not step.url:
        return html.Div(hidden=True)
    peer = f"  ({step.remote_address})" if step.remote_address else ""
    return html.Div(
        [html.Span(f"{step.method} {step.url}", className="mono"), html.Span(peer, className="note")], className="wrap"
    )


def _assertions(assertions: tuple[Assertion, ...]) -> Component:
    if not assertions:
        return html.Div(hidden=True)
    rows = [
        (
            mark(State.UP if one.passed else State.DOWN, "held" if one.passed else "broken"),
            html.Span(one.subject, className="mono wrap"),
            html.Span(one.expected, className="mono wrap"),
            html.Span(one.actual, className="mono wrap" if one.passed else "mono wrap actual-bad"),
        )
        for one in assertions
    ]
    return html.Div(table(("result", "checked", "expected", "actual"), rows), className="stacked checks")


def _named(title: str, values: Mapping[str, str]) -> Component:
    if not values:
        return html.Div(hidden=True)
    return html.Div([html.H3(title), pairs({name: html.Span(text, className="mono") for name, text in values.items()})])


def _ids(ids: Mapping[str, str]) -> Component:
    if not ids:
        return html.Div(hidden=True)
    shown = {name: html.Span([html.Span(value, className="mono"), Copy(text=value)]) for name, value in ids.items()}
    return html.Div([html.H3("The vendor's request ids"), pairs(shown)])


def _support(run: Run, step: StepResult) -> Component:
    """What their support needs to find the request; only where there was one."""
    if not step.url:
        return html.Div(hidden=True)
    text = ticket(run, step)
    fold = html.Details([html.Summary("see it first"), html.Pre(text, className="ticket")])
    return html.Div([Copy(text=text, label="Copy text for the vendor's support ticket"), fold], className="support")


def _evidence(evidence: Evidence, *, opened: bool) -> Component:
    request = "\n".join(
        [f"{evidence.method} {evidence.url}", *_lines(evidence.request_headers), "", evidence.request_body or ""]
    )
    response = "\n".join([f"status {evidence.status or 'none'}", *_lines(evidence.response_headers)])
    body = evidence.response_body if evidence.response_body is not None else "no body came"
    blocks = [
        html.Div([html.H3("Request, redacted"), html.Pre(request.rstrip())]),
        html.Div([html.H3("Response headers"), html.Pre(response)]),
        html.Div([html.H3("Response body, first 8 KiB"), html.Pre(body or "an empty body")]),
    ]
    summary = html.Summary(["Evidence ", html.Span(evidence.evidence_id, className="mono")])
    return html.Details(
        [summary, Copy(text=evidence.evidence_id, label="copy id"), html.Div(blocks, className="evidence")], open=opened
    )


def _lines(headers: Mapping[str, str]) -> list[str]:
    return [f"{name}: {value}" for name, value in headers.items()]
