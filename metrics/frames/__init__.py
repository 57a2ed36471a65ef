"""Measurements as pandas DataFrames, for notebooks and scripts: `from metrics.frames import Leadline`."""

from metrics.frames.failures import NoAnswer
from metrics.frames.leadline import Leadline

__all__ = ["Leadline", "NoAnswer"]
