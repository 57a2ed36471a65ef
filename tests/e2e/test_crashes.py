"""`kill -9` of either process: every run arrives, none twice, and silence is noticed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import duckdb
import httpx
import plain_http
import pytest
from leadline_processes import Process, eventually, running

pytestmark = pytest.mark.slow

INTEGRATION = """
integration: target
base_url: {url}
workflows:
  - name: home
    every: 1s
    timeout: 1s
    steps: [{{name: get, request: {{path: /healthz}}}}]
"""
SETTINGS = "{}\n"
ALERTS = "confirm: {prober_silent_after: 6s}\n"


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    """One workflow a second against a hub of its own on loopback, so that the target outlives what we kill."""
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / "leadline.yaml").write_text(SETTINGS)
    (folder / "alerts.yaml").write_text(ALERTS)
    (folder / "target.yaml").write_text(INTEGRATION.format(url="http://127.0.0.1:1"))
    with running(hub(folder, tmp_path / "target", tmp_path / "target.log")) as target:
        address = target.said(r"hub listening on (http\S+)")
        (folder / "target.yaml").write_text(INTEGRATION.format(url=address))
        yield folder


def hub(folder: Path, data: Path, log: Path, port: str = "0") -> Process:
    return Process(("hub", str(folder), "--data", str(data), "--port", port), log)


def prober(url: str, data: Path, log: Path) -> Process:
    return Process(("prober", "--hub", url, "--data", str(data)), log)


def status(url: str) -> dict[str, object]:
    try:
        answer = plain_http.get(f"{url}/api/v1/status", timeout=5)
    except httpx.HTTPError:
        return {}
    return dict(answer.json()) if answer.is_success else {}


def made(data: Path) -> int:
    """How many runs the prober has finished, by its own count."""
    try:
        with closing(sqlite3.connect(f"file:{data}/prober-local.sqlite?mode=ro", uri=True)) as outbox:
            row = outbox.execute("SELECT seq FROM sqlite_sequence WHERE name = 'runs'").fetchone()
    except sqlite3.OperationalError:
        return 0  # not there yet
    return int(row[0]) if row else 0


def stored(data: Path) -> tuple[int, int, int]:
    """Rows, distinct run ids and the cursor, from the file itself once its hub has stopped."""
    with duckdb.connect(str(data / "leadline.duckdb"), read_only=True) as con:
        rows = con.execute("SELECT count(*), count(DISTINCT run_id) FROM runs").fetchone()
        cursor = con.execute("SELECT max(cursor) FROM probers").fetchone()
    assert rows is not None
    assert cursor is not None
    return int(rows[0]), int(rows[1]), int(cursor[0])


def test_every_run_made_while_the_hub_was_dead_arrives_once(directory: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running(hub(directory, data, tmp_path / "hub.log")) as first, ExitStack() as later:
        url = first.said(r"hub listening on (http\S+)")
        later.enter_context(running(prober(url, data, tmp_path / "prober.log")))
        eventually(lambda: status(url).get("integrations"), what="the first evaluation")
        eventually(lambda: made(data) >= 5, what="five runs")
        first.kill()
        before = made(data)
        eventually(lambda: made(data) >= before + 10, what="ten runs without a hub")
        with running(hub(directory, data, tmp_path / "hub.log", port=url.rsplit(":", 1)[1])) as second:
            second.said(r"hub listening on (http\S+)[\s\S]*hub listening on")
            made_so_far = made(data)

            def arrived() -> bool:
                return cursor_of(plain_http.get(f"{url}/metrics").text) >= made_so_far

            eventually(arrived, what="every run shipped")
    rows, distinct, cursor = stored(data)
    assert rows == distinct == cursor
    assert rows >= before + 10


def cursor_of(text: str) -> float:
    """The number of the last run stored, from the hub's own metrics; 0 before it has evaluated."""
    lines = [line for line in text.splitlines() if line.startswith("leadline_prober_cursor{")]
    return float(lines[0].rsplit(" ", 1)[1]) if lines else 0.0


def test_a_killed_prober_is_noticed_and_its_return_is_too(directory: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running(hub(directory, data, tmp_path / "hub.log")) as the_hub:
        url = the_hub.said(r"hub listening on (http\S+)")
        with running(prober(url, data, tmp_path / "prober.log")) as victim:
            eventually(lambda: probers(url), what="the prober reporting")
            victim.kill()
        eventually(lambda: probers(url)[0]["silent"], what="the silence noticed")
        eventually(lambda: status(url)["incidents"], what="an incident about it")
        with running(prober(url, data, tmp_path / "prober.log")):
            eventually(lambda: not probers(url)[0]["silent"], what="the return noticed")
            assert probers(url)[0]["previous_stop"] == "unclean"
            eventually(lambda: not status(url)["incidents"], what="the incident resolved")


def probers(url: str) -> list[dict[str, object]]:
    return list(status(url).get("probers", []))  # type: ignore[call-overload]
