"""Whole answers as vendors give them, through the whole engine: socket, parser, verdict, quota, request ids.

A file of `samples/` a vendor. In a sample, `$EPOCH+n`, `$EPOCHMS+n`, `$ISO+n` and `$DATE+n` are n seconds from now,
`$TODAY_CHICAGO` is the date in Marketo's zone.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from probe_world import Server, answer, integration, make_runner, run_once
from ruamel.yaml import YAML

from probes.model import QuotaReading, Run
from probes.vendors import VENDORS

FOLDER = Path(__file__).parent / "samples"
NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
_PLACEHOLDER = re.compile(r'"?\$(EPOCHMS|EPOCH|ISO|DATE)\+(\d+)"?')


def load(vendor: str) -> list[dict[str, Any]]:
    return list(YAML(typ="safe").load((FOLDER / f"{vendor}.yaml").read_text()))


SAMPLES = [
    pytest.param(vendor, sample, id=f"{vendor}: {sample['case']}")
    for vendor in sorted(path.stem for path in FOLDER.glob("*.yaml"))
    for sample in load(vendor)
]


def written(kind: str, seconds: int) -> str:
    """An instant as vendors write it; as JSON text where it is no number."""
    at = NOW + timedelta(seconds=seconds)
    match kind:
        case "EPOCH":
            return str(int(at.timestamp()))
        case "EPOCHMS":
            return str(int(at.timestamp() * 1000))
        case "ISO":
            return f'"{at.isoformat()}"'
    return format_datetime(at, usegmt=True)


def filled(text: str) -> str:
    today = NOW.astimezone(ZoneInfo("America/Chicago")).date().isoformat()
    return _PLACEHOLDER.sub(lambda m: written(m[1], int(m[2])), text).replace("$TODAY_CHICAGO", today)


def wire(sample: dict[str, Any]) -> bytes:
    body = sample["body"]
    headers = {name: filled(str(value)) for name, value in sample.get("headers", {}).items()}
    if isinstance(body, str) or body is None:
        return answer(sample["status"], (body or "").encode(), headers)
    return answer(sample["status"], filled(json.dumps(body)).encode(), {"Content-Type": "application/json", **headers})


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server([])
    await server.start()
    yield server
    await server.stop()


async def probe(server: Server, vendor: str, sample: dict[str, Any]) -> Run:
    server.script = [wire(sample)]
    step = {"name": "call", "request": {"path": "/"}, "retry": {"attempts": 1}}
    return await run_once(make_runner(clock=lambda: NOW), integration(server, step, vendor=vendor))


def told(reading: QuotaReading, names: set[str]) -> dict[str, Any]:
    resets_in = None if reading.reset_at is None else (reading.reset_at - NOW).total_seconds()
    known = {"unit": reading.unit, "limit": reading.limit, "used": reading.used, "remaining": reading.remaining}
    return {name: value for name, value in {**known, "resets_in": resets_in}.items() if name in names}


@pytest.mark.parametrize(("vendor", "sample"), SAMPLES)
async def test_a_recorded_answer_means_what_the_vendor_means_by_it(
    server: Server, vendor: str, sample: dict[str, Any]
) -> None:
    run = await probe(server, vendor, sample)
    (step,) = run.steps
    assert run.outcome.value == sample["outcome"], run.failure
    kind = run.failure.kind.value if run.failure is not None else None
    assert kind == sample.get("kind")
    assert sample.get("says", "") in (run.failure.message if run.failure is not None else "")
    if "retry_after" in sample:
        assert run.failure is not None
        assert run.failure.retry_after_s == sample["retry_after"]
    if "quota" in sample:
        wanted = sample["quota"]
        assert {r.bucket: told(r, set(wanted.get(r.bucket, {}))) for r in run.quota} == wanted
        assert {r.unit for r in run.quota if "unit" not in wanted[r.bucket]} <= {"requests"}
    assert {**step.vendor_request_ids, **sample.get("ids", {})} == step.vendor_request_ids


def test_every_vendor_has_recorded_answers_good_throttled_and_refused() -> None:
    for vendor in VENDORS:
        outcomes = {sample["outcome"] for sample in load(vendor)}
        assert outcomes >= {"passed", "throttled", "failed"}, vendor
