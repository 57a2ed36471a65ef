"""One small world for all fast dashboard tests; nobody changes it."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

SUPPORT = Path(__file__).parents[2] / "support" / "dashboard_world.py"


def load_world_module() -> ModuleType:
    """The module of the small world, loaded once by its path (tests are not a package)."""
    if "dashboard_world" not in sys.modules:
        spec = importlib.util.spec_from_file_location("dashboard_world", SUPPORT)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules["dashboard_world"] = module
        spec.loader.exec_module(module)
    return sys.modules["dashboard_world"]


@pytest.fixture(scope="session")
def made() -> ModuleType:
    """How to make worlds and runs."""
    return load_world_module()


@pytest.fixture(scope="session")
def world(made: ModuleType) -> Iterator[Any]:
    """HubSpot down, Klaviyo throttled, GitHub never ran, the prober in eu silent."""
    config = made.world_config(names=("hubspot", "salesforce", "klaviyo", "github"))
    built = made.build_world(config, simulated_until=made.NOW - timedelta(hours=1))
    yield built
    built.store.close()


@pytest.fixture(scope="session")
def empty_world(made: ModuleType) -> Iterator[Any]:
    """Nothing declared, nothing measured."""
    built = made.build_world(made.world_config(names=()), outage=False)
    yield built
    built.store.close()
