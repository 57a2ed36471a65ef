"""What a prober tells of credentials is judged, shown to scripts, and told by the doctor."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import httpx
import pytest

from app.doctor import Verdict, _from_status
from app.hub.loops import note_certificates_once
from metrics.evaluation import evaluate
from probes import wire
from probes.model import CredentialLife, Heartbeat

DAY = timedelta(days=1)
BEARER = {"Authorization": "Bearer the-local-token"}


def beat(now: Any, *lives: CredentialLife, region: str = "local") -> bytes:
    told = Heartbeat("p1", region, "0.1", now, now, 0.5, 0, "v1", credentials=lives)
    return wire.dump_heartbeat(told)


async def tell(hub: httpx.AsyncClient, body: bytes, **headers: str) -> httpx.Response:
    return await hub.post("/api/v1/prober/heartbeat", content=body, headers=headers or BEARER)


async def status(hub: httpx.AsyncClient, state: Any) -> dict[str, Any]:
    note_certificates_once(state)
    state.evaluation = state.store.read(lambda con: evaluate(con, state.config, state.clock()))
    found: dict[str, Any] = (await hub.get("/api/v1/status")).json()
    return found


async def test_a_heartbeat_keeps_what_it_tells_and_one_that_tells_nothing_changes_nothing(
    hub: httpx.AsyncClient, state: Any
) -> None:
    now = state.clock()
    life = CredentialLife("hubspot", "probe", "bearer", rotate_due_at=now - DAY)
    assert (await tell(hub, beat(now, life))).status_code == 200
    older = json.loads(beat(now))
    del older["credentials"]
    assert (await tell(hub, json.dumps(older).encode())).status_code == 200
    (told,) = (await status(hub, state))["credentials"]
    assert (told["integration"], told["region"], told["state"]) == ("hubspot", "local", "overdue")
    assert (await tell(hub, beat(now))).status_code == 200
    assert (await status(hub, state))["credentials"] == []


async def test_a_prober_tells_of_its_own_region_only(hub: httpx.AsyncClient, state: Any) -> None:
    now = state.clock()
    eu = {"Authorization": "Bearer the-eu-token"}
    life = CredentialLife("hubspot", "probe", "bearer")
    await tell(hub, beat(now, life))
    assert (await tell(hub, beat(now), **eu)).status_code == 403
    assert (await tell(hub, beat(now, region="eu"), **eu)).status_code == 200
    assert len((await status(hub, state))["credentials"]) == 1


@pytest.mark.parametrize("broken", [{"rotated_on": "soon"}, {"integration": None}, {"failed_at": 1e300}])
async def test_what_cannot_be_meant_is_refused(hub: httpx.AsyncClient, state: Any, broken: dict[str, Any]) -> None:
    body = json.loads(beat(state.clock(), CredentialLife("hubspot", "probe", "bearer")))
    body["credentials"][0] |= broken
    assert (await tell(hub, json.dumps(body).encode())).status_code == 422


async def test_the_doctor_tells_what_is_due_with_its_remedy(hub: httpx.AsyncClient, state: Any) -> None:
    now = state.clock()
    kinds = {
        "well": {},
        "soon": {"rotate_due_at": now + 3 * DAY},
        "overdue": {"rotate_due_at": now - DAY},
        "dead": {"enrolled": False},
    }
    await tell(hub, beat(now, *(CredentialLife(name, "c", "bearer", **more) for name, more in kinds.items())))
    found = {one.check: one for one in _from_status(await status(hub, state), now)}
    verdicts = {name: found[f"credential of {name} in local"].verdict for name in ("soon", "overdue", "dead")}
    assert verdicts == {"soon": Verdict.NOTE, "overdue": Verdict.PROBLEM, "dead": Verdict.PROBLEM}
    assert found["credential of dead in local"].remedy == "leadline auth login dead"
    assert "credential of well in local" not in found
