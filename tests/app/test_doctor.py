"""The doctor names what is wrong and the remedy, and says nothing is wrong when nothing is."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from app.cli.status import status
from app.datadir import DataDirectory, HubAddress
from app.doctor import Finding, Patient, Verdict, examine
from app.errors import UserError

NOW = datetime(2026, 11, 22, tzinfo=UTC)
GOOD = """
integration: target
base_url: https://api.example.com
workflows: [{name: home, steps: [{name: get, request: {path: /}}]}]
"""


def examined(root: Path, directory: Path | None = None) -> dict[str, Finding]:
    return {f.check: f for f in examine(Patient(directory, DataDirectory(root), {}, NOW))}


def test_a_healthy_new_installation_has_no_problem(tmp_path: Path) -> None:
    (tmp_path / "target.yaml").write_text(GOOD)
    findings = examined(tmp_path / "data", tmp_path)
    assert [f for f in findings.values() if f.verdict is Verdict.PROBLEM] == []
    assert findings["configuration"].verdict is Verdict.OK


def test_a_bad_configuration_is_a_problem_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "target.yaml").write_text(GOOD.replace("path:", "pth:"))
    finding = examined(tmp_path / "data", tmp_path)["configuration"]
    assert finding.verdict is Verdict.PROBLEM
    assert "target.yaml:4" in finding.seen


def test_a_token_that_others_can_read_is_a_problem_with_its_remedy(tmp_path: Path) -> None:
    DataDirectory(tmp_path).prober_token("local")
    (tmp_path / "prober-local.token").chmod(0o644)
    finding = examined(tmp_path)["tokens"]
    assert finding.verdict is Verdict.PROBLEM
    assert finding.remedy.startswith("chmod 600")


def test_a_hub_that_was_killed_is_a_problem_with_its_address(tmp_path: Path) -> None:
    DataDirectory(tmp_path).announce_hub(HubAddress("http://127.0.0.1:9", 4242))
    finding = examined(tmp_path)["hub"]
    assert finding.verdict is Verdict.PROBLEM
    assert "4242" in finding.seen


@pytest.mark.parametrize("root", [Path("/dev/null/data")])
def test_a_data_directory_that_does_not_exist_is_only_a_note(root: Path) -> None:
    assert examined(root)["data directory"].verdict is Verdict.NOTE


def test_a_data_directory_that_is_a_file_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    assert examined(tmp_path / "data")["data directory"].verdict is Verdict.PROBLEM


@pytest.mark.parametrize("answer", [b"<html>", b"[]", b'{"ok": true}'], ids=["a page", "a list", "another service"])
def test_somebody_else_on_the_hubs_port_is_a_problem_and_no_crash(tmp_path: Path, answer: bytes) -> None:
    with somebody(answer) as url:
        DataDirectory(tmp_path).announce_hub(HubAddress(url, 4242))
        finding = examined(tmp_path)["hub"]
        assert finding.verdict is Verdict.PROBLEM
        assert "not a hub" in finding.seen
        with pytest.raises(UserError, match="not a Leadline hub"):
            status(hub=url, data=tmp_path)


def test_an_announcement_of_no_address_is_a_problem_and_no_crash(tmp_path: Path) -> None:
    DataDirectory(tmp_path).announce_hub(HubAddress("http://[::1", 4242))
    assert examined(tmp_path)["hub"].verdict is Verdict.PROBLEM


def a_status(**store: object) -> bytes:
    """What a hub answers whose store is in that condition."""
    healthy = {"hot_bytes": 3 << 20, "month_bytes": 5 << 20, "months": 2, "sealed_to": "2026-11-19"}
    more = {"sealed_at": NOW.isoformat(), "problem": None, "missing": []}
    parts: dict[str, object] = {"at": NOW.isoformat(), "config_problem": None, "store": healthy | more | store}
    return json.dumps(parts | {"probers": [], "credentials": [], "certificates": []}).encode()


def with_store(root: Path, **store: object) -> dict[str, Finding]:
    with somebody(a_status(**store)) as url:
        DataDirectory(root).announce_hub(HubAddress(url, 4242))
        return examined(root)


def test_the_store_is_told_with_its_sizes_and_how_far_it_is_sealed(tmp_path: Path) -> None:
    findings = with_store(tmp_path)
    assert findings["store"].seen == "3 MiB, and 5 MiB in 2 months; sealed up to 2026-11-19"
    assert "sealing" not in findings
    assert "months" not in findings


def test_a_calendar_that_cannot_be_read_is_a_problem_that_says_what_is_used_instead(tmp_path: Path) -> None:
    window = {
        "name": "vendor",
        "calendar_problem": "answered HTTP 503",
        "calendar_read_at": "2026-11-22T03:00:00+00:00",
    }
    status = json.loads(a_status()) | {"maintenance": [window]}
    with somebody(json.dumps(status).encode()) as url:
        DataDirectory(tmp_path).announce_hub(HubAddress(url, 4242))
        found = examined(tmp_path)["calendar of maintenance vendor"]
    assert found.verdict is Verdict.PROBLEM
    assert found.seen == "cannot be used: answered HTTP 503; its copy of 2026-11-22T03:00 is used"


def test_a_sealing_that_stopped_is_a_problem_with_its_reason(tmp_path: Path) -> None:
    finding = with_store(tmp_path, problem="StoreFull: the disk takes no more")["sealing"]
    assert (finding.verdict, finding.seen) == (
        Verdict.PROBLEM,
        "the last round stopped: StoreFull: the disk takes no more",
    )


def test_a_sealing_that_no_longer_happens_is_a_problem(tmp_path: Path) -> None:
    assert with_store(tmp_path, sealed_at="2026-11-21T12:00:00+00:00")["sealing"].verdict is Verdict.PROBLEM


def test_months_that_are_missing_are_named(tmp_path: Path) -> None:
    assert with_store(tmp_path, missing=["2026-09.duckdb"])["months"].seen == "missing: 2026-09.duckdb"


@contextmanager
def somebody(answer: bytes) -> Iterator[str]:
    """A server on a free port that answers every GET with the same bytes."""

    class Same(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Same) as server:
        serving = threading.Thread(target=server.serve_forever, args=(0.01,))
        serving.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        serving.join()
