"""A folder of probes with the truth about them, as `leadline replay` reads it; and alerts about it, scored.

`probes/<series>.csv` and `meta.json`: see `metrics.replay.suite`. `truth.json`: series → [[start, end, kind], …].
Alerts are lines of JSON: {"series", "fired_at", "resolved_at" (null: not before the end)}; seconds since the epoch.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
from pyarrow import csv

from tests.benchmarks.thresholds.scoring import Score, score
from tests.benchmarks.thresholds.synthetic import DAY, Incident, Synthetic, failures, latencies

LATENCY: Final = "latency"
ERRORS: Final = "errors"
_BUCKETS_S: Final = {LATENCY: 300, ERRORS: 60}


@dataclass(frozen=True, slots=True)
class Alert:
    """When it would have been sent, and when it was over."""

    series: str
    fired_at: float
    resolved_at: float | None


@dataclass(frozen=True, slots=True)
class Known:
    """What is known about one series of a folder."""

    name: str
    kind: str
    start: int
    end: int
    bucket_s: int
    truth: tuple[Incident, ...]

    @property
    def family(self) -> str:
        """What it was made as; "all" of a series that was not made."""
        parts = self.name.split("_")
        return parts[1] if self.name.startswith("syn") and len(parts) > 1 else "all"

    def score(self, alerts: Iterable[tuple[float, float | None]], from_day: float, to_day: float | None) -> Score:
        """Of alerts about this series; its days are counted from 0."""
        end = self.end if to_day is None else min(self.end, self.start + int(to_day * DAY))
        told = [one for one in alerts if one[0] < end]
        truth = [one for one in self.truth if one[0] < end]
        return score(told, truth, self.start, end, self.bucket_s, from_day)


def made(kind: str, seeds: Iterable[int], n: int, shift: float = 0.0) -> Iterator[Synthetic]:
    """`n` series of every family and seed, or `n` of every seed where they are failures."""
    for seed in seeds:
        yield from latencies(seed, n, shift) if kind == LATENCY else failures(seed, n)


def write(folder: Path, kind: str, series: Iterable[Synthetic]) -> tuple[int, int]:
    """How many series and how many probes it wrote."""
    (folder / "probes").mkdir(parents=True, exist_ok=True)
    meta: dict[str, dict[str, object]] = {}
    truth: dict[str, list[Incident]] = {}
    probes = 0
    for one in series:
        table = pa.table({"t_epoch": one.at, "value": one.ms, "ok": one.ok.astype(np.int8)})
        csv.write_csv(table, folder / "probes" / f"{one.name}.csv", csv.WriteOptions(quoting_header="none"))
        meta[one.name] = {
            "tz": one.zone, "step": one.step_s, "kind": kind, "t0": one.start, "t1": one.end, "bucket": _BUCKETS_S[kind]
        }  # fmt: skip
        truth[one.name] = one.truth
        probes += len(one.at)
    (folder / "meta.json").write_text(json.dumps(meta, indent=1))
    (folder / "truth.json").write_text(json.dumps(truth, indent=1))
    return len(meta), probes


def known(folder: Path) -> list[Known]:
    """Every series of a folder, in its order."""
    meta, truth = (json.loads((folder / name).read_text()) for name in ("meta.json", "truth.json"))
    return [
        Known(name, of["kind"], of["t0"], of["t1"], of["bucket"], tuple(tuple(one) for one in truth[name]))
        for name, of in meta.items()
    ]


def write_alerts(path: Path, alerts: Iterable[Alert]) -> None:
    """One line each."""
    lines = (
        json.dumps({"series": one.series, "fired_at": one.fired_at, "resolved_at": one.resolved_at}) for one in alerts
    )
    path.write_text("".join(f"{line}\n" for line in lines))


def read_alerts(path: Path) -> list[Alert]:
    """In the order of their lines."""
    told = [json.loads(line) for line in path.read_text().splitlines() if line.strip()]
    return [Alert(one["series"], one["fired_at"], one.get("resolved_at")) for one in told]


def scored(
    series: Iterable[Known], alerts: Iterable[Alert], from_day: float = 1.0, to_day: float | None = None
) -> dict[str, Score]:
    """By family; ValueError for an alert about a series that there is not."""
    listed = list(series)
    by_series: dict[str, list[tuple[float, float | None]]] = {one.name: [] for one in listed}
    for alert in alerts:
        if alert.series not in by_series:
            raise ValueError(f"an alert about {alert.series}, which is not in the folder")
        by_series[alert.series].append((alert.fired_at, alert.resolved_at))
    families: dict[str, Score] = {}
    for one in listed:
        families[one.family] = families.get(one.family, Score()) + one.score(by_series[one.name], from_day, to_day)
    return families


def together(families: dict[str, Score]) -> Score:
    """Of all families."""
    return sum(families.values(), Score())
