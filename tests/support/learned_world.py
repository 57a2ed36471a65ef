"""Rows to learn from, made cheaply, and limits that are kept up with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from config.model import Config, Integration
from metrics.history.tables import run_ids
from metrics.learning import LearnedLimits
from metrics.learning.course import SETTLED_AFTER
from metrics.model import LearnedVerdict
from metrics.replay import rows
from metrics.replay.suite import Recording, SeriesMeta
from metrics.store.appending import append
from metrics.store.database import Store
from metrics.store.rollup.marks import mark
from metrics.store.rollup.roller import roll

START = datetime(2026, 11, 16, tzinfo=UTC)
"""A Monday midnight."""
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
TABLES = ("baseline_hours", "baseline_buckets", "baseline_failures")


@dataclass(frozen=True, slots=True)
class Probes:
    """The probes of one integration, one every `every_s` from START on: `ms` each, failed where not `ok`."""

    ms: Any
    ok: Any
    every_s: float = 60.0

    @classmethod
    def quiet(cls, hours: float, *, seed: int = 1, usual_ms: float = 100.0, every_s: float = 60.0) -> Probes:
        """Around `usual_ms`, slower in the afternoon, and nothing fails."""
        count = int(hours * 3600 / every_s)
        at_h = np.arange(count) * every_s / 3600
        afternoon = 0.5 * np.exp(-(((at_h % 24 - 14) / 3) ** 2))
        noise = np.random.default_rng(seed).normal(0, 0.08, count)
        return cls(usual_ms * np.exp(afternoon + noise), np.ones(count, np.bool_), every_s)

    def slower(self, since_h: float, hours: float, times: float) -> Probes:
        """All of that time by that factor."""
        place = self.place(since_h, hours)
        ms = self.ms.copy()
        ms[place] *= times
        return replace(self, ms=ms)

    def failing(self, since_h: float, hours: float, every: int = 1) -> Probes:
        """Every so many of that time."""
        place = self.place(since_h, hours)
        ok = self.ok.copy()
        ok[place][::every] = False
        return replace(self, ok=ok)

    def place(self, since_h: float, hours: float) -> slice:
        return slice(round(since_h * 3600 / self.every_s), round((since_h + hours) * 3600 / self.every_s))

    def at_ms(self) -> Any:
        return (START.timestamp() * 1000 + np.arange(len(self.ms)) * self.every_s * 1000).astype(np.int64)


@dataclass(slots=True)
class World:
    """A store with probes in it."""

    store: Store
    numbers: int = 1
    random: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))

    def put(self, series: dict[str, Probes], keep: Callable[[Any], Any] = lambda at_h: at_h >= 0, **more: Any) -> None:
        """Store those probes of the series for whose hours since START `keep` holds; `more` replaces columns."""
        named = []
        for name, probes in series.items():
            at_ms = probes.at_ms()
            kept = keep((at_ms - START.timestamp() * 1000) / 3_600_000)
            meta = SeriesMeta(tz="UTC", step=probes.every_s, kind="latency", t0=0, t1=1)
            named.append((name, Recording(name, meta, at_ms[kept], probes.ms[kept], probes.ok[kept])))
        made = rows.tables(named, 0, 1 << 60, self.numbers, self.random)
        self.numbers += made["runs"].num_rows
        for table, columns in made.items():
            for name, value in more.items():
                if name in columns.column_names:
                    filled = pa.array([value] * columns.num_rows)
                    made[table] = columns.set_column(columns.column_names.index(name), name, filled)

        def work(con: Any) -> None:
            for table, some in made.items():
                append(con, table, some)

        self.store.write(work).result(timeout=30)

    def record(self, integration: str, name: str, value: Callable[[Any], Any], hours: float) -> None:
        """A value a minute, by its hour since START."""
        at_h = np.arange(int(hours * 60)) / 60
        count = len(at_h)
        at_ms = START.timestamp() * 1000 + at_h * 3_600_000
        shared = {"integration": integration, "workflow": rows.WORKFLOW, "region": rows.REGION, "name": name}
        table = pa.table(
            {
                "run_id": run_ids(at_ms, self.random),
                "started_at": pa.array(np.round(at_ms * 1000).astype(np.int64)).cast(pa.timestamp("us", tz="UTC")),
                "value": pa.array(value(at_h) * 1.0),
                "simulated": pa.array([False] * count),
                **{column: pa.array([text] * count) for column, text in shared.items()},
            }
        )
        self.store.write(lambda con: append(con, "recorded_values", table)).result(timeout=30)

    def came_late(self, since_h: float, until_h: float, now: datetime) -> None:
        """What came in of that time is rolled up, as ingest and the roller do."""
        minutes = [START + timedelta(minutes=m) for m in range(int(since_h * 60), int(until_h * 60))]
        self.store.write(lambda con: mark(con, minutes)).result(timeout=30)
        roll(self.store, now)

    def kept(self) -> dict[str, list[Any]]:
        """Every hour that is stored."""

        def work(con: Any) -> dict[str, list[Any]]:
            return {table: con.execute(f"FROM {table} ORDER BY series_id, hour").fetchall() for table in TABLES}

        return self.store.read(work)


def declared(*names: str, every: str = "60s", thresholds: dict[str, Any] | None = None, **more: Any) -> Config:
    """A configuration of integrations whose probes are rows of this world."""
    workflow = {
        "name": rows.WORKFLOW, "every": every, "timeout": "30s", "regions": [rows.REGION],
        "steps": [{"name": rows.STEP, "request": {"path": "/"}}], **more,
    }  # fmt: skip
    found = [
        Integration.model_validate(
            {
                "integration": name,
                "base_url": "https://api.example.com",
                "thresholds": thresholds or {},
                "workflows": [workflow],
            }
        )
        for name in names
    ]
    return Config(root=Path("config"), version="v1", integrations=tuple(found))


def at(hours: float) -> datetime:
    """When everything up to so many hours after START is settled."""
    return START + timedelta(hours=hours) + SETTLED_AFTER


def steps(since_h: float, until_h: float, every_h: float) -> list[datetime]:
    """Instants to catch up at, the last one included."""
    return [at(float(hour)) for hour in np.arange(since_h, until_h, every_h)] + [at(until_h)]


def told(limits: LearnedLimits, config: Config, times: Iterable[datetime]) -> list[LearnedVerdict]:
    """What changes while it is caught up at those times, in order of time."""
    return in_order([change for now in times for change in limits.catch_up(config, now)])


def in_order(changes: Sequence[LearnedVerdict]) -> list[LearnedVerdict]:
    """By time and series, each once: what was reached again takes the place of what it was."""
    by_place = {(change.at, change.key): change for change in changes}
    return [by_place[place] for place in sorted(by_place)]


def said(changes: Iterable[LearnedVerdict]) -> list[tuple[str, str, float]]:
    """Integration, state, and hours after START."""
    return [(one.key.integration, one.state.value, (one.at - START) / HOUR) for one in changes]
