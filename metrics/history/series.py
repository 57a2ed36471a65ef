"""One workflow in one region over the simulated window: its runs and their steps as columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from config.model import Integration, Step, Workflow
from metrics.history.world import QUIET_DAYS, Floats, Trouble, World
from metrics.model import Window
from probes.model import FailureKind

LEAST_EVERY: Final = timedelta(seconds=60)
"""History of a workflow that runs more often than this is generated at this interval, and says so in `every_s`."""

KINDS: Final[tuple[FailureKind, ...]] = tuple(FailureKind)
_MESSAGES: Final = {
    FailureKind.STATUS_5XX: ("the vendor answered 503 Service Unavailable", 503),
    FailureKind.STATUS_4XX: ("the vendor answered 409 Conflict", 409),
    FailureKind.TIMEOUT: ("no answer within 10 s", None),
    FailureKind.CONNECT: ("connection refused", None),
    FailureKind.THROTTLED: ("the vendor answered 429 Too Many Requests", 429),
    FailureKind.SCHEMA: ("the body does not fit the schema: a required field is missing", 200),
    FailureKind.BODY: ("the body is not valid JSON", 200),
    FailureKind.VENDOR_ERROR: ("an error inside a 200 answer", 200),
}
_RETRYABLE: Final = (FailureKind.STATUS_5XX, FailureKind.TIMEOUT, FailureKind.CONNECT, FailureKind.THROTTLED)
_UNANSWERED: Final = (FailureKind.TIMEOUT, FailureKind.CONNECT)
_BACKGROUND: Final = (FailureKind.STATUS_5XX, FailureKind.TIMEOUT, FailureKind.CONNECT, FailureKind.BODY)
_BACKGROUND_RATE: Final = 0.0006
_NOISE: Final = 0.16
_TAIL: Final = 0.008
_TIMEOUT_MS: Final = 10_000.0

PASSED, UNSTABLE, FAILED, THROTTLED = range(4)
OUTCOMES: Final = ("passed", "unstable", "failed", "throttled")
_NO_KIND: Final = -1

Codes = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Fates:
    """Per run: outcome and kind codes, the step that decided, and how much slower everything was."""

    outcome: Codes
    kind: Codes
    step: Codes
    slower: Floats


@dataclass(frozen=True, slots=True)
class Series:
    """Columns of the runs (`runs`) and of their steps (`steps`, in order of run, position, attempt)."""

    runs: Mapping[str, Any]
    steps: Mapping[str, Any]
    names: tuple[str, ...]
    """Step names by position."""


def build(
    integration: Integration, workflow: Workflow, window: Window, world: World, random: np.random.Generator
) -> Series:
    """Runs whose last answer came before the window's end."""
    at_ms = _schedule(window, max(workflow.every, LEAST_EVERY), random)
    here = [(trouble, slice(None)) for trouble in world.troubles]
    return lived(integration, workflow, at_ms, world.level_at(at_ms), here, window.end, random)


def lived(
    integration: Integration,
    workflow: Workflow,
    at_ms: Floats,
    level: Floats,
    troubles: Sequence[tuple[Trouble, slice]],
    end: datetime,
    random: np.random.Generator,
) -> Series:
    """Runs at these instants, at that usual level of the vendor; each trouble strikes a part of them. The days before
    `end` are calm."""
    steps = workflow.steps
    fates = _fates(at_ms, steps, troubles, end, random)
    table = _steps(integration, steps, fates, level * fates.slower, random)
    runs = _runs(at_ms, max(workflow.every, LEAST_EVERY), steps, fates, table, random)
    starts = runs["at_ms"][table["run"]] + table["offset_ms"]
    return Series(runs, table | {"at_ms": starts}, tuple(step.name for step in steps))


def message_of(kind: FailureKind) -> tuple[str, int | None, bool]:
    """(message, status, retryable) of a simulated failure."""
    message, status = _MESSAGES.get(kind, (f"{kind.value} failure", None))
    return message, status, kind in _RETRYABLE


def _schedule(window: Window, every: timedelta, random: np.random.Generator) -> Floats:
    every_ms = every.total_seconds() * 1000
    phase = float(random.integers(0, int(every_ms)))
    first = -(-(window.start.timestamp() * 1000 - phase) // every_ms)
    # Ends early enough that even a run of timeouts is over before the window is.
    last = (window.end.timestamp() * 1000 - 60_000 - phase) // every_ms
    return np.arange(first, last + 1) * every_ms + phase


def _fates(
    at_ms: Floats,
    steps: Sequence[Step],
    troubles: Sequence[tuple[Trouble, slice]],
    end: datetime,
    random: np.random.Generator,
) -> Fates:
    count = len(at_ms)
    outcome, kind, slower = np.zeros(count, np.int64), np.full(count, _NO_KIND, np.int64), np.ones(count)
    main = max(1, sum(not step.always for step in steps))
    step = random.integers(0, main, count)
    ill = random.random(count) < _BACKGROUND_RATE
    kind[ill] = np.array([KINDS.index(k) for k in _BACKGROUND])[random.integers(0, len(_BACKGROUND), int(ill.sum()))]
    # Six of ten passing troubles are gone at the retry; all of them in the calm days before now.
    calm = at_ms[ill] > end.timestamp() * 1000 - QUIET_DAYS * 86_400_000
    outcome[ill] = np.where(calm | (random.random(int(ill.sum())) < 0.6), UNSTABLE, FAILED)
    for trouble, part in troubles:
        inside = np.zeros(count, bool)
        inside[part] = at_ms[part] >= trouble.start.timestamp() * 1000
        inside &= at_ms < trouble.end.timestamp() * 1000
        slower[inside] = trouble.slower
        if trouble.kind is not None:
            hit = inside & (random.random(count) < trouble.failing)
            outcome[hit] = THROTTLED if trouble.kind is FailureKind.THROTTLED else FAILED
            kind[hit] = KINDS.index(trouble.kind)
    return Fates(outcome, kind, step, slower)


def _steps(
    integration: Integration, steps: Sequence[Step], fates: Fates, level: Floats, random: np.random.Generator
) -> dict[str, Any]:
    ended = np.isin(fates.outcome, (FAILED, THROTTLED))
    parts: list[dict[str, Any]] = []
    for position, step in enumerate(steps):
        here = (fates.step == position) & (fates.outcome != PASSED)
        ran = ~ended | (fates.step >= position) | step.always
        share = 0.8 + 0.1 * (len(step.name) % 5)
        good = np.flatnonzero(ran & ~(here & ended))
        parts.append(_good(integration, position, step, good, level[good] * share, random))
        parts[-1]["attempt"] += (here & (fates.outcome == UNSTABLE))[good]
        bad = np.flatnonzero(here)
        parts.append(_bad(position, step, bad, fates, level[bad] * share))
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    order = np.lexsort((joined["attempt"], joined["position"], joined["run"]))
    table = {name: column[order] for name, column in joined.items()}
    return table | {"offset_ms": _offsets(table["run"], table["took_ms"])}


def _good(
    integration: Integration, position: int, step: Step, run: Codes, level: Floats, random: np.random.Generator
) -> dict[str, Any]:
    count = len(run)
    factor = np.exp(random.normal(0, _NOISE, count))
    tail = random.random(count) < _TAIL
    factor[tail] *= np.exp(random.exponential(0.9, int(tail.sum())))
    wait = level * np.minimum(factor, 12.0)
    fresh = position == 0
    dns, connect = random.uniform(0.2, 0.6, count), random.uniform(0.1, 0.5, count)
    tls = random.uniform(2.0, 5.0, count) if integration.base_url.startswith("https") else np.full(count, np.nan)
    opening = dns + connect + np.nan_to_num(tls) if fresh else np.zeros(count)
    send, download = random.uniform(0.05, 0.2, count), random.uniform(0.1, 0.6, count)
    ttfb = opening + send + wait
    absent = np.full(count, np.nan)
    return _columns(position, step, run) | {
        "outcome": np.full(count, PASSED, np.int64),
        "kind": np.full(count, _NO_KIND, np.int64),
        "dns_ms": dns if fresh else absent,
        "connect_ms": connect if fresh else absent,
        "tls_ms": tls if fresh else absent,
        "send_ms": send,
        "wait_ms": wait,
        "ttfb_ms": ttfb,
        "download_ms": download,
        "total_ms": ttfb + download,
        "took_ms": ttfb + download,
    }


def _bad(position: int, step: Step, run: Codes, fates: Fates, level: Floats) -> dict[str, Any]:
    kind = fates.kind[run]
    answered = ~np.isin(kind, [KINDS.index(k) for k in _UNANSWERED])
    total = np.where(answered, level, np.nan)
    took = np.where(kind == KINDS.index(FailureKind.TIMEOUT), _TIMEOUT_MS, np.nan_to_num(total, nan=1.0))
    outcome = np.where(fates.outcome[run] == THROTTLED, THROTTLED, FAILED)
    absent = np.full(len(run), np.nan)
    phases = dict.fromkeys(("dns_ms", "connect_ms", "tls_ms", "send_ms", "download_ms"), absent)
    answer = {"wait_ms": total, "ttfb_ms": total, "total_ms": total, "took_ms": took}
    return _columns(position, step, run) | {"outcome": outcome, "kind": kind} | phases | answer


def _columns(position: int, step: Step, run: Codes) -> dict[str, Any]:
    count = len(run)
    return {
        "run": run,
        "position": np.full(count, position, np.int16),
        "attempt": np.ones(count, np.int16),
        "cleanup": np.full(count, step.always),
    }


def _offsets(run: Codes, took_ms: Floats) -> Floats:
    """When each step starts after its run did: the sum of what came before it."""
    before = np.cumsum(took_ms) - took_ms
    firsts = np.flatnonzero(np.diff(run, prepend=-1))
    return before - np.repeat(before[firsts], np.diff(np.append(firsts, len(run))))


def _runs(
    at_ms: Floats,
    every: timedelta,
    steps: Sequence[Step],
    fates: Fates,
    table: Mapping[str, Any],
    random: np.random.Generator,
) -> dict[str, Any]:
    count = len(at_ms)
    main = ~table["cleanup"]
    good = main & (table["outcome"] == PASSED)
    lag = np.exp(random.normal(6.9, 0.4, count)) if any(step.until for step in steps) else np.full(count, np.nan)
    return {
        "at_ms": at_ms,
        "every_s": np.full(count, every.total_seconds()),
        "outcome": fates.outcome,
        "kind": np.where(np.isin(fates.outcome, (FAILED, THROTTLED)), fates.kind, _NO_KIND),
        "step": fates.step,
        "duration_ms": np.bincount(table["run"][main], table["took_ms"][main], count),
        "loop_lag_ms": random.gamma(2.0, 0.4, count),
        "slowest_total_ms": _largest(table["run"][good], table["total_ms"][good], count),
        "slowest_ttfb_ms": _largest(table["run"][good], table["ttfb_ms"][good], count),
        "sync_lag_ms": np.where(fates.outcome <= UNSTABLE, lag, np.nan),
    }


def _largest(run: Codes, figures: Floats, count: int) -> Floats:
    found = np.full(count, -np.inf)
    np.maximum.at(found, run, figures)
    return np.where(np.isinf(found), np.nan, found)
