"""Simulated history of many integrations that are alike, a day of all of them at a time: for stores of any size."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import product
from typing import Final
from zlib import crc32

import numpy as np
import pyarrow as pa

from config.model import Config, Integration
from metrics.history.levels import quota_table
from metrics.history.series import lived
from metrics.history.tables import Where, instants, measured
from metrics.history.world import Floats, Trouble, World, build, business_hours
from metrics.model import Window

_DAY: Final = timedelta(days=1)
_DAY_MS: Final = 86_400_000
_LEVELS: Final = tuple(business_hours(base) for base in (70.0, 90.0, 120.0, 150.0))
_UNLIKE: Final = 0.4
"""Standard deviation of the logarithm of how much slower one vendor is than another."""


class Crowd:
    """Integrations of one workflow, the same for all; its interval goes into a day without a rest.

    The same arguments make the same rows, whichever days are asked for and in whichever order. With `labelled` every
    row is marked simulated, as whatever a person may see has to be.
    """

    def __init__(self, config: Config, window: Window, seed: int, *, labelled: bool = True) -> None:
        self._config, self._window, self._seed, self._labelled = config, window, seed, labelled
        self._one = config.integrations[0]
        self._workflow = self._one.workflows[0]
        self._every_ms = round(self._workflow.every.total_seconds() * 1000)
        if _DAY_MS % self._every_ms:
            raise ValueError("the interval has to go into a day without a rest")
        self._worlds = [self._world(integration) for integration in config.integrations]
        self._regions = sorted(self._workflow.regions)
        self._phases = np.random.default_rng(seed).integers(0, self._every_ms, self._series)

    @property
    def _series(self) -> int:
        return len(self._worlds) * len(self._regions)

    @property
    def rows_per_day(self) -> int:
        """Steps of a usual day, without those that are tried again."""
        return self._series * self._runs_per_series * len(self._workflow.steps)

    @property
    def _runs_per_series(self) -> int:
        return _DAY_MS // self._every_ms

    def schedule(self) -> pa.Table:
        """The rows of `schedule_changes`: every series since the window's start."""
        names = [integration.name for integration in self._config.integrations]
        keys = list(product(names, self._regions))
        since = self._window.start.timestamp() * 1000 // self._every_ms * self._every_ms
        return pa.table(
            {
                "integration": [name for name, _ in keys],
                "workflow": [self._workflow.name] * len(keys),
                "region": [region for _, region in keys],
                "since": instants(np.full(len(keys), since)),
                "every_s": [self._every_ms / 1000] * len(keys),
            }
        )

    def day(self, midnight: datetime) -> dict[str, pa.Table]:
        """All that began on that day (UTC) within the window, by the name of its table, in the order of sealed rows.

        The last steps of its last runs may be of the day after.
        """
        place = round(midnight.timestamp()) // 86_400
        random = np.random.default_rng([self._seed, place])
        at = (place * _DAY_MS + self._phases)[:, None] + np.arange(self._runs_per_series) * self._every_ms
        at_ms = at.astype(np.float64)
        level = np.concatenate([world.level_at(part) for world, part in self._by_world(at_ms)])
        troubles = list(self._troubles(midnight))
        series = lived(self._one, self._workflow, at_ms.ravel(), level, troubles, self._window.end, random)
        code = np.repeat(np.arange(self._series), self._runs_per_series)
        where: Where = {
            "integration": (code // len(self._regions), [one.name for one in self._config.integrations]),
            "workflow": (np.zeros(len(code), np.int64), [self._workflow.name]),
            "region": (code % len(self._regions), self._regions),
        }
        first = place * len(code) + 1
        tables = measured(where, self._workflow, series, first, self._config.version, random)
        tables["quota_readings"] = self._quota(midnight)
        return {name: self._finished(table) for name, table in tables.items()}

    def _world(self, integration: Integration) -> World:
        key = crc32(integration.name.encode())
        random = np.random.default_rng([self._seed, key])
        world = build(self._window, _LEVELS[key % len(_LEVELS)], random)
        return World(world.grid_ms, world.level * np.exp(random.normal(0, _UNLIKE)), world.troubles)

    def _by_world(self, at_ms: Floats) -> Iterator[tuple[World, Floats]]:
        for place, world in enumerate(self._worlds):
            yield world, at_ms[place * len(self._regions) : (place + 1) * len(self._regions)].ravel()

    def _troubles(self, midnight: datetime) -> Iterator[tuple[Trouble, slice]]:
        runs = self._runs_per_series * len(self._regions)
        for place, world in enumerate(self._worlds):
            for trouble in world.troubles:
                if trouble.start < midnight + _DAY and trouble.end > midnight:
                    yield trouble, slice(place * runs, (place + 1) * runs)

    def _quota(self, midnight: datetime) -> pa.Table:
        day = Window(midnight, midnight + _DAY)
        names = [integration.name.encode() for integration in self._config.integrations]
        seeds = [[self._seed, round(midnight.timestamp()), crc32(name)] for name in names]
        made = (
            quota_table(one, day, np.random.default_rng(seed))
            for one, seed in zip(self._config.integrations, seeds, strict=True)
        )
        return pa.concat_tables(made)

    def _finished(self, table: pa.Table) -> pa.Table:
        """Within the window, and labelled or not."""
        at = "observed_at" if "observed_at" in table.column_names else "started_at"
        us = table[at].cast(pa.int64()).to_numpy()
        low, high = (round(edge.timestamp() * 1_000_000) for edge in (self._window.start, self._window.end))
        kept = np.flatnonzero((us >= low) & (us < high))
        label = pa.array(np.full(len(kept), self._labelled))
        whole = table if len(kept) == len(us) else table.take(pa.array(kept))
        return whole.set_column(table.column_names.index("simulated"), "simulated", label)
