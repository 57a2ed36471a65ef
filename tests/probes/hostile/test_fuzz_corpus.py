"""Five thousand broken answers through the whole engine: no crash, no hang, and every one is called something."""

from __future__ import annotations

import asyncio
import hashlib
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from functools import lru_cache
from typing import Any

import pytest
from hostile_corpus import WAYS, Broken, corpus
from hostile_world import Hostile, request_head
from probe_world import integration, make_runner, run_once

from config.model import Integration
from probes.model import FailureKind, Outcome, Run
from probes.wire import dump_run, parse_run

COUNT, SEED = 5_600, 20_261_122
AT_ONCE = 40
TIMEOUT_S, HELD_TIMEOUT_S, HANG_S = 20.0, 0.3, 30.0

pytestmark = pytest.mark.slow

RETRY: dict[str, Any] = {"retry": {"attempts": 1}}
SCHEMAS = {
    "s.json": {"type": ["object", "array"], "additionalProperties": {"$ref": "part.json"}},
    "part.json": {"maxLength": 9},
}
STEPS: tuple[dict[str, Any], ...] = (
    {},
    {"expect": {"json": {"$..*": {"exists": True}, "$.id": {"matches": "^[0-9]"}}}, "record": {"n": "$.total"}},
    {"capture": {"all": "$", "kind": "header:Content-Type"}},
    {"expect": {"schema": "s.json", "status": [200, 201, "4xx"]}},
    {"expect": {"body": {"contains": "é", "matches": "a+b"}, "headers": {"X-A": "1"}}},
    {"until": {"json": {"$.a": 1}, "within": "100ms", "every": "200ms"}},
)


class Served:
    """The corpus on a socket: the path of a request is the number of the answer."""

    def __init__(self, answers: list[Broken]) -> None:
        self.answers = answers
        self.hostile = Hostile(self.play)

    async def play(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await request_head(reader)
        number = head.split(b" ", 2)[1].lstrip(b"/").split(b"?")[0]
        # Where a redirect leads elsewhere, that is an answer of the corpus as well.
        answer = self.answers[int(number) % len(self.answers) if number.isdigit() else 0]
        writer.write(answer.wire[: len(answer.wire) // 2])
        await asyncio.sleep(0)
        writer.write(answer.wire[len(answer.wire) // 2 :])
        await writer.drain()
        if answer.ends == "reset":
            writer.transport.abort()
        elif answer.ends == "closed":
            writer.write_eof()
        await reader.read()


@pytest.fixture(scope="module")
def answers() -> list[Broken]:
    return corpus(COUNT, SEED)


@pytest.fixture
async def served(answers: list[Broken]) -> AsyncIterator[Served]:
    server = Served(answers)
    await server.hostile.start()
    yield server
    await server.hostile.stop()


def test_the_corpus_is_the_same_everywhere_and_holds_every_way_of_breaking(answers: list[Broken]) -> None:
    again = corpus(200, SEED)
    assert again == answers[:200]
    assert len({(one.vendor, one.wire) for one in answers}) == COUNT >= 5_000
    ways = Counter(one.way for one in answers)
    assert set(ways) == set(WAYS)
    assert min(ways.values()) > 200
    assert len({one.vendor for one in answers}) > 20
    digest = hashlib.sha256(b"".join(one.wire for one in again)).hexdigest()
    assert len(digest) == 64


async def test_every_answer_of_the_corpus_is_called_something(served: Served) -> None:
    queue = list(enumerate(served.answers))
    found: dict[int, Run | BaseException] = {}
    began = time.perf_counter()

    async def worker() -> None:
        while queue:
            number, answer = queue.pop()
            try:
                found[number] = await asyncio.wait_for(probe(served.hostile.url, number, answer), HANG_S)
            except BaseException as err:
                found[number] = err
                if isinstance(err, asyncio.CancelledError):
                    raise

    await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
    tell(found, served.answers, time.perf_counter() - began)
    assert [wrong for number, run in found.items() if (wrong := fault(run, served.answers[number]))][:5] == []
    assert len(found) == COUNT


async def probe(url: str, number: int, answer: Broken) -> Run:
    declared = declared_for(answer.vendor, number % len(STEPS), answer.ends == "held", number % 3 == 0)
    return await run_once(make_runner(), declared.model_copy(update={"base_url": f"{url}/{number}"}), **SCHEMAS)


@lru_cache(maxsize=1024)
def declared_for(vendor: str, shape: int, held: bool, follows: bool) -> Integration:
    timeout = HELD_TIMEOUT_S if held else TIMEOUT_S
    request = {"timeout": f"{timeout}s", "redirects": 2 if follows else 0}
    step = {"name": "call", "request": request, **RETRY, **STEPS[shape]}
    return integration("http://127.0.0.1", step, vendor=vendor, timeout=f"{TIMEOUT_S + 1}s")


def fault(run: Run | BaseException, answer: Broken) -> str | None:
    """What is wrong with how that answer was dealt with."""
    if isinstance(run, BaseException):
        return f"{answer}: {run!r}"
    back = parse_run(dump_run(run))
    if (back.outcome, back.failure is None) != (run.outcome, run.outcome is Outcome.PASSED):
        return f"{answer}: {run.outcome} with {run.failure}"
    if run.failure is None:
        return None
    if run.failure.kind is FailureKind.INTERNAL:
        return f"{answer}: {run.failure}"
    late = run.failure.kind in (FailureKind.TIMEOUT, FailureKind.DEADLINE)
    if late and answer.ends != "held":
        return f"{answer}: {run.failure}"
    kept = [step for step in run.steps if step.failure is not None and step.evidence is None]
    return f"{answer}: no evidence" if kept else None


def tell(found: dict[int, Run | BaseException], answers: list[Broken], seconds: float) -> None:
    kinds = Counter(
        type(run).__name__ if isinstance(run, BaseException) else run.failure.kind.value if run.failure else "passed"
        for run in found.values()
    )
    counts = ", ".join(f"{name} {count}" for name, count in kinds.most_common())
    sys.stderr.write(f"\n{len(found)} answers in {seconds:.1f} s: {counts}\n")
