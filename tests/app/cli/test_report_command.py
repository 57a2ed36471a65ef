"""`leadline report` where something is not as it should be: one line that says what to do."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

Leadline = Callable[..., tuple[int, str, str]]


class Double:
    """Answers everything with the same bytes, and remembers what was asked."""

    def __init__(self) -> None:
        self.status, self.body = 200, "# Weekly review\n"
        self.asked: list[str] = []


@pytest.fixture
def double() -> Double:
    return Double()


@pytest.fixture
def served(double: Double) -> Iterator[str]:
    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            double.asked.append(self.path)
            content = double.body.encode()
            self.send_response(double.status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Answering)
    thread = threading.Thread(target=partial(server.serve_forever, poll_interval=0.01))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_without_a_file_it_is_markdown_and_of_this_week(leadline_here: Leadline, served: str, double: Double) -> None:
    code, out, _ = leadline_here("report", "weekly", "--hub", served)
    assert (code, out) == (0, "# Weekly review\n")
    assert double.asked == ["/api/v1/reports/weekly?format=md"]


@pytest.mark.parametrize(
    ("name", "form"),
    [("w.pdf", "pdf"), ("w.HTML", "html"), ("w.htm", "html"), ("w.json", "json"), ("w.markdown", "md")],
)
def test_the_ending_of_the_file_picks_the_format(
    leadline_here: Leadline, served: str, double: Double, tmp_path: Path, name: str, form: str
) -> None:
    code, out, err = leadline_here(
        "report", "weekly", "--week", "2026-W47", "-o", str(tmp_path / name), "--hub", served
    )
    assert (code, out) == (0, "")
    assert double.asked == [f"/api/v1/reports/weekly?week=2026-W47&format={form}"]
    assert (tmp_path / name).read_text() == double.body
    assert "16 bytes" in err


def test_an_unknown_ending_is_refused_before_anything_is_asked(
    leadline_here: Leadline, served: str, double: Double, tmp_path: Path
) -> None:
    code, _, err = leadline_here("report", "incident", "x", "-o", str(tmp_path / "x.docx"), "--hub", served)
    assert (code, double.asked) == (2, [])
    assert "say --format html, pdf, md or json" in err


@pytest.mark.parametrize(("status", "code"), [(400, 2), (404, 1), (503, 1)])
def test_what_the_hub_refuses_leaves_the_file_as_it_was(
    leadline_here: Leadline, served: str, double: Double, tmp_path: Path, status: int, code: int
) -> None:
    double.status, double.body = status, '{"error": "2026-W60: not an ISO week; write it as 2026-W47"}'
    kept = tmp_path / "w.md"
    kept.write_text("before")
    found, _, err = leadline_here("report", "weekly", "--week", "2026-W60", "-o", str(kept), "--hub", served)
    assert (found, kept.read_text()) == (code, "before")
    assert "write it as 2026-W47" in err
    assert "Traceback" not in err


def test_an_id_is_asked_for_as_it_was_given(leadline_here: Leadline, served: str, double: Double) -> None:
    leadline_here("report", "incident", "../status?x=1", "--hub", served)
    assert double.asked == ["/api/v1/reports/incident/..%2Fstatus%3Fx%3D1?format=md"]


def test_a_folder_that_is_not_there_is_a_message(leadline_here: Leadline, served: str, tmp_path: Path) -> None:
    code, _, err = leadline_here("report", "weekly", "-o", str(tmp_path / "no" / "w.md"), "--hub", served)
    assert code == 1
    assert "cannot be written (No such file or directory)" in err


def test_without_a_hub_it_says_how_to_get_one(leadline_here: Leadline, tmp_path: Path) -> None:
    code, _, err = leadline_here("report", "weekly", "--data", str(tmp_path))
    assert code == 1
    assert "no hub is running" in err
