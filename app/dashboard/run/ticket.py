"""What to write into a ticket at the vendor's support: enough to find the request in their logs, and no secret."""

from __future__ import annotations

from datetime import UTC
from typing import Final
from urllib.parse import urlsplit

from probes.model import Run, StepResult

_TRACE: Final = "traceparent"


def ticket(run: Run, step: StepResult) -> str:
    """One attempt at one step, line by line. The address has no query: that is where secrets and people's data are."""
    trace = _sent(step, _TRACE) or f"00-{run.run_id.hex}-… (the trace id; one span per request)"
    facts = {
        "Time (UTC)": step.started_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3],
        "Request": f"{step.method} {_place(step.url)}",
        "Your address": step.remote_address or "",
        "Status": str(step.status) if step.status is not None else "no answer",
        **{f"Your {name}": value for name, value in step.vendor_request_ids.items()},
        "Our X-Request-Id": _sent(step, "x-request-id") or f"{run.run_id}-{step.position}.{step.attempt}",
        "Our traceparent": trace,
        **_expected(step),
    }
    return "\n".join(f"{name}: {value}" for name, value in facts.items() if value)


def _place(url: str) -> str:
    """Host and path alone."""
    parts = urlsplit(url)
    return f"{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}{parts.path}"


def _sent(step: StepResult, header: str) -> str:
    sent = step.evidence.request_headers if step.evidence is not None else {}
    return next((value for name, value in sent.items() if name.lower() == header), "")


def _expected(step: StepResult) -> dict[str, str]:
    broken = [one for one in step.assertions if not one.passed]
    if broken:
        return {f"Expected {one.subject}": f"{one.expected}; got {one.actual}" for one in broken}
    return {"Expected": "an answer as agreed", "What happened": step.failure.message} if step.failure else {}
