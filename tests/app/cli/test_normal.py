"""`leadline normal` where no hub answers as it should: one line that says what to do."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

Leadline = Callable[..., tuple[int, str, str]]
RANGE = ("--from", "2026-11-22T14:00", "--to", "2026-11-22T16:00")


class Double:
    """Answers everything with one document, and remembers what was asked."""

    def __init__(self) -> None:
        self.status, self.body = 200, "<html>a page</html>"
        self.asked: list[tuple[str, Any]] = []

    def tell(self, document: Any, status: int = 200) -> None:
        self.status, self.body = status, json.dumps(document)


@pytest.fixture
def double() -> Double:
    return Double()


@pytest.fixture
def served(double: Double) -> Iterator[str]:
    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("content-length", 0))
            double.asked.append((self.path, json.loads(self.rfile.read(length) or "null")))
            body = double.body.encode()
            self.send_response(double.status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - its name for it

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Answering)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def leadline(leadline_here: Leadline) -> Leadline:
    """`leadline normal …`."""
    return partial(leadline_here, "normal")


@pytest.fixture
def chicago() -> Iterator[None]:
    """This machine stands there."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("TZ", "America/Chicago")
        time.tzset()
        yield
    time.tzset()


COMMANDS = {
    "show": ("show", "hubspot"),
    "accept": ("accept", "hubspot", "--reason", "x"),
    "exclude": ("exclude", "hubspot", "--reason", "x", *RANGE),
}
every_command = pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS)


@every_command
def test_without_a_hub_on_this_machine_it_says_how_to_start_one(
    leadline: Leadline, tmp_path: Path, words: tuple[str, ...]
) -> None:
    code, out, told = leadline(*words, "--data", str(tmp_path))
    assert (code, out, told.count("\n")) == (1, "", 1)
    assert "no hub is running" in told
    assert "leadline up" in told


@every_command
def test_a_hub_that_is_away_is_called_so(leadline: Leadline, words: tuple[str, ...]) -> None:
    with socket.socket() as taken:
        # Bound, but nobody listens.
        taken.bind(("127.0.0.1", 0))
        code, out, told = leadline(*words, "--hub", f"http://127.0.0.1:{taken.getsockname()[1]}")
    assert (code, out, told.count("\n")) == (1, "", 1)
    assert "the hub does not answer" in told


@every_command
def test_another_server_is_no_hub(leadline: Leadline, served: str, words: tuple[str, ...]) -> None:
    code, out, told = leadline(*words, "--hub", served)
    assert (code, out, told.count("\n")) == (1, "", 1)
    assert "not a Leadline hub" in told


@pytest.mark.parametrize("only", ["probe", "=probe", "zone=eu", "subject=probe"])
def test_what_cannot_be_narrowed_by_is_refused_before_anybody_is_asked(
    leadline: Leadline, served: str, double: Double, only: str
) -> None:
    code, _, told = leadline("accept", "hubspot", "--reason", "x", "--only", only, "--hub", served)
    assert (code, told) == (
        2,
        f"leadline: --only {only}: write it as workflow=NAME, region=NAME or step=NAME\n",
    )
    assert double.asked == []


def test_a_range_is_in_the_time_zone_of_this_machine_and_narrowed_as_said(
    leadline: Leadline, served: str, double: Double, chicago: None
) -> None:
    double.tell({"series": 2})
    words = ("--by", "ana", "--only", "step=read it back", "--only", "region=eu")
    code, out, _ = leadline("exclude", "hubspot", "--reason", "load test", *RANGE, *words, "--hub", served)
    assert (code, out) == (0, "excluded: 2 series learn nothing from that time\n")
    assert double.asked == [
        (
            "/api/v1/normal/exclude",
            {
                "integration": "hubspot", "subject": "read it back", "region": "eu", "reason": "load test",
                "author": "ana", "start": "2026-11-22T14:00:00-06:00", "end": "2026-11-22T16:00:00-06:00",
            },
        )
    ]  # fmt: skip


def test_what_the_hub_refuses_is_said_in_its_words(leadline: Leadline, served: str, double: Double) -> None:
    double.tell({"error": "hubspot: nothing there is above its limit"}, 409)
    code, _, told = leadline("accept", "hubspot", "--reason", "x", "--hub", served)
    assert (code, told.count("\n")) == (1, 1)
    assert told == "leadline: hubspot: nothing there is above its limit\n"


SERIES = {
    "workflow": "sync", "region": "eu", "subject": "read", "measure": "total_ms", "value": 640.0, "usual": 361.4,
    "limit": 531.0, "hours": 84, "kind": "hour of day", "firing": True, "time_zone": "UTC", "ahead": [],
}  # fmt: skip


def test_what_is_not_known_is_a_dash_and_a_recorded_value_has_no_unit(
    leadline: Leadline, served: str, double: Double
) -> None:
    unknown = {"value": None, "usual": None, "limit": None, "hours": 0, "firing": False}
    recorded = SERIES | {"measure": "recorded", "subject": "queue", "value": 7.25, "firing": False}
    double.tell({"integration": "hubspot", "series": [SERIES | unknown, recorded, SERIES]})
    code, out, _ = leadline("show", "hubspot", "--hub", served)
    assert (code, out.splitlines()) == (
        0,
        [
            "ABOVE sync / read · eu · total_ms: 640 ms, usually 361.4 ms at this hour, limit 531 ms "
            "(n = 84 h, hour of day)",
            "ok    sync / queue · eu · recorded: 7.25, usually 361.4 at this hour, limit 531 (n = 84 h, hour of day)",
            "ok    sync / read · eu · total_ms: –, usually – at this hour, limit – (n = 0 h, hour of day)",
        ],
    )
    assert double.asked == [("/api/v1/normal?integration=hubspot", None)]


def test_before_anything_is_learned_it_says_so(leadline: Leadline, served: str, double: Double) -> None:
    double.tell({"integration": "hubspot", "series": []})
    assert leadline("show", "hubspot", "--hub", served)[:2] == (0, "nothing is learned yet\n")
