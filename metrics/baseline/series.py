"""What is learned: which series there are, each with what its limits go by. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from config.model import Config, Integration, Sensitivity, Thresholds, Workflow
from metrics.baseline.rule import SPARSE_LESS, SPREADS

FIVE_MINUTES_S: Final = 300
HOUR_S: Final = 3600
MINUTE_S: Final = 60
_FEWEST_PROBES: Final = 3
"""In a bucket: of fewer, one slow probe says little by itself."""
_RARE_S: Final = 1200
"""A workflow that runs more rarely than this is judged in buckets of an hour."""
_SYNC_LAG: Final = "sync_lag_ms"
"""What a step that waits for something records: how long that took."""


class Measure(StrEnum):
    """What of a series is learned."""

    TOTAL = "total_ms"
    TTFB = "ttfb_ms"
    RECORDED = "recorded"
    FAILURES = "failures"


class SeriesKey(NamedTuple):
    """One series. `subject` is the step or the recorded value; empty for the failures of a workflow."""

    integration: str
    workflow: str
    region: str
    subject: str
    measure: str
    bucket_s: int


@dataclass(frozen=True, slots=True)
class Monitor:
    """A series and what its limit goes by: its time zone, how many spreads above normal, and what is never too slow."""

    key: SeriesKey
    zone: str
    spreads: float
    floor_ms: float


def monitors(config: Config) -> tuple[Monitor, ...]:
    """Every series of the configuration that is learned, in its order."""
    return tuple(
        monitor
        for integration in config.integrations
        for workflow in integration.workflows
        for monitor in _of_workflow(config, integration, workflow)
    )


def _of_workflow(config: Config, integration: Integration, workflow: Workflow) -> Iterator[Monitor]:
    declared = workflow.thresholds or integration.thresholds
    zone = declared.time_zone or config.settings.hub.timezone
    for region in workflow.regions:
        if declared.sensitivity is not Sensitivity.OFF:
            yield from _latencies(integration.name, workflow, region, zone, declared)
        if declared.failures:
            failures = SeriesKey(integration.name, workflow.name, region, "", Measure.FAILURES, MINUTE_S)
            yield Monitor(failures, zone, 0.0, 0.0)


def _latencies(integration: str, workflow: Workflow, region: str, zone: str, declared: Thresholds) -> Iterator[Monitor]:
    every_s = workflow.every.total_seconds()
    bucket_s = HOUR_S if every_s > _RARE_S else FIVE_MINUTES_S
    sparse = bucket_s == HOUR_S or bucket_s / every_s < _FEWEST_PROBES
    spreads = SPREADS[declared.sensitivity] - (SPARSE_LESS[bucket_s] if sparse else 0.0)
    floor_ms = declared.floor.total_seconds() * 1000 if declared.floor is not None else 0.0
    # Two steps may record the same name: that is one series.
    for subject, measure in dict.fromkeys(_subjects(workflow)):
        key = SeriesKey(integration, workflow.name, region, subject, measure, bucket_s)
        is_time = measure is not Measure.RECORDED or subject == _SYNC_LAG
        yield Monitor(key, zone, spreads, floor_ms if is_time else 0.0)


def _subjects(workflow: Workflow) -> Iterator[tuple[str, Measure]]:
    for step in workflow.steps:
        if not step.always:
            yield step.name, Measure.TTFB
            yield step.name, Measure.TOTAL
        for name in step.record:
            yield name, Measure.RECORDED
        if step.until is not None:
            yield _SYNC_LAG, Measure.RECORDED
