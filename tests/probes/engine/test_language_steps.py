"""Captures of every kind, conditions, pages, cookies and idempotency keys, against real servers."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
from typing import Any, ClassVar

import pytest
from probe_world import Heard, Play, answer, integration, make_runner, run_once

from config.model import Integration
from probes.lag import LoopLag
from probes.model import FailureKind, Outcome, Run
from probes.runner import Runner

GET = {"name": "get", "request": {"path": "/x"}, "retry": {"attempts": 1}}


def kinds(run: Run) -> list[FailureKind | None]:
    return [step.failure.kind if step.failure else None for step in run.steps]


def flow(declared: Integration, **update: Any) -> Integration:
    """With other values of its workflow."""
    workflow = declared.workflows[0].model_copy(update=update)
    return declared.model_copy(update={"workflows": (workflow,)})


PAGE = b"<html><input name='csrf' value='t0k-42'><a href='/next?p=2'>more</a></html>"
ANSWERED = {"Location": "/a/7", "Set-Cookie": "sid=abc123; Path=/; HttpOnly", "Content-Type": "text/html"}


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("header:Location", "/a/7"),
        ("header: location ", "/a/7"),
        ("regex:name='csrf' value='([^']+)'", "t0k-42"),
        ("regex:t0k-\\d+", "t0k-42"),
        ("regex:(?=t0k)t0k-(\\d+)", "42"),
        ("status", "200"),
        ("xpath://input/@value", "t0k-42"),
    ],
)
async def test_a_capture_finds_what_its_source_names(serve: Any, runner: Runner, source: str, value: str) -> None:
    body = PAGE if not source.startswith("xpath") else PAGE.replace(b"'t0k-42'>", b"'t0k-42'/>")
    server = await serve(answer(200, body, ANSWERED), answer(200, {}))
    use = {"name": "use", "request": {"path": "/{{ x | urlquote }}"}}
    run = await run_once(runner, integration(server, {**GET, "capture": {"x": source}}, use))
    assert run.outcome is Outcome.PASSED, run.failure
    assert run.steps[0].captured == {"x": value}


async def test_the_address_that_was_asked_can_be_captured(serve: Any, runner: Runner) -> None:
    server = await serve(answer(200, {}))
    run = await run_once(runner, integration(server, {**GET, "capture": {"x": "url"}}))
    assert run.steps[0].captured == {"x": f"{server.url}/x"}


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("header:X-None", "no such header"),
        ("cookie:none", "no such cookie"),
        ("regex:none-(\\d+)", "not found"),
        ("regex:csrf(x)?", "not found"),
        ("xpath://none", "no such path"),
    ],
)
async def test_what_is_not_there_is_a_failed_capture(serve: Any, runner: Runner, source: str, words: str) -> None:
    server = await serve(answer(200, b"<html><p>csrf</p></html>", {"Content-Type": "text/html"}))
    run = await run_once(runner, integration(server, {**GET, "capture": {"x": source}}))
    assert run.failure is not None
    assert run.failure.kind is FailureKind.CAPTURE
    assert run.failure.message == f"cannot capture x: {source}: {words}"


async def test_a_pattern_that_would_take_for_ever_is_stopped_and_holds_up_nobody(serve: Any) -> None:
    server = await serve(answer(200, b"a" * 5000 + b"!"))
    lag = LoopLag()
    lag.start()
    runner = make_runner(loop_lag=lag)
    begun = time.monotonic()
    run = await run_once(runner, integration(server, {**GET, "capture": {"x": "regex:(a+)+$"}}))
    lag.stop()
    assert run.failure is not None
    assert run.failure.message == "cannot capture x: regex:(a+)+$: took longer than 1 s"
    assert time.monotonic() - begun < 5
    # Not a bound of ours: the pattern alone would hold the loop for as long as the universe lasts.
    assert run.loop_lag_ms < 500
    again = await run_once(runner, integration(server, {**GET, "capture": {"x": "regex:(a+)"}}))
    assert again.outcome is Outcome.PASSED


async def test_a_matching_pattern_takes_linear_time(serve: Any, runner: Runner) -> None:
    server = await serve(answer(200, {"text": "a" * 50_000 + "!"}))
    expect = {"json": {"$.text": {"matches": "(a+)+$"}}, "body": {"matches": "(x+x+)+y"}}
    begun = time.monotonic()
    run = await run_once(runner, integration(server, {**GET, "expect": expect}))
    assert run.outcome is Outcome.FAILED
    assert time.monotonic() - begun < 2


class TestCookies:
    LOGIN: ClassVar[Any] = {"name": "log in", "request": {"method": "POST", "path": "/login"}, "retry": {"attempts": 1}}
    SET = answer(200, {}, {"Set-Cookie": "sid=s3cr3t-session; Path=/; HttpOnly"})

    async def test_a_session_is_kept_within_a_run_and_not_into_the_next(self, serve: Any, runner: Runner) -> None:
        server = await serve(self.SET, answer(200, {}), answer(200, {}), answer(200, {}))
        declared = integration(server, self.LOGIN, GET)
        await run_once(runner, declared)
        await run_once(runner, declared)
        assert [heard.headers.get("cookie") for heard in server.heard] == [None, "sid=s3cr3t-session", None, None]

    async def test_a_cookie_goes_to_no_other_host(self, serve: Any, runner: Runner) -> None:
        other = await serve(answer(200, {}))
        server = await serve(answer(200, {}, {"Set-Cookie": "sid=s3cr3t-session; Domain=127.0.0.1; Path=/"}))
        away = {"name": "away", "request": {"url": other.url}}
        await run_once(runner, integration(server, self.LOGIN, away))
        assert "cookie" not in other.heard[0].headers

    async def test_a_log_in_that_redirects_keeps_its_session_on_the_way(self, serve: Any, runner: Runner) -> None:
        moved = answer(302, None, {"Location": "/home", "Set-Cookie": "sid=s3cr3t-session; Path=/"})
        again = answer(200, {}, {"Set-Cookie": "sid=n3w-session; Path=/"})
        server = await serve(moved, again, answer(200, {}))
        login = {**self.LOGIN, "request": {**self.LOGIN["request"], "redirects": 1}}
        run = await run_once(runner, integration(server, {**login, "capture": {"first": "cookie:sid"}}, GET))
        sent = [heard.headers.get("cookie") for heard in server.heard]
        assert sent == [None, "sid=s3cr3t-session", "sid=n3w-session"]
        assert run.outcome is Outcome.PASSED

    async def test_a_redirect_takes_no_cookie_to_another_host(self, serve: Any, runner: Runner) -> None:
        other = await serve(answer(200, {}))
        server = await serve(self.SET, answer(302, None, {"Location": f"{other.url}/"}))
        away = {**GET, "request": {"path": "/", "redirects": 1}}
        await run_once(runner, integration(server, self.LOGIN, away))
        assert (len(other.heard), other.heard[0].headers.get("cookie")) == (1, None)

    async def test_cookies_can_be_switched_off(self, serve: Any, runner: Runner) -> None:
        server = await serve(self.SET, answer(200, {}))
        await run_once(runner, flow(integration(server, self.LOGIN, GET), cookies=False))
        assert "cookie" not in server.heard[1].headers

    async def test_a_step_with_a_cookie_of_its_own_sends_that(self, serve: Any, runner: Runner) -> None:
        server = await serve(self.SET, answer(200, {}))
        own = {**GET, "request": {"path": "/", "headers": {"Cookie": "a=b"}}}
        await run_once(runner, integration(server, self.LOGIN, own))
        assert server.heard[1].headers["cookie"] == "a=b"

    async def test_a_captured_cookie_is_a_secret_whatever_it_is_called(self, serve: Any, runner: Runner) -> None:
        server = await serve(self.SET, answer(500, {"you": "s3cr3t-session"}))
        first = {**self.LOGIN, "capture": {"x": "cookie:sid"}}
        second = {"name": "use", "request": {"path": "/u/{{x}}"}, "retry": {"attempts": 1}}
        run = await run_once(runner, integration(server, first, second))
        assert server.heard[1].target == "/u/s3cr3t-session"
        assert "s3cr3t-session" not in repr(run)


class TestWhen:
    @pytest.mark.parametrize(
        ("when", "sent"),
        [
            ("{{ environment == 'production' }}", True),
            ("{{ environment == 'sandbox' }}", False),
            ("{{ region in ['local', 'eu'] }}", True),
            ("{{ flag }}", False),
            ("{{ on }}", True),
            (True, True),
            (False, False),
        ],
    )
    async def test_a_step_is_sent_only_if_its_condition_holds(
        self, serve: Any, runner: Runner, when: Any, sent: bool
    ) -> None:
        server = await serve()
        declared = integration(server, {**GET, "when": when}, variables={"flag": "false", "on": "yes"})
        run = await run_once(runner, declared)
        assert (run.outcome, len(server.heard)) == (Outcome.PASSED, int(sent))
        assert run.steps[0].outcome is (Outcome.PASSED if sent else Outcome.SKIPPED)

    async def test_the_reason_is_kept_and_the_run_goes_on(self, serve: Any, runner: Runner) -> None:
        server = await serve()
        run = await run_once(runner, integration(server, {**GET, "when": "{{ region == 'eu' }}"}, GET))
        assert [step.outcome for step in run.steps] == [Outcome.SKIPPED, Outcome.PASSED]
        assert run.steps[0].failure is not None
        assert run.steps[0].failure.message == "not run: when {{ region == 'eu' }} is not so"
        assert (run.outcome, run.failure) == (Outcome.PASSED, None)

    async def test_what_needs_a_variable_of_a_step_left_out_is_left_out_too(self, serve: Any, runner: Runner) -> None:
        server = await serve(answer(200, {}))
        create = {**GET, "when": False, "capture": {"id": "$.id"}}
        read = {"name": "read", "request": {"path": "/{{id}}"}}
        tidy = {"name": "tidy", "always": True, "request": {"method": "DELETE", "path": "/{{id}}"}}
        run = await run_once(runner, integration(server, create, read, tidy, {**GET, "name": "last"}))
        assert [step.outcome for step in run.steps] == [Outcome.SKIPPED] * 3 + [Outcome.PASSED]
        assert run.steps[1].failure is not None
        assert run.steps[1].failure.message == "not run: id was not captured, because its step was not run"
        assert run.outcome is Outcome.PASSED


def contacts(total: int, size: int) -> Play:
    """A list with a cursor, as HubSpot has it."""

    async def play(heard: Heard, writer: Any) -> None:
        after = int(heard.target.partition("after=")[2] or 0)
        body: dict[str, Any] = {"results": list(range(after, min(after + size, total)))}
        if after + size < total:
            body["paging"] = {"next": {"after": str(after + size)}}
        writer.write(answer(200, body))

    return play


class TestRepeat:
    LIST: ClassVar[Any] = {
        "name": "list",
        "request": {"path": "/c", "query": {"limit": 2, "after": "{{after}}"}},
        "expect": {"json": {"$.results": {"type": "array"}}},
        "repeat": {"cursor": "after", "next": "$.paging.next.after"},
    }

    def pages(self, **repeat: Any) -> dict[str, Any]:
        return {**self.LIST, "repeat": {**self.LIST["repeat"], **repeat}}

    async def test_every_page_is_a_row_with_its_own_timings(self, serve: Any, runner: Runner) -> None:
        server = await serve(contacts(5, 2))
        run = await run_once(runner, integration(server, self.LIST, GET))
        assert [heard.target for heard in server.heard[:3]] == [
            "/c?limit=2",
            "/c?limit=2&after=2",
            "/c?limit=2&after=4",
        ]
        assert [(step.name, step.position, step.attempt) for step in run.steps] == [
            ("list", 1, 1),
            ("list (2)", 1, 2),
            ("list (3)", 1, 3),
            ("get", 2, 1),
        ]
        assert all(step.timings.total_ms is not None for step in run.steps)
        assert run.outcome is Outcome.PASSED
        assert server.heard[1].headers["x-request-id"] == f"{run.run_id}-1.2"

    async def test_more_pages_than_the_cap_is_a_failure(self, serve: Any, runner: Runner) -> None:
        server = await serve(contacts(9, 2))
        run = await run_once(runner, integration(server, self.pages(max=3)))
        assert len(server.heard) == 3
        assert (run.outcome, run.failed_step) == (Outcome.FAILED, "list (3)")
        assert run.failure is not None
        assert run.failure.message == "there are more than 3 pages (repeat.max), and not all of them were read"

    async def test_the_cap_can_be_the_end_that_is_wanted(self, serve: Any, runner: Runner) -> None:
        server = await serve(contacts(9, 2))
        run = await run_once(runner, integration(server, self.pages(max=3, at_cap="stop")))
        assert (run.outcome, len(server.heard)) == (Outcome.PASSED, 3)

    async def test_a_page_that_fails_is_tried_again_and_then_told(self, serve: Any, runner: Runner) -> None:
        first = answer(200, {"results": [], "paging": {"next": {"after": "2"}}})
        server = await serve(first, answer(503, {}), answer(200, {"results": []}))
        run = await run_once(runner, integration(server, self.LIST))
        assert [(s.name, s.attempt, s.outcome) for s in run.steps] == [
            ("list", 1, Outcome.PASSED),
            ("list (2)", 2, Outcome.FAILED),
            ("list (2)", 3, Outcome.UNSTABLE),
        ]
        assert run.outcome is Outcome.UNSTABLE

    async def test_each_page_has_its_own_number_of_attempts(self, serve: Any, runner: Runner) -> None:
        bad, more = answer(503, {}), answer(200, {"results": [], "paging": {"next": {"after": "2"}}})
        server = await serve(bad, more, bad, answer(200, {"results": []}))
        run = await run_once(runner, integration(server, self.LIST))
        assert [step.outcome for step in run.steps] == [
            Outcome.FAILED,
            Outcome.UNSTABLE,
            Outcome.FAILED,
            Outcome.UNSTABLE,
        ]

    async def test_a_cursor_that_comes_again_is_no_endless_list(self, serve: Any, runner: Runner) -> None:
        server = await serve(answer(200, {"results": [], "paging": {"next": {"after": "2"}}}))
        run = await run_once(runner, integration(server, self.LIST))
        assert len(server.heard) == 2
        assert run.failure is not None
        assert run.failure.message == "page 2 leads back to a page that was there already, so there is no end"

    async def test_links_are_followed_on_the_same_host_only(self, serve: Any, runner: Runner) -> None:
        other = await serve()
        server = await serve(
            answer(200, [], {"Link": '</c?page=2>; rel="next", </c?page=9>; rel="last"'}),
            answer(200, [], {"Link": f'<{other.url}/c>; rel="next"'}),
        )
        step = {"name": "list", "request": {"path": "/c", "query": {"q": "a"}}, "repeat": {"next": "link:next"}}
        run = await run_once(runner, integration(server, step, auth={"kind": "none"}))
        assert [heard.target for heard in server.heard] == ["/c?q=a", "/c?page=2"]
        assert other.heard == []
        assert run.failure is not None
        assert run.failure.message == ("page 3 is said to be on 127.0.0.1, and no other host than this one is asked")

    async def test_an_address_in_the_body_is_the_next_page(self, serve: Any, runner: Runner) -> None:
        server = await serve(answer(200, {"links": {"next": "/c?page[cursor]={{run_id}}"}}), answer(200, {"links": {}}))
        step = {"name": "list", "request": {"path": "/c"}, "repeat": {"next": "$.links.next"}}
        run = await run_once(runner, integration(server, step))
        # What a vendor sends is an address, never a template.
        assert server.heard[1].target == "/c?page[cursor]={{run_id}}"
        assert run.outcome is Outcome.PASSED

    @pytest.mark.parametrize("last", [{"more": False}, {"more": None}, {"more": ""}, {}])
    async def test_pages_can_be_numbered(self, serve: Any, runner: Runner, last: Any) -> None:
        server = await serve(answer(200, {"more": True}), answer(200, {"more": True}), answer(200, last))
        step = {
            "name": "list",
            "request": {"path": "/c", "query": {"page": "{{page}}"}},
            "repeat": {"cursor": "more", "next": "$.more"},
        }
        run = await run_once(runner, integration(server, step))
        assert [heard.target for heard in server.heard] == ["/c?page=1", "/c?page=2", "/c?page=3"]
        assert run.outcome is Outcome.PASSED

    async def test_a_cursor_in_a_body_is_left_out_at_first(self, serve: Any, runner: Runner) -> None:
        server = await serve(answer(200, {"next": "n2"}), answer(200, {}))
        body = {"limit": 2, "page": {"after": "{{ cursor }}"}, "note": "x{{cursor}}"}
        step = {
            "name": "list",
            "request": {"method": "POST", "path": "/c", "idempotent": True, "json": body},
            "repeat": {"cursor": "cursor", "next": "$.next"},
        }
        await run_once(runner, integration(server, step))
        assert [heard.json for heard in server.heard] == [
            {"limit": 2, "page": {}, "note": "x"},
            {"limit": 2, "page": {"after": "n2"}, "note": "xn2"},
        ]

    async def test_a_next_page_that_is_no_address_is_a_failure_and_not_the_end(
        self, serve: Any, runner: Runner
    ) -> None:
        step = {"name": "list", "request": {"path": "/c"}, "repeat": {"next": "$.next"}}
        for address in ("http://[::1", "http://a:b/"):
            run = await run_once(runner, integration(await serve(answer(200, {"next": address})), step))
            assert run.failure is not None
            assert run.failure.message == "cannot turn the page: $.next: not an address"

    async def test_the_workflows_clock_ends_the_turning_of_pages(self, serve: Any, runner: Runner) -> None:
        async def slow(heard: Heard, writer: Any) -> None:
            await asyncio.sleep(0.12)
            writer.write(answer(200, {"next": heard.target + "1"}))

        step = {
            "name": "list",
            "request": {"path": "/c", "query": {"a": "{{a}}"}},
            "repeat": {"cursor": "a", "next": "$.next"},
        }
        run = await run_once(runner, integration(await serve(slow), step, timeout="300ms"))
        assert run.failure is not None
        assert run.failure.kind is FailureKind.DEADLINE


class TestIdempotencyKeys:
    POST: ClassVar[Any] = {"name": "pay", "request": {"method": "POST", "path": "/pay", "json": {"id": "{{ uuid() }}"}}}

    def keyed(self, key: Any = True, **request: Any) -> dict[str, Any]:
        return {**self.POST, "request": {**self.POST["request"], "idempotency_key": key, **request}}

    async def test_a_key_is_the_same_for_every_attempt_and_makes_a_second_one_possible(
        self, serve: Any, runner: Runner
    ) -> None:
        server = await serve(answer(503, {}), answer(200, {}))
        run = await run_once(runner, integration(server, self.keyed()))
        keys = [heard.headers["idempotency-key"] for heard in server.heard]
        assert keys == [f"{run.run_id}-1"] * 2
        assert server.heard[0].body == server.heard[1].body
        assert run.outcome is Outcome.UNSTABLE

    async def test_each_step_and_each_run_has_a_key_of_its_own(self, serve: Any, runner: Runner) -> None:
        server = await serve(answer(200, {}))
        declared = integration(server, self.keyed(), {**self.keyed(), "name": "again"})
        await run_once(runner, declared)
        await run_once(runner, declared)
        assert len({heard.headers["idempotency-key"] for heard in server.heard}) == 4

    async def test_a_key_can_be_a_template_under_another_name(self, serve: Any, runner: Runner) -> None:
        server = await serve(answer(503, {}), answer(200, {}))
        step = self.keyed("k-{{ uuid() }}", idempotency_header="X-Request-Token")
        await run_once(runner, integration(server, step))
        first, second = (heard.headers["x-request-token"] for heard in server.heard)
        assert first == second
        assert first.startswith("k-")

    async def test_without_a_key_a_post_is_sent_once(self, serve: Any, runner: Runner) -> None:
        server = await serve(answer(503, {}))
        await run_once(runner, integration(server, self.POST))
        assert len(server.heard) == 1


class TestVariables:
    async def test_a_workflows_variables_stand_over_the_integrations(self, serve: Any, runner: Runner) -> None:
        server = await serve()
        step = {**GET, "request": {"path": "/{{tenant}}/{{size}}/{{mail | urlquote}}"}}
        declared = integration(server, step, variables={"tenant": "a", "size": 5})
        await run_once(runner, flow(declared, variables={"tenant": "b", "mail": "probe+{{region}}@{{tenant}}.de"}))
        assert server.heard[0].target == "/b/5/probe%2Blocal%40a.de"

    async def test_what_is_made_of_a_secret_is_shown_nowhere(self, serve: Any) -> None:
        server = await serve(tell_all)
        variables = {"signing_key": "${env:KEY}"}
        message = "{{ run_id | hmac(signing_key, 'sha256', 'base64') }}"
        step = {
            "name": "sign",
            "retry": {"attempts": 1},
            "request": {
                "method": "POST",
                "path": "/s",
                "headers": {"X-Sum": message},
                "json": {"a": "{{ signing_key | sha256 }}", "b": "{{ (signing_key ~ ':') | b64encode_url }}"},
            },
        }
        run = await run_once(make_runner({"KEY": "hunter2-hunter2"}), integration(server, step, variables=variables))
        sent = server.heard[0]
        signature = sent.headers["x-sum"]
        digest = hmac.new(b"hunter2-hunter2", str(run.run_id).encode(), hashlib.sha256)
        assert signature == base64_of(digest.digest())
        shown = repr(run)
        assert run.outcome is Outcome.FAILED
        for secret in (signature, *sent.json.values(), "hunter2"):
            assert secret not in shown

    async def test_a_variable_that_cannot_be_made_is_ours(self, serve: Any, runner: Runner) -> None:
        server = await serve()
        run = await run_once(runner, integration(server, GET, variables={"x": "{{ now | shift('soon') }}"}))
        assert run.failure is not None
        assert run.failure.kind is FailureKind.INTERNAL
        assert "a variable cannot be made: shift takes an offset such as '-1h'" in run.failure.message
        assert server.heard == []


async def tell_all(heard: Heard, writer: Any) -> None:
    """A server that repeats everything that it was told, and fails."""
    writer.write(answer(500, {"note": json.dumps(heard.headers) + heard.body.decode()}))


def base64_of(content: bytes) -> str:
    return base64.b64encode(content).decode()
