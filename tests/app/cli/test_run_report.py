"""What `leadline run` says to people, to scripts and to a CI server."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cli.run_report import as_document, as_junit, line, summary
from config.model import Config
from probes.model import Failure, FailureKind, Outcome, Run, StepResult

AT = datetime(2026, 11, 22, tzinfo=UTC)
CONFIG = Config(root=Path("monitoring"), version="v1", integrations=())


def run(outcome: Outcome, message: str = "expected 201, got 503", integration: str = "hubspot") -> Run:
    failure = None if outcome is Outcome.PASSED else Failure(FailureKind.STATUS_5XX, message)
    step = StepResult("create", 1, 1, False, AT, outcome, failure=failure, status=503)
    return Run(
        run_id=UUID(int=1),
        region="local",
        integration=integration,
        workflow="roundtrip",
        scheduled_at=AT,
        started_at=AT,
        duration_ms=1234.0,
        outcome=outcome,
        config_version="v1",
        failure=failure,
        failed_step=failure and "create",
        steps=(step,),
    )


def test_a_line_names_step_kind_and_message() -> None:
    assert line(run(Outcome.FAILED)) == (
        "✗ hubspot/roundtrip  failed  1234 ms  create: status_5xx: expected 201, got 503"
    )


def test_the_summary_leaves_out_what_did_not_happen() -> None:
    assert summary([run(Outcome.PASSED), run(Outcome.FAILED)]) == "2 workflows: 1 passed, 1 failed"


@pytest.mark.parametrize(
    ("outcome", "tag"),
    [
        (Outcome.FAILED, "failure"),
        (Outcome.THROTTLED, "error"),
        (Outcome.TAINTED, "error"),
        (Outcome.SKIPPED, "skipped"),
    ],
)
def test_junit_tells_failures_from_what_could_not_be_judged(outcome: Outcome, tag: str) -> None:
    root = ET.fromstring(as_junit([run(outcome)]))
    assert root.find(f".//testcase/{tag}") is not None


def test_junit_counts_per_integration_and_in_all() -> None:
    root = ET.fromstring(as_junit([run(Outcome.FAILED), run(Outcome.PASSED, integration="marketo")]))
    assert (root.attrib["tests"], root.attrib["failures"]) == ("2", "1")
    assert {suite.attrib["name"]: suite.attrib["failures"] for suite in root} == {"hubspot": "1", "marketo": "0"}


@given(st.text())
def test_junit_is_readable_xml_whatever_a_vendor_says(message: str) -> None:
    ET.fromstring(as_junit([run(Outcome.FAILED, message)]))


def test_the_document_is_json_with_every_attempt() -> None:
    document = json.loads(as_document([run(Outcome.FAILED)], CONFIG))
    assert document["counts"]["failed"] == 1
    assert document["runs"][0]["steps"][0]["status"] == 503
