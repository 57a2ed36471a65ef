"""When answers are looked at for changes, and what of it is worth sending: the memory behind `Run.changes` and
`Run.shapes`.

A signal that stays the same is sent again every `REPEAT`. Shapes are taken after a run's last step, outside of every
timing: of the first answers to a step, of each that fails by its content, of those that follow news, and otherwise once
in `SPARSE`. What a shape stands for is sent with its first use, and again every `DEFINE_AGAIN` and after a change of
configuration, so that a hub that lost it learns it anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from config.model import Integration, Step
from probes.change.shape import shape_of
from probes.change.signals import change_signals
from probes.exchange import Exchange
from probes.judging import Judgement
from probes.leftovers import LEFT_BY
from probes.model import ChangeKind, ChangeSignal, FailureKind, Shape, StepResult
from probes.redaction import Redactor
from probes.vendors.model import Answer

REPEAT: Final = timedelta(minutes=10)
SPARSE: Final = timedelta(minutes=5)
DEFINE_AGAIN: Final = timedelta(hours=6)
FIRST: Final = 30
"""Answers of a step that are looked at before it is thought to be known."""
AFTER_NEWS: Final = 5
"""Answers that are looked at after one with another shape or one that failed, to see whether that lasts."""
FEW_SHAPES: Final = 3
"""A step with more than these goes from one to the other all the time."""
MOST_SHAPES: Final = 500
"""Of one step: an API whose answers vary more than that is beyond comparison."""
MOST_BODY: Final = 256 * 1024
_BY_CONTENT: Final = frozenset({FailureKind.SCHEMA, FailureKind.ASSERTION, FailureKind.CAPTURE})

StepKey = tuple[str, str, str]
"""Integration, workflow, step."""


@dataclass(slots=True)
class _Known:
    """What is remembered of one step's answers. `due` counts the next ones that are looked at in any case."""

    step: Step
    request: str
    due: int = FIRST
    looked_at: datetime | None = None
    latest: str | None = None
    defined: dict[str, datetime] = field(default_factory=dict)

    def wants(self, now: datetime) -> bool:
        return self.due > 0 or self.looked_at is None or now - self.looked_at >= SPARSE

    def learn(self, shape: Shape, now: datetime, *, failed: bool = False) -> tuple[bool, bool]:
        """Whether the shape may be named, and whether it has to be explained as well."""
        self.looked_at, self.due = now, max(0, self.due - 1)
        before = self.defined.get(shape.shape_id)
        if before is None and len(self.defined) >= MOST_SHAPES:
            return False, False
        turned = self.latest not in (None, shape.shape_id) and len(self.defined) <= FEW_SHAPES
        if before is None or turned or failed:
            self.due = max(self.due, AFTER_NEWS)
        self.latest = shape.shape_id
        explain = before is None or now - before >= DEFINE_AGAIN
        if explain:
            self.defined[shape.shape_id] = now
        return True, explain


class ChangeWatch:
    """One prober's memory over all of its runs."""

    def __init__(self) -> None:
        self._version = ""
        self._steps: dict[StepKey, _Known] = {}
        self._sent: dict[tuple[StepKey, ChangeKind, str], tuple[ChangeSignal, datetime]] = {}

    def of_run(self, integration: Integration, workflow: str, config_version: str, now: datetime) -> RunChanges:
        """What one run notices. `integration` as declared, references unresolved."""
        if config_version != self._version:
            self._version = config_version
            self._sent.clear()
            for known in self._steps.values():
                known.defined = dict.fromkeys(known.defined, now - DEFINE_AGAIN)
        steps = next(one.steps for one in integration.workflows if one.name == workflow)
        return RunChanges(self, integration.name, workflow, {step.name: step for step in steps}, now)

    def known(self, key: StepKey, step: Step) -> _Known:
        """What is remembered of the step; forgotten when its request is declared otherwise."""
        known = self._steps.get(key)
        if known is not None and known.step is step:
            return known
        request = request_digest(step)
        if known is None or known.request != request:
            known = self._steps[key] = _Known(step, request)
        known.step = step
        return known

    def is_news(self, key: StepKey, signal: ChangeSignal, now: datetime) -> bool:
        """Whether it was not sent in just these words within the last minutes."""
        place = (key, signal.kind, signal.source)
        before = self._sent.get(place)
        if before is not None and before[0] == signal and now - before[1] < REPEAT:
            return False
        self._sent[place] = (signal, now)
        return True


@dataclass(slots=True)
class RunChanges:
    """Notices during a run, and thinks about it afterwards."""

    watch: ChangeWatch
    integration: str
    workflow: str
    steps: dict[str, Step]
    now: datetime
    signals: dict[tuple[str, ChangeKind, str], ChangeSignal] = field(default_factory=dict)
    documents: list[tuple[StepResult, object]] = field(default_factory=list)

    def notice(self, result: StepResult, exchange: Exchange, judgement: Judgement, vendor: str) -> None:
        """One attempt at a step, as written down. Cheap, because it stands between two requests."""
        answer = judgement.answer
        if answer is None:
            return
        # Of the step as it is declared: its pages, and later attempts at cleaning up, are the same API.
        step = self._declared(result)
        for signal in change_signals(vendor, exchange.request, answer):
            named = replace(signal, step=step, integration=result.integration)
            self.signals[step, signal.kind, signal.source] = named
        if result.name in self.steps and self._is_to_be_surveyed(result, answer):
            self.documents.append((result, answer.json))

    def news(self, redactor: Redactor) -> tuple[ChangeSignal, ...]:
        """The signals that are worth sending, redacted."""
        shown = (_redacted(signal, redactor) for signal in self.signals.values())
        return tuple(signal for signal in shown if self.watch.is_news(self._key(signal.step), signal, self.now))

    def shapes(self, results: Sequence[StepResult], redactor: Redactor) -> tuple[list[StepResult], tuple[Shape, ...]]:
        """The results with the shapes of their answers, and those shapes that have to be explained."""
        marked, explained = list(results), []
        for result, document in self.documents:
            known = self.watch.known(self._key(result.name), self.steps[result.name])
            if not (known.wants(self.now) or result.failure is not None):
                continue
            shape = shape_of(document, known.request)
            usable, explain = known.learn(shape, self.now, failed=result.failure is not None)
            if explain:
                explained.append(_shown(shape, redactor))
            if usable:
                marked[marked.index(result)] = replace(result, shape_id=shape.shape_id)
        return marked, tuple(explained)

    def _declared(self, result: StepResult) -> str:
        names = tuple(self.steps)
        is_own = 0 < result.position <= len(names)
        return names[result.position - 1] if is_own else result.name.partition(LEFT_BY)[0]

    def _key(self, step: str) -> StepKey:
        return self.integration, self.workflow, step

    def _is_to_be_surveyed(self, result: StepResult, answer: Answer) -> bool:
        """A good JSON answer of usual size, or one that is bad only by what is in it."""
        if not isinstance(answer.json, (dict, list)) or len(answer.body) > MOST_BODY or answer.status >= 300:
            return False
        by_content = result.failure is None or result.failure.kind in _BY_CONTENT
        return by_content and self.steps[result.name].shape == "watch"


def request_digest(step: Step) -> str:
    """Changes whenever the step asks for something else; the same for every value of its variables."""
    asked = step.request.model_dump_json(by_alias=True, exclude={"timeout", "idempotent", "headers"})
    return hashlib.blake2b(f"{step.integration} {asked}".encode(), digest_size=8).hexdigest()


def _redacted(signal: ChangeSignal, redactor: Redactor) -> ChangeSignal:
    is_web = signal.link is not None and signal.link.startswith(("https://", "http://"))
    link = redactor.url(signal.link) if signal.link is not None and is_web else None
    return replace(signal, what=redactor.short(signal.what), link=link)


def _shown(shape: Shape, redactor: Redactor) -> Shape:
    # All at once: a text for each of two thousand paths would hold the loop up.
    shown = redactor.text("\n".join(shape.paths)).split("\n")
    if len(shown) != len(shape.paths):
        shown = [redactor.text(path) for path in shape.paths]
    return replace(shape, paths=dict(zip(shown, shape.paths.values(), strict=True)))
