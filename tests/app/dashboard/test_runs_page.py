"""The explorer's page: its words, and a grid whose script no other page has to load."""

from __future__ import annotations

import re
from typing import Any

import httpx
from fastapi import FastAPI

from alerts.blame import usual_blame
from app.dashboard import build
from app.dashboard.runs.grid import script_address
from app.dashboard.runs.words import words
from probes.model import FailureKind


async def test_the_grids_script_is_served_and_linked_from_no_page(world: Any) -> None:
    server = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    build(server, world.view)
    transport = httpx.ASGITransport(app=server)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        page = (await client.get("/runs")).text
        assert not [one for one in re.findall(r'<script src="([^"]+)"', page) if "ag_grid" in one or "ag-grid" in one]
        entry = script_address()
        parts = (entry, entry.replace("dash_ag_grid.v", "async-community.v").replace(".min.js", ".js"))
        answers = [await client.get(address) for address in parts]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert all("javascript" in answer.headers["content-type"] for answer in answers)


def test_whatever_can_be_chosen_is_declared_and_every_failure_points_to_somebody(world: Any) -> None:
    told = words(world.config)
    assert [name for name, _, _ in told["integrations"]] == ["github", "hubspot", "klaviyo", "salesforce"]
    assert told["integrations"][1][2] == ["roundtrip"]
    blames = {name for name, _ in told["blames"]}
    assert {usual_blame(kind).value for kind in FailureKind} <= blames
