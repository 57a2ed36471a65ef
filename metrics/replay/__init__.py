"""Recorded probes, taken in and judged as if they came now."""

from metrics.replay.alerts import replay
from metrics.replay.suite import Suite, SuiteProblem

__all__ = ["Suite", "SuiteProblem", "replay"]
