"""Histories out of a few lines: runs as the store would hand them out, without a store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from config.model import Alerting, Channel, Config, Integration, Route
from metrics.hindsight import Past, Seen
from metrics.kinds import OURS
from metrics.sliced import Decided
from metrics.store.from_runs.reading import Runs
from metrics.store.hindsight import RunRows, Told
from metrics.store.rollup.layout import KINDS, OUTCOMES, RUN_MEASURES
from metrics.store.schedule import Series
from probes.model import FailureKind, Outcome

T0 = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
EVERY = timedelta(seconds=20)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Probe:
    """A run: when it was scheduled (seconds after T0), how it ended, how long it took and lay about."""

    at_s: float
    outcome: Outcome = Outcome.PASSED
    kind: FailureKind | None = None
    took_s: float = 1.0
    late_s: float = 0.5
    attempt: int = 1
    ms: float = 100.0


def _us(seconds: float) -> int:
    return (T0 + timedelta(seconds=seconds) - _EPOCH) // timedelta(microseconds=1)


def config(names: Sequence[str], *, regions: Sequence[str] = ("local",), **more: Any) -> Config:
    """Integrations of one workflow each, in those regions; the rest are sections of alerts.yaml."""
    objectives = more.pop("objectives", ({"sli": "availability", "target": "99%"},))
    steps = [{"name": "create", "request": {"path": "/x"}}]
    workflow = {"name": "roundtrip", "every": EVERY, "regions": list(regions), "steps": steps}
    shared = {"base_url": "https://api.example.com", "workflows": [workflow], "objectives": list(objectives)}
    channels = [Channel.model_validate({"name": one, "kind": "webhook"}) for one in ("pager", "slack")]
    routes = [Route.model_validate({"urgent": ["pager"], "degraded": ["slack"]})]
    return Config(
        root=Path(),
        version=more.pop("version", "v1"),
        integrations=tuple(Integration.model_validate({"integration": name} | shared) for name in names),
        alerting=Alerting.model_validate({"channels": channels, "routes": routes} | more),
    )


def seen(history: Mapping[Series, Iterable[Probe]], *configs: Config) -> list[Seen]:
    """As each configuration sees it."""

    def rows_of(name: str, values: Sequence[str]) -> RunRows:
        return rows({series: list(probes) for series, probes in history.items() if series[0] == name})

    return Past(rows_of, configs).read()


def rows(history: Mapping[Series, Sequence[Probe]]) -> RunRows:
    """In the order of the store."""
    series = sorted(history)
    ordered = [(code, one) for code, key in enumerate(series)
               for one in sorted(history[key], key=lambda p: (p.at_s, p.attempt))]  # fmt: skip
    probes = [one for _, one in ordered]
    code = np.array([number for number, _ in ordered], np.int64)
    every_ms = EVERY // timedelta(milliseconds=1)
    outcome = np.array([OUTCOMES.index(p.outcome) for p in probes], np.int64)
    kind = np.array([1 + KINDS.index(p.kind.value) if p.kind else 0 for p in probes], np.int64)
    start = np.array([_us(p.at_s) // 1000 // every_ms * every_ms for p in probes], np.int64)
    runs = Runs(
        series=code,
        start_ms=start,
        every_ms=np.full(len(probes), every_ms),
        simulated=np.zeros(len(probes), np.int64),
        outcome=outcome,
        way=(outcome << 6) + (kind << 1),
        measures={measure: np.array([p.ms for p in probes]) for measure in RUN_MEASURES.values()},
        values={},
        skipped=Decided.joined(()),
    )
    told = {
        place: Told("create", p.kind.value if p.kind else None, "it broke", 503, None, f"run-{place}", None)
        for place, p in enumerate(probes)
        if p.outcome is not Outcome.PASSED
    }
    yes = np.ones(len(probes), bool)
    return RunRows(
        series=series,
        code=code,
        started_us=np.array([_us(p.at_s) for p in probes], np.int64),
        seen_us=np.array([_us(p.at_s + p.took_s + p.late_s) for p in probes], np.int64),
        tells=yes,
        measured=np.array([p.kind not in OURS for p in probes], bool),
        held=~yes,
        runs=runs,
        told=told,
    )
