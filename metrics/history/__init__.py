"""Simulated history: what weeks of probing would have stored, generated in seconds and labelled as simulated."""

from metrics.history.loading import generate, load

__all__ = ["generate", "load"]
