"""The least that a prober takes for a hub: serves a configuration, takes batches, and keeps what they say of time.

A line on its standard input gives what came since the last one.
"""

from __future__ import annotations

import gzip
import json
import sys
import threading
from collections import Counter
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.benchmarks.processes import answer_questions


class Ledger:
    """What came, by the threads that serve and the one that answers questions."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._runs: list[tuple[float, float]] = []
        self._outcomes: Counter[str] = Counter()
        self._heartbeat: dict[str, Any] = {}

    def take(self, batch: dict[str, Any]) -> int:
        """The cursor behind that batch."""
        found = [_times(run) for run in batch["runs"]]
        with self._lock:
            self._runs += found
            self._outcomes.update(run["outcome"] for run in batch["runs"])
        return int(batch["first"]) + len(batch["runs"]) - 1

    def hear(self, heartbeat: dict[str, Any]) -> None:
        """Keep the newest."""
        with self._lock:
            self._heartbeat = heartbeat

    def told(self) -> dict[str, Any]:
        """And forget the runs."""
        with self._lock:
            runs, outcomes = self._runs, self._outcomes
            self._runs, self._outcomes = [], Counter()
            return {"runs": runs, "outcomes": outcomes, "heartbeat": self._heartbeat}


def _times(run: dict[str, Any]) -> tuple[float, float]:
    """When it was due, and for how many milliseconds it waited to be started."""
    due, begun = (datetime.fromisoformat(run[key]).timestamp() for key in ("scheduled_at", "started_at"))
    return due, (begun - due) * 1000


def handler(ledger: Ledger, version: str, document: bytes) -> type[BaseHTTPRequestHandler]:
    """Answers a prober's three requests."""

    class Answers(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if self.headers.get("If-None-Match") == f'"{version}"':
                self._send(304, b"")
            else:
                self._send(200, document)

        def do_POST(self) -> None:
            size = int(self.headers["Content-Length"])
            body = self.rfile.read(size)
            if len(body) < size:  # the prober was stopped
                self.close_connection = True
                return
            if self.path.endswith("/heartbeat"):
                ledger.hear(json.loads(body))
                answer = {"config_version": version, "now": datetime.now(UTC).isoformat()}
            else:
                answer = {"cursor": ledger.take(json.loads(gzip.decompress(body)))}
            self._send(200, json.dumps(answer).encode())

        def log_message(self, *_: object) -> None:
            """Nothing."""

        def _send(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(body)

    return Answers


class Serving(ThreadingHTTPServer):
    """Says nothing of a prober that went away."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


if __name__ == "__main__":
    kept, written = Ledger(), Path(sys.argv[2]).read_text()
    content = json.dumps({"version": sys.argv[3], "config": json.loads(written)}).encode()
    server = Serving(("127.0.0.1", int(sys.argv[1])), handler(kept, sys.argv[3], content))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    answer_questions(kept.told)
