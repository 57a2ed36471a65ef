"""`leadline sql`, `leadline export`, the API and notebooks, against a running hub with a few hundred thousand rows."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import plain_http
import pyarrow.parquet as pq
import pytest
from leadline_processes import LEADLINE, ROOT, Process, command, eventually, interruptible, running
from short_commands import Started

from app.cli.export_file import Request, save
from metrics.frames import Leadline, NoAnswer
from metrics.store.database import Store

pytestmark = pytest.mark.slow

# Nothing is sealed meanwhile: what an export costs the hub would be measured together with that.
SETTINGS = """
regions: [{name: local}, {name: far, token: '${env:FAR_TOKEN}'}]
retention: {seal_after: 30d}
"""
INTEGRATION = """
integration: {name}
base_url: http://127.0.0.1:9
workflows:
  - {{name: contacts, regions: [far], steps: [{{name: read, request: {{path: /}}}}]}}
"""
NAMES = ("hubspot", "stripe")
RUNS = 36_000
STEPS = 5 * RUNS
SLOW = "SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE (a.range * b.range) % 7 = 3"


@dataclass
class World:
    """A hub, what it holds, and how to reach it."""

    data: Path
    folder: Path
    url: str
    process: Process

    def sql(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return command("sql", *arguments, "--data", str(self.data))

    def export(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return command("export", *arguments, "--data", str(self.data))

    def resident_mb(self) -> float:
        assert self.process.popen is not None
        status = Path(f"/proc/{self.process.popen.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    root = tmp_path_factory.mktemp("asking")
    folder, data = root / "monitoring", root / "data"
    folder.mkdir()
    (folder / "leadline.yaml").write_text(SETTINGS)
    for name in NAMES:
        (folder / f"{name}.yaml").write_text(INTEGRATION.format(name=name))
    data.mkdir()
    fill(data / "leadline.duckdb")
    process = Process(
        ("hub", str(folder), "--data", str(data), "--port", "0"), root / "hub.log", {"FAR_TOKEN": "x" * 32}
    )
    with running(process):
        url = process.said(r"hub listening on (http\S+)")
        yield World(data, folder, url, process)


def fill(path: Path) -> None:
    """Runs of the last ten days, five steps each, none in the last hour so that nothing changes while tests look."""
    Store.open(path).close()
    with duckdb.connect(str(path)) as con:
        con.execute("SET TimeZone = 'UTC'")
        con.execute(RUN_ROWS, {"now": datetime.now(UTC) - timedelta(hours=1), "runs": RUNS, "names": list(NAMES)})
        con.execute(STEP_ROWS)


RUN_ROWS = """
INSERT INTO hot_runs BY NAME
SELECT (lpad(to_hex(epoch_ms(moment)), 12, '0') || '7' || substr(md5(n::VARCHAR), 1, 3) || '8'
        || substr(md5(n::VARCHAR), 5, 15))::UUID AS run_id,
       'p1' AS prober_id, n AS number, moment AS received_at, 'far' AS region,
       $names[n % 2 + 1] AS integration, 'contacts' AS workflow, moment AS scheduled_at, moment AS started_at,
       100.0 + n % 400 AS duration_ms, CASE WHEN n % 100 = 0 THEN 'failed' ELSE 'passed' END AS outcome,
       CASE WHEN n % 100 = 0 THEN 'status_5xx' END AS failure_kind, 'v1' AS config_version, 1::SMALLINT AS attempt,
       CASE WHEN n % 100 = 0 THEN E'it said: "no"; \\x1b[31mred' END AS failure_message, 0.1 AS loop_lag_ms,
       60.0 AS every_s, date_trunc('minute', moment) AS slice_at, true AS final, false AS simulated
FROM (SELECT range AS n, CAST($now AS TIMESTAMPTZ) - to_microseconds(range * 24000000) AS moment FROM range($runs))
"""
STEP_ROWS = """
INSERT INTO hot_steps BY NAME
SELECT run_id, integration, workflow, region, p::SMALLINT AS position, 'step ' || p AS step, 1::SMALLINT AS attempt,
       false AS cleanup, true AS counted, true AS timed, started_at + to_microseconds(p * 1000) AS started_at, outcome,
       failure_kind, 'GET' AS method, 'https://api.example.com/v1' AS url, duration_ms / 5 + p AS total_ms,
       duration_ms / 6 AS ttfb_ms, false AS simulated
FROM hot_runs, range(5) steps(p)
"""


def test_sql_in_a_pipe_is_csv(world: World) -> None:
    done = world.sql("SELECT integration, count(*) AS n FROM v_steps GROUP BY ALL ORDER BY ALL")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"integration,n\nhubspot,{STEPS // 2}\nstripe,{STEPS // 2}\n"


def test_sql_as_one_document_a_line_each_or_a_table(world: World) -> None:
    question = "SELECT started_at, failure_message FROM v_runs WHERE outcome = 'failed' ORDER BY 1 LIMIT 2"
    document = json.loads(world.sql(question, "--json").stdout)
    assert [column["name"] for column in document["columns"]] == ["started_at", "failure_message"]
    assert document["cut"] is None
    assert document["rows"][0]["started_at"].endswith("Z")
    lines = [json.loads(line) for line in world.sql(question, "--format", "ndjson").stdout.splitlines()]
    assert lines == document["rows"]
    rows = list(csv.DictReader(io.StringIO(world.sql(question, "--format", "csv").stdout)))
    assert rows == document["rows"]
    table = world.sql(question, "--format", "table").stdout
    assert table.endswith("(2 rows)\n")
    assert "\x1b" not in table


def test_sql_says_on_stderr_when_it_cut(world: World) -> None:
    done = world.sql("FROM v_steps", "--limit", "7")
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 8
    assert "the first 7 rows, there are more: --limit" in done.stderr


def test_sql_from_stdin_and_into_a_pipe_that_closes(world: World) -> None:
    shell = f"echo 'SELECT 42 AS n' | {' '.join(LEADLINE)} sql - --data {world.data} --format ndjson"
    assert subprocess.check_output(shell, shell=True, text=True, cwd=ROOT) == '{"n": 42}\n'  # noqa: S602
    shell = f"{' '.join(LEADLINE)} sql 'FROM v_steps' --data {world.data} | head -1"
    done = subprocess.run(shell, shell=True, text=True, capture_output=True, cwd=ROOT, check=True)  # noqa: S602
    assert done.stdout.startswith("run_id,")
    assert done.stderr == "" or "there are more" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("SELECT nope FROM v_runs",), 2, 'leadline: Binder Error: Referenced column "nope"'),
        (("DELETE FROM hot_runs",), 2, "leadline: only questions are answered"),
        (("FROM '/etc/passwd'",), 2, "leadline: files cannot be read"),
        ((SLOW, "--timeout", "1"), 1, "leadline: a question was stopped after 1 s"),
        (("SELECT 1", "--hub", "http://127.0.0.1:1"), 1, "the hub does not answer"),
        (("SELECT 1", "--format", "xml"), 2, "xml"),
    ],
)
def test_a_mistake_is_one_line_and_an_exit_code(
    world: World, arguments: tuple[str, ...], code: int, words: str
) -> None:
    done = world.sql(*arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_without_a_hub_both_commands_say_how_to_start_one(tmp_path: Path) -> None:
    for arguments in (("sql", "SELECT 1"), ("export", "--since", "1d", "-o", str(tmp_path / "a.csv"))):
        done = command(*arguments, "--data", str(tmp_path / "nothing"))
        assert done.returncode == 1
        assert "no hub is running" in done.stderr


def test_ctrl_c_stops_the_question_in_the_hub_too(world: World) -> None:
    asking = [interruptible("sql", SLOW, "--timeout", "300", "--data", str(world.data)) for _ in range(2)]
    assert world.process.popen is not None
    busy = cpu_seconds(world.process.popen.pid)
    eventually(lambda: cpu_seconds(world.process.popen.pid) > busy + 1.5, what="both are being answered")
    for one in asking:
        one.send_signal(signal.SIGINT)
        assert one.wait(timeout=20) != 0
        assert one.stderr is not None
        assert b"Traceback" not in one.stderr.read()
        one.stderr.close()
    began = time.monotonic()
    assert world.sql("SELECT 1 AS n").stdout == "n\n1\n"
    assert time.monotonic() - began < 20


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_a_page_elsewhere_cannot_make_a_browser_ask(world: World) -> None:
    body = json.dumps({"sql": "SELECT 1"})
    assert plain_http.post(f"{world.url}/api/v1/sql", content=body).status_code in {415, 422}
    plain = plain_http.post(f"{world.url}/api/v1/sql", content=body, headers={"Content-Type": "text/plain"})
    assert plain.status_code in {415, 422}
    assert plain_http.post(f"{world.url}/api/v1/sql", json={"sql": "SELECT 1"}).is_success


def test_an_export_is_whole_in_order_and_counted(world: World, tmp_path: Path) -> None:
    target = tmp_path / "steps.parquet"
    done = world.export("--since", "30d", "-o", str(target))
    assert done.returncode == 0, done.stderr
    assert f"steps.parquet: {STEPS:,} rows" in done.stderr
    assert (done.stdout, [file.name for file in tmp_path.iterdir()]) == ("", ["steps.parquet"])
    frame = pq.read_table(target, columns=["run_id", "position", "started_at"]).to_pandas()
    assert len(frame) == STEPS
    assert not frame.duplicated(["run_id", "position"]).any()
    assert frame["started_at"].is_monotonic_increasing


def test_an_export_of_one_integration_as_csv(world: World, tmp_path: Path) -> None:
    target = tmp_path / "runs.csv"
    since = (datetime.now(UTC) - timedelta(days=3)).isoformat()
    done = world.export(
        "--since", since, "--what", "runs", "--integration", "stripe", "--until", "1d", "-o", str(target)
    )
    assert done.returncode == 0, done.stderr
    frame = pd.read_csv(target)
    assert set(frame["integration"]) == {"stripe"}
    about = f"integration = 'stripe' AND started_at >= TIMESTAMPTZ '{since}' AND started_at < now() - INTERVAL 1 DAY"
    question = f"SELECT count(*) AS n FROM v_runs WHERE {about}"  # noqa: S608
    assert abs(len(frame) - int(world.sql(question).stdout.split()[1])) <= 10


@pytest.mark.parametrize(
    "what", ["latency", "latency_5m", "latency_1d", "errors", "availability", "quota", "incidents"]
)
def test_everything_can_be_exported_also_when_there_is_nothing(world: World, tmp_path: Path, what: str) -> None:
    target = tmp_path / f"{what}.parquet"
    saved = save(Request(f"{world.url}/api/v1/export/{what}", {"since": "30d"}), target, "parquet")
    assert pq.read_metadata(target).num_rows == saved.rows


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--since", "7x", "-o", "a.csv"), 2, "write how long ago"),
        (("--since", "7d", "-o", "a.txt"), 2, "say --format"),
        (("--since", "1d", "--until", "2d", "-o", "a.csv"), 2, "is not before until"),
        (("--since", "7d", "--what", "secrets", "-o", "a.csv"), 1, "cannot be exported; there are runs, steps"),
        (("--since", "7d", "-o", "/nowhere/a.csv"), 1, "cannot be written"),
    ],
)
def test_an_export_that_cannot_be_says_why(world: World, arguments: tuple[str, ...], code: int, words: str) -> None:
    done = world.export(*arguments)
    assert done.returncode == code
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_ten_times_the_rows_do_not_cost_the_hub_the_memory_they_take(world: World, tmp_path: Path) -> None:
    target = tmp_path / "steps.parquet"
    peak_of_export(world, "30d", target)  # what is read once stays in the engine's cache
    # The hub has work of its own, which may fall into one of them.
    a_day = min(peak_of_export(world, "1d", target) for _ in range(3))
    few = pq.read_table(target).nbytes
    all_of_it = min(peak_of_export(world, "30d", target) for _ in range(3))
    many = pq.read_table(target).nbytes
    assert many > 8 * few
    assert (all_of_it - a_day) * 2**20 < many - few


def peak_of_export(world: World, since: str, target: Path) -> float:
    """The most memory that the hub held meanwhile, MB."""
    highest = 0.0
    exporting = Started(("export", "--since", since, "-o", str(target), "--data", str(world.data)), os.environ, ROOT)
    while exporting.returncode is None:
        highest = max(highest, world.resident_mb())
        time.sleep(0.02)
    _, said = exporting.communicate(timeout=10)
    assert exporting.returncode == 0, said
    return highest


def test_an_export_that_is_interrupted_leaves_what_was_there(world: World, tmp_path: Path) -> None:
    target = tmp_path / "steps.csv"
    target.write_text("of yesterday\n")
    exporting = interruptible("export", "--since", "30d", "-o", str(target), "--data", str(world.data))
    eventually(lambda: any(file.stat().st_size > 1 << 20 for file in tmp_path.glob(".*.part")), what="rows arrive")
    exporting.send_signal(signal.SIGINT)
    with exporting:
        assert exporting.wait(timeout=20) != 0
    assert [file.name for file in tmp_path.iterdir()] == ["steps.csv"]
    assert target.read_text() == "of yesterday\n"


class Truncated(BaseHTTPRequestHandler):
    """Gives the first half of what a hub would give: cut within a batch, or after a whole one."""

    body = b""
    declared = 0

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(self.declared))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_: Any) -> None:
        """Silence."""


@pytest.mark.parametrize("share", [0.5, 1.0])
def test_an_export_that_breaks_off_leaves_nothing(world: World, tmp_path: Path, share: float) -> None:
    body = plain_http.get(f"{world.url}/api/v1/export/runs?since=1d", timeout=60).content
    # Whole messages without the last one, the count of rows, look like the end to a reader.
    end = body.rindex(b"\xff\xff\xff\xff", 0, len(body) - 8) if share == 1.0 else len(body) // 2
    Truncated.body, Truncated.declared = body[:end], end if share == 1.0 else len(body)
    with HTTPServer(("127.0.0.1", 0), Truncated) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        address = f"http://127.0.0.1:{server.server_port}"
        done = command("export", "--since", "1d", "-o", str(tmp_path / "a.csv"), "--hub", address)
        thread.join()
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert ("broke off" if share == 1.0 else "the hub does not answer") in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_runs_are_listed_page_by_page_over_http(world: World) -> None:
    asked = {
        "since": "30d",
        "outcome": ["failed", "tainted"],
        "integration": "hubspot",
        "sort": "slowest",
        "limit": 100,
    }
    seen: list[dict[str, Any]] = []
    after: str | None = None
    while True:
        answer = plain_http.get(
            f"{world.url}/api/v1/runs", params=asked | ({"after": after} if after else {}), timeout=30
        )
        assert answer.is_success, answer.text
        seen += answer.json()["runs"]
        after = answer.json()["after"]
        if after is None:
            break
    assert len(seen) == len({run["run_id"] for run in seen}) == RUNS // 100
    assert [run["duration_ms"] for run in seen] == sorted((run["duration_ms"] for run in seen), reverse=True)


@pytest.mark.parametrize(
    ("query", "status"), [("after=nonsense", 400), ("since=never", 400), ("outcome=good", 422), ("foo=1", 422)]
)
def test_a_list_that_cannot_be_is_refused(world: World, query: str, status: int) -> None:
    answer = plain_http.get(f"{world.url}/api/v1/runs?{query}")
    assert answer.status_code == status
    assert answer.json()["error"]


def test_hub_and_files_tell_a_notebook_the_same(world: World, tmp_path: Path) -> None:
    for what in ("steps", "runs"):
        world.export("--since", "30d", "--what", what, "-o", str(tmp_path / f"{what}.parquet"))
    end = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    about = {"start": end - timedelta(days=5), "end": end}
    files = Leadline.of_files(steps=tmp_path / "steps.parquet", runs=tmp_path / "runs.parquet")
    with Leadline(world.url) as hub, files:
        for name in ("latency", "rates"):
            near, far = getattr(files, name)(**about), getattr(hub, name)(**about)
            near, far = (one.drop(columns="exact", errors="ignore") for one in (near, far))
            pd.testing.assert_frame_equal(near, far, rtol=0.0101)
        for name in ("latency_series", "errors", "phases"):
            near, far = (getattr(one, name)("stripe", bucket=timedelta(hours=6), **about) for one in (files, hub))
            assert str(near.index.tz) == "UTC"
            assert list(near.index) == list(far.index)
        shown = files.availability("hubspot", **about)
        assert shown["availability"].tolist() == hub.availability("hubspot", **about)["availability"].tolist()
        assert len(files.runs("stripe", **about)) == len(hub.runs("stripe", **about))
        assert hub.sql("SELECT count(*) AS n FROM v_steps")["n"].tolist() == [STEPS]
        assert hub.weekly().index.tolist() == ["hubspot", "stripe"]
        assert hub.hour_of_week("hubspot", zone="Europe/Berlin")["n"].sum() > 0
        with pytest.raises(NoAnswer, match="integration: say which one"):
            hub.latency_series(None)  # type: ignore[arg-type]


def test_a_store_that_a_hub_holds_is_refused_with_the_remedy(world: World) -> None:
    with pytest.raises(NoAnswer, match="ask the running hub instead"):
        Leadline.of_store(world.data)
