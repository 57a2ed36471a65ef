"""A hub's API on a real store in memory, with a clock that stands still."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from app.hub.prober_api import prober_router, token_hash
from app.hub.public_api import public_router
from app.hub.state import HubState
from config.compiled import dump
from config.model import Config, Integration
from metrics.store.database import Store
from metrics.store.ingest import Ingest

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
TOKEN = "the-local-token"


def config() -> Config:
    integration = Integration.model_validate(
        {
            "integration": "hubspot",
            "vendor": "hubspot",
            "base_url": "https://api.example.com",
            "auth": {"kind": "bearer", "token": "${env:HUBSPOT_TOKEN}"},
            "workflows": [{"name": "roundtrip", "steps": [{"name": "create", "request": {"path": "/contacts"}}]}],
        }
    )
    return Config(root=Path("monitoring"), version="v1", integrations=(integration,))


@pytest.fixture
def store(store_path: Path) -> Iterator[Store]:
    opened = Store.open(store_path)
    yield opened
    opened.close()


@pytest.fixture
def state(store: Store) -> Iterator[HubState]:
    with standing(store) as made:
        yield made


@pytest.fixture(scope="module")
def only_refused(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubState]:
    """One for all tests of a module that change nothing in it, because whatever they ask is refused."""
    opened = Store.open(shutil.copy(migrated, tmp_path_factory.mktemp("refused") / "leadline.duckdb"))
    with standing(opened) as made:
        yield made
    opened.close()


@contextmanager
def standing(store: Store) -> Iterator[HubState]:
    ingest = Ingest(store, flush_after_s=0.01)
    yield HubState(
        store=store,
        ingest=ingest,
        clock=lambda: NOW,
        started_at=NOW,
        config=config(),
        compiled=dump(config()),
        tokens={"local": token_hash(TOKEN), "eu": token_hash("the-eu-token")},
    )
    ingest.close()


@pytest.fixture
async def hub(state: HubState) -> AsyncIterator[httpx.AsyncClient]:
    server = FastAPI()
    server.include_router(prober_router(state))
    server.include_router(public_router(state))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(server), base_url="http://hub") as client:
        yield client
