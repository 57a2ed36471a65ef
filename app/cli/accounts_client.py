"""How `leadline user` and `leadline token` reach the accounts: by the running hub, or in the store of none."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from app.cli.hub_client import answered, document, hub_url
from app.datadir import DataDirectory
from app.errors import UserError


def accounts(method: str, path: str, body: Mapping[str, Any] | None, hub: str | None, data: Path) -> Any:
    """The answer of `/api/v1` + path. With neither a hub named nor one running on `data`, its store is opened for the
    moment: that is how the first user comes into being. `UserError` as of `answered`."""
    if hub is None and DataDirectory(data).hub() is None:
        return asyncio.run(_without_hub(method, path, body, data))
    url = hub_url(hub, data)
    with answered(method, f"{url}/api/v1{path}", body=body) as answer:
        answer.read()
        return document(answer, url)


async def _without_hub(method: str, path: str, body: Mapping[str, Any] | None, data: Path) -> Any:
    from fastapi import FastAPI

    from app.clock import utc_now
    from app.hub.auth.accounts_api import accounts_router, sessions_router
    from app.hub.auth.setup import Foundation, set_up
    from app.hub.problems import answer_problems
    from config.model import Hub
    from metrics.store.database import Store
    from metrics.store.failures import StoreError

    try:
        store = Store.open(DataDirectory(data).create().store)
    except StoreError as err:
        raise UserError(str(err), exit_code=1) from err
    try:
        async with httpx.AsyncClient() as nobody:
            auth = set_up(Foundation(store, utc_now, Hub, os.environ, nobody))
            app, routers = FastAPI(), (accounts_router(auth), sessions_router(auth))
            for router in routers:
                app.include_router(router)
            answer_problems(app, routers)
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://store") as client:
                answer = await client.request(method, f"/api/v1{path}", json=body)
    finally:
        store.close()
    told = answer.json()
    if answer.is_error:
        raise UserError(str(told["error"]), exit_code=2 if answer.status_code == 422 else 1)
    return told
