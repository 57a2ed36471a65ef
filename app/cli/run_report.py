"""What `leadline run` says: a line for people, one JSON document, or JUnit XML."""

from __future__ import annotations

import json
import re
from typing import Any, Final
from xml.etree import ElementTree as ET

from config.model import Config
from probes.model import Outcome, Run, StepResult

_MARKS: Final = {
    Outcome.PASSED: "✓",
    Outcome.UNSTABLE: "~",
    Outcome.FAILED: "✗",
    Outcome.THROTTLED: "‖",
    Outcome.SKIPPED: "-",
    Outcome.TAINTED: "?",
}
# What XML 1.0 cannot carry at all, even escaped; a vendor's message may hold it.
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def line(run: Run) -> str:
    """One run for people: mark, name, duration, and why it is not good."""
    head = f"{_MARKS[run.outcome]} {run.integration}/{run.workflow}  {run.outcome}  {run.duration_ms:.0f} ms"
    reason = reason_of(run)
    return f"{head}  {reason}" if reason else head


def reason_of(run: Run) -> str:
    """Step, kind and message of what decided the outcome; empty for a pass."""
    if run.failure is None:
        return run.skip_reason or ""
    step = f"{run.failed_step}: " if run.failed_step else ""
    return f"{step}{run.failure.kind}: {run.failure.message}"


def summary(runs: list[Run]) -> str:
    """Counts by outcome, in one line."""
    counts = [(outcome, sum(run.outcome is outcome for run in runs)) for outcome in Outcome]
    return f"{len(runs)} workflows: " + ", ".join(f"{n} {outcome}" for outcome, n in counts if n)


def as_document(runs: list[Run], config: Config) -> str:
    """One JSON document: config version, counts, and each run with its attempts."""
    return json.dumps(
        {
            "config_version": config.version,
            "counts": {outcome: sum(run.outcome is outcome for run in runs) for outcome in Outcome},
            "runs": [_run(run) for run in runs],
        },
        indent=2,
        ensure_ascii=False,
    )


def _run(run: Run) -> dict[str, Any]:
    return {
        "run_id": str(run.run_id),
        "integration": run.integration,
        "workflow": run.workflow,
        "region": run.region,
        "outcome": run.outcome,
        "started_at": run.started_at.isoformat(),
        "duration_ms": run.duration_ms,
        "failed_step": run.failed_step,
        "failure": None if run.failure is None else {"kind": run.failure.kind, "message": run.failure.message},
        "skip_reason": run.skip_reason,
        "values": run.values,
        "steps": [_step(step) for step in run.steps],
    }


def _step(step: StepResult) -> dict[str, Any]:
    timings = step.timings
    return {
        "name": step.name,
        "attempt": step.attempt,
        "outcome": step.outcome,
        "status": step.status,
        "ttfb_ms": timings.ttfb_ms,
        "total_ms": timings.total_ms,
        "failure": None if step.failure is None else {"kind": step.failure.kind, "message": step.failure.message},
        "assertions": [
            {"subject": a.subject, "expected": a.expected, "actual": a.actual, "passed": a.passed}
            for a in step.assertions
        ],
        "evidence_id": step.evidence.evidence_id if step.evidence else None,
    }


def as_junit(runs: list[Run]) -> bytes:
    """JUnit XML: a suite per integration, a case per workflow; throttled and tainted are errors, not failures."""
    root = ET.Element("testsuites", name="leadline")
    _count(root, runs)
    for integration in sorted({run.integration for run in runs}):
        own = [run for run in runs if run.integration == integration]
        suite = ET.SubElement(root, "testsuite", name=integration)
        _count(suite, own)
        for run in own:
            _case(suite, run)
    ET.indent(root)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))


def _count(element: ET.Element, runs: list[Run]) -> None:
    element.set("tests", str(len(runs)))
    element.set("failures", str(sum(run.outcome is Outcome.FAILED for run in runs)))
    element.set("errors", str(sum(run.outcome in (Outcome.THROTTLED, Outcome.TAINTED) for run in runs)))
    element.set("skipped", str(sum(run.outcome is Outcome.SKIPPED for run in runs)))
    element.set("time", f"{sum(run.duration_ms for run in runs) / 1000:.3f}")


_TAGS: Final = {
    Outcome.FAILED: "failure",
    Outcome.THROTTLED: "error",
    Outcome.TAINTED: "error",
    Outcome.SKIPPED: "skipped",
}


def _case(suite: ET.Element, run: Run) -> None:
    case = ET.SubElement(
        suite, "testcase", classname=run.integration, name=run.workflow, time=f"{run.duration_ms / 1000:.3f}"
    )
    tag = _TAGS.get(run.outcome)
    if tag is not None:
        kind = run.failure.kind if run.failure else run.outcome
        problem = ET.SubElement(case, tag, message=_NOT_XML.sub("�", reason_of(run)), type=str(kind))
        problem.text = _NOT_XML.sub("�", "\n".join(_attempt(step) for step in run.steps))


def _attempt(step: StepResult) -> str:
    text = f"{step.name} (attempt {step.attempt}): {step.outcome}"
    if step.status is not None:
        text += f", status {step.status}"
    return text if step.failure is None else f"{text}: {step.failure.message}"
