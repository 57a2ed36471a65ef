"""Learned limits kept up with the store: what was measured is judged, learned from, and remembered."""

from metrics.learning.limits import LearnedLimits

__all__ = ["LearnedLimits"]
