"""Hypothesis: `make quick` looks at fewer examples, `make test` at Hypothesis' own number; neither at the clock."""

from __future__ import annotations

import pytest
from hypothesis import settings

settings.register_profile("quick", max_examples=10, deadline=None)
settings.register_profile("full", deadline=None)
settings.load_profile("full")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests come first: left for the end, they would keep one worker busy and let the others idle."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)
