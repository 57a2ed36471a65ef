"""`leadline incidents`, `ack`, `resolve`, `comment`, `silence` …: against the real API of a hub, over a socket."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI

from alerts.model import Condition, Incident, IncidentState, Rule, Tier
from alerts.store import audit_log, incident
from alerts.store.incidents import save_incident
from app.hub.asking import Desk
from app.hub.changes_api import changes_router
from app.hub.incidents_api import incidents_router
from app.hub.problems import answer_problems
from app.hub.silences_api import silences_router
from app.hub.state import HubState
from config.model import Config, Integration
from metrics.store.database import Store
from metrics.store.ingest import Ingest

Leadline = Callable[..., tuple[int, str, str]]
NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
HELD = Condition(
    "hubspot/x", Rule.WORKFLOW_DOWN, Tier.URGENT, "hubspot", NOW, "create → \x1b[31m503", title="HubSpot DOWN"
)
OPEN = Incident("20261122-025500-hubspot", "hubspot", Tier.URGENT, IncidentState.OPEN, NOW, (HELD,), "HubSpot DOWN")
OTHER = replace(OPEN, incident_id="20261122-025900-stripe", subject="stripe", title="Stripe slow", tier=Tier.DEGRADED)
OVER = replace(OPEN, incident_id="20261120-010000-hubspot", state=IncidentState.RESOLVED, resolved_at=NOW)


@pytest.fixture(scope="module")
def store(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    path = tmp_path_factory.mktemp("cli") / "leadline.duckdb"
    path.write_bytes(migrated.read_bytes())
    opened = Store.open(path)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def served(store: Store) -> Iterator[str]:
    """The address of a hub that answers for its incidents."""
    one = Integration.model_validate(
        {
            "integration": "hubspot",
            "base_url": "https://api.example.com",
            "workflows": [{"name": "w", "steps": [{"name": "s", "request": {"path": "/"}}]}],
        }
    )
    config = Config(root=Path("x"), version="v1", integrations=(one,))
    state = HubState(store, Ingest(store), lambda: NOW, NOW, config, "", {})
    app, desk = FastAPI(), Desk(store)
    routers = (incidents_router(state, desk), silences_router(state, desk), changes_router(state, desk))
    for router in routers:
        app.include_router(router)
    answer_problems(app, routers)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None))
    started = threading.Event()
    thread = threading.Thread(target=_run, args=(server, started))
    thread.start()
    assert started.wait(10)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()
    state.ingest.close()


def _run(server: uvicorn.Server, started: threading.Event) -> None:
    import asyncio

    async def serve() -> None:
        server.config.load()
        server.lifespan = server.config.lifespan_class(server.config)
        await server.startup()
        started.set()
        await server.main_loop()
        await server.shutdown()

    asyncio.run(serve())


@pytest.fixture
def cli(leadline_here: Leadline, served: str, store: Store) -> Leadline:
    """`leadline …` at that hub, whose incidents are as they were."""

    def fresh(con: Any) -> None:
        con.execute("DELETE FROM silences")
        con.execute("DELETE FROM audit")
        for one in (OPEN, OTHER, OVER):
            save_incident(con, one)

    store.write(fresh).result()
    return lambda *words: leadline_here(*words, "--hub", served)


def test_what_is_not_over_is_listed_newest_first_without_what_a_terminal_obeys(cli: Leadline) -> None:
    code, out, _ = cli("incidents")
    lines = out.splitlines()
    assert (code, len(lines), "\x1b" in out) == (0, 2, False)
    assert lines[0].startswith("DEGRADED  open")
    assert "20261122-025900-stripe  Stripe slow" in lines[0]
    assert [one["id"] for one in json.loads(cli("incidents", "--state", "resolved", "--json")[1])["incidents"]] == [
        OVER.incident_id
    ]


def test_a_unique_beginning_of_the_id_is_enough_and_the_user_of_the_machine_answers_for_it(
    cli: Leadline, store: Store
) -> None:
    code, out, _ = cli("ack", "20261122-0255")
    found = store.read(lambda con: incident(con, OPEN.incident_id))
    assert found is not None
    assert (code, found.state, bool(found.acknowledged_by)) == (0, IncidentState.ACKNOWLEDGED, True)
    assert f"acknowledged by {found.acknowledged_by}" in out


def test_an_ambiguous_beginning_is_refused_with_the_choices(cli: Leadline, store: Store) -> None:
    code, _, err = cli("resolve", "20261122")
    assert (code, OPEN.incident_id in err, OTHER.incident_id in err, OVER.incident_id in err) == (2, True, True, False)
    assert store.read(audit_log) == ()


def test_a_beginning_that_nothing_has_is_told_in_one_line(cli: Leadline) -> None:
    assert cli("ack", "nothing") == (
        1,
        "",
        "leadline: no incident's id begins with nothing; see `leadline incidents`\n",
    )


def test_what_cannot_be_done_says_why(cli: Leadline) -> None:
    code, _, err = cli("resolve", OVER.incident_id)
    assert (code, err) == (1, f"leadline: {OVER.incident_id}: it is over already (resolved)\n")


def test_a_remark_and_a_resolve_stand_in_the_timeline_with_their_author(cli: Leadline) -> None:
    cli("comment", "20261122-0259", "called them", "--author", "ada")
    cli("resolve", "20261122-0259", "--author", "bob")
    _, out, _ = cli("incident", "20261122-0259")
    assert "comment           called them (ada)" in out
    assert "resolved_by_hand  resolved by bob" in out


def test_a_silence_can_be_tried_made_listed_and_ended(cli: Leadline) -> None:
    words = ("silence", "integration=hubspot", "--for", "2h", "--reason", "they know", "--author", "ada")
    _, out, _ = cli(*words, "--preview")
    assert out.splitlines()[:2] == ["open incidents that it would mute: 1", f"  {OPEN.incident_id}  HubSpot DOWN"]
    assert cli("silences")[1] == "nothing is silenced\n"
    code, made, _ = cli(*words)
    assert (code, cli("silences")[1]) == (0, made)
    assert "2026-11-22 03:00:00Z to 2026-11-22 05:00:00Z  integration=hubspot  ada: they know" in made
    name = made.split()[0]
    assert cli("unsilence", name, "--author", "bob")[:2] == (0, f"silence {name} ended by bob\n")
    assert cli("unsilence", name)[0] == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(("hubspot", "--for", "2h"), "KEY=VALUE", id="no matcher"),
        pytest.param(("integration=hubspot", "--for", "2"), "not a duration", id="no duration"),
        pytest.param(("integrations=hubspot", "--for", "2h"), 'did you mean "integration"', id="a misspelt key"),
        pytest.param(("integration=*", "--for", "2h"), "mute everything", id="everything"),
    ],
)
def test_a_silence_that_may_not_be_is_refused_with_the_remedy(cli: Leadline, words: tuple[str, ...], said: str) -> None:
    code, _, err = cli("silence", *words, "--reason", "x")
    assert (code, said in err) == (2, True), err


def test_a_change_is_reported_and_listed_and_what_it_touches_has_to_be_said(cli: Leadline) -> None:
    about = (
        "--integration",
        "hubspot",
        "--at",
        "2026-11-22T02:48Z",
        "--author",
        "ci",
        "--link",
        "https://ci.example/7",
    )
    code, out, _ = cli("change", "Deploy 4.2", *about)
    assert (code, "deploy  Deploy 4.2  of hubspot  by ci  https://ci.example/7" in out) == (0, True)
    # The hub's clock stands still in this test; whoever lists changes asks from then on.
    assert cli("changes", "--since", "2026-11-22")[1] == out
    code, _, err = cli("change", "Deploy 4.3", "--author", "ci")
    assert (code, "say what it touches" in err) == (2, True)
    assert cli("change", "x", "--all", "--at", "yesterday")[0] == 2
