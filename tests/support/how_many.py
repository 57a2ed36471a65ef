"""How many examples a property of its own cost is held against."""

from __future__ import annotations

from hypothesis import settings

_FULL = 100
"""Hypothesis' own number, which the profile of `make test` leaves as it is."""


def examples(full: int) -> int:
    """So many; under a profile that looks at fewer than usual (`make quick`), no more than that profile does."""
    profile = settings.default.max_examples
    return full if profile >= _FULL else min(full, profile)
