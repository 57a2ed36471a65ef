"""A hub that people sign in at."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from oidc_server import oidc, oidc_process
from sign_in_world import World

from metrics.store.database import Store

__all__ = ["oidc", "oidc_process", "world"]


@pytest.fixture
async def world(store: Store) -> AsyncIterator[World]:
    made = World(store)
    yield made
    await made.provider.aclose()
