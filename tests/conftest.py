"""Hypothesis: `make quick` looks at fewer examples, `make test` at Hypothesis' own number; neither at the clock."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("quick", max_examples=10, deadline=None)
settings.register_profile("full", deadline=None)
settings.load_profile("full")
