"""What a prober sends of what it notices: once, again when it changes or lasts, and never in a timing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from probe_world import Server, answer

from config.model import Config, Integration
from probes.change import watch
from probes.change.watch import DEFINE_AGAIN, FIRST, MOST_SHAPES, REPEAT, SPARSE, request_digest
from probes.model import ChangeKind, Outcome, Run
from probes.runner import Runner
from probes.wire import dump_run, parse_run

START = datetime(2026, 11, 22, 12, tzinfo=UTC)


class World:
    """One workflow of one step, on a server that plays what it is given, under a clock that is set by hand."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.now = START
        self.runner = Runner(environ={}, clock=lambda: self.now)
        self.step: dict[str, Any] = {}
        self.version = "v1"

    async def run(self, body: Any = None, headers: dict[str, str] | None = None, **given: Any) -> Run:
        self.server.script[:] = [answer(200, {"id": "1"} if body is None else body, headers)]
        self.server.heard.clear()
        integration = Integration.model_validate(
            {
                "integration": "crm",
                "vendor": given.pop("vendor", "generic"),
                "base_url": self.server.url,
                "workflows": [
                    {"name": "read", "steps": [{"name": "get", "request": {"path": "/x"}, **self.step, **given}]}
                ],
            }
        )
        config = Config(root=Path("/"), version=self.version, integrations=(integration,))
        return await self.runner.run(
            integration, integration.workflows[0], region="local", config=config, scheduled_at=self.now
        )

    def wait(self, length: timedelta) -> None:
        self.now += length


@pytest.fixture
async def world() -> AsyncIterator[World]:
    server = Server([b""])
    await server.start()
    yield World(server)
    await server.stop()


SUNSET = {"Sunset": "Sun, 11 Nov 2029 23:59:59 GMT"}


async def test_a_signal_is_sent_once_and_again_when_it_lasts(world: World) -> None:
    first, second = await world.run(headers=SUNSET), await world.run(headers=SUNSET)
    world.wait(REPEAT)
    third = await world.run(headers=SUNSET)
    assert [len(run.changes) for run in (first, second, third)] == [1, 0, 1]
    assert (first.changes[0].kind, first.changes[0].step) == (ChangeKind.SUNSET, "get")


async def test_a_date_that_moves_is_news(world: World) -> None:
    await world.run(headers=SUNSET)
    moved = await world.run(headers={"Sunset": "Sun, 11 Nov 2028 23:59:59 GMT"})
    assert [one.at.year for one in moved.changes if one.at] == [2028]


async def test_a_new_configuration_hears_it_at_once(world: World) -> None:
    await world.run(headers=SUNSET)
    world.version = "v2"
    assert len((await world.run(headers=SUNSET)).changes) == 1


async def test_a_failed_answer_speaks_too(world: World) -> None:
    run = await world.run(headers=SUNSET, expect={"status": 404})
    assert run.outcome is Outcome.FAILED
    assert len(run.changes) == 1


async def test_the_vendors_words_are_redacted_and_lead_to_the_web_only(world: World) -> None:
    headers = {
        "X-API-Warn": "ask jane.doe@example.com",
        "Deprecation": "true",
        "Link": '<javascript:alert(1)>; rel="deprecation"',
    }
    warned, deprecated = sorted((await world.run(headers=headers)).changes, key=lambda one: one.source, reverse=True)
    assert "jane" not in warned.what
    assert deprecated.link is None


async def test_malformed_headers_change_nothing(world: World) -> None:
    run = await world.run(headers={"Sunset": "tomorrow", "Deprecation": "@", "Link": "<<>>;;", "Warning": '299 - "'})
    assert (run.outcome, run.changes) == (Outcome.PASSED, ())


async def test_a_shape_is_explained_once_and_named_always(world: World) -> None:
    first, second = await world.run(), await world.run()
    (shape,) = first.shapes
    assert shape.paths == {"$": "object", "$.id": "string"}
    assert [run.steps[0].shape_id for run in (first, second)] == [shape.shape_id] * 2
    assert second.shapes == ()


async def test_a_shape_is_explained_again_for_a_hub_that_lost_it(world: World) -> None:
    await world.run()
    world.wait(DEFINE_AGAIN)
    assert len((await world.run()).shapes) == 1
    world.version = "v2"
    assert len((await world.run()).shapes) == 1


async def test_what_is_known_is_looked_at_seldom(world: World) -> None:
    seen = [(await world.run()).steps[0].shape_id for _ in range(FIRST + 5)]
    assert sum(one is not None for one in seen) == FIRST
    world.wait(SPARSE)
    assert (await world.run()).steps[0].shape_id is not None


async def test_after_something_new_every_answer_is_looked_at(world: World) -> None:
    for _ in range(FIRST + 1):
        await world.run()
    world.wait(SPARSE)
    news = [await world.run({"uid": "1"}) for _ in range(4)]
    assert all(run.steps[0].shape_id is not None for run in news)
    assert [len(run.shapes) for run in news] == [1, 0, 0, 0]


async def test_an_answer_that_fails_by_its_content_is_always_looked_at(world: World) -> None:
    for _ in range(FIRST + 1):
        await world.run()
    run = await world.run({"uid": "1"}, expect={"json": {"$.id": {"exists": True}}})
    assert run.outcome is Outcome.FAILED
    assert run.steps[0].shape_id is not None


async def test_after_a_failure_the_good_answers_are_looked_at_at_once(world: World) -> None:
    for _ in range(FIRST + 1):
        await world.run()
    await world.run({"uid": "1"}, expect={"json": {"$.id": {"exists": True}}})
    assert (await world.run()).steps[0].shape_id is not None


@pytest.mark.parametrize(
    "answered",
    [b"", b"plain text", b'"only text"', b'{"broken', b'{"big": "' + b"x" * (watch.MOST_BODY + 1) + b'"}'],
    ids=["empty", "text", "a bare value", "broken", "too big"],
)
async def test_what_is_no_json_of_usual_size_has_no_shape(world: World, answered: bytes) -> None:
    run = await world.run(answered, headers={"Content-Type": "text/plain"})
    assert (run.steps[0].shape_id, run.shapes) == (None, ())


async def test_errors_and_ignored_steps_have_no_shape(world: World) -> None:
    world.step = {"shape": "ignore"}
    assert (await world.run()).steps[0].shape_id is None


async def test_a_step_that_varies_beyond_comparison_is_given_up(world: World) -> None:
    step = (
        Integration.model_validate(
            {
                "integration": "crm",
                "base_url": "https://x.example",
                "workflows": [{"name": "w", "steps": [{"name": "get"}]}],
            }
            | {"workflows": [{"name": "w", "steps": [{"name": "get", "request": {"path": "/x"}}]}]}
        )
        .workflows[0]
        .steps[0]
    )
    known = watch.ChangeWatch().known(("crm", "w", "get"), step)
    named = [known.learn(watch.shape_of({_name(n): 1}), START)[0] for n in range(MOST_SHAPES + 20)]
    assert named == [True] * MOST_SHAPES + [False] * 20
    assert known.learn(watch.shape_of({_name(0): 1}), START) == (True, False)


def _name(number: int) -> str:
    return "f" + "".join(chr(103 + int(digit)) for digit in str(number))


async def test_another_request_is_learned_anew(world: World) -> None:
    first = await world.run()
    other = await world.run(request={"path": "/y"})
    assert first.shapes[0].shape_id != other.shapes[0].shape_id
    assert first.shapes[0].request != other.shapes[0].request


def test_headers_and_timeouts_do_not_make_another_request() -> None:
    def step(**request: Any) -> Any:
        return Integration.model_validate(
            {"integration": "x", "base_url": "https://x.example",
             "workflows": [{"name": "w", "steps": [{"name": "s", "request": {"path": "/x", **request}}]}]}
        ).workflows[0].steps[0]  # fmt: skip

    assert request_digest(step()) == request_digest(step(headers={"X-A": "1"}, timeout="3s"))
    assert request_digest(step()) != request_digest(step(query={"fields": "id"}))


async def test_what_is_noticed_survives_the_way_to_the_hub(world: World) -> None:
    run = await world.run({"id": "1", "john@example.com": {"n": 1}}, headers=SUNSET)
    assert parse_run(dump_run(run)) == run
    assert b"john" not in dump_run(run)


async def test_a_run_of_an_older_prober_is_understood(world: World) -> None:
    import json

    run = await world.run()
    document = json.loads(dump_run(run))
    del document["changes"], document["shapes"]
    for step in document["steps"]:
        del step["shape_id"]
    assert parse_run(json.dumps(document).encode()).steps[0].shape_id is None


async def test_pages_and_late_clean_up_say_it_once_for_the_step_that_they_belong_to(world: World) -> None:
    deprecated = {"Deprecation": "true"}
    create = {"name": "create", "request": {"method": "POST", "path": "/x"}}
    listed = {"name": "list", "request": {"path": "/x", "query": {"at": "{{at}}"}}}
    listed["repeat"] = {"next": "$.next", "cursor": "at"}
    wipe = {"name": "wipe", "always": True, "request": {"method": "DELETE", "path": "/x"}, "retry": {"attempts": 1}}
    integration = Integration.model_validate(
        {"integration": "crm", "base_url": world.server.url,
         "workflows": [{"name": "read", "steps": [create, listed, wipe]}]}
    )  # fmt: skip
    config = Config(root=Path("/"), version="v1", integrations=(integration,))
    pages = [answer(200, {"next": "b"}, deprecated), answer(200, {"next": None}, deprecated)]
    gone = answer(204, None, deprecated)
    world.server.script[:] = [answer(201, {}), *pages, answer(503), answer(201, {}), *pages, gone, gone]
    named = []
    for _ in range(2):
        run = await world.runner.run(
            integration, integration.workflows[0], region="local", config=config, scheduled_at=world.now
        )
        named.append([signal.step for signal in run.changes])
        world.wait(timedelta(minutes=2))
    assert run.steps[-1].name.startswith("wipe (left by …")
    assert named == [["list"], ["wipe"]]
