"""Two regions, two prober processes, one outage: one page, and none while only one region sees it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import plain_http
import pytest
from leadline_processes import Process, eventually, running

from app.sandbox.process import running_sandbox
from app.sandbox.running import SandboxInfo

pytestmark = pytest.mark.slow

INTEGRATION = """
integration: shop
flows: [checkout]
base_url: {url}
circuit: {{retry_every: 5s}}
workflows:
  - name: home
    every: 1s
    timeout: 1s
    regions: [local, eu]
    steps:
      - {{name: get, request: {{path: "/{{{{region}}}}"}}, retry: {{attempts: 1}}}}
"""
SETTINGS = "regions: [{name: local}, {name: eu, token: '${env:EU_TOKEN}'}]\n"
ALERTS = """
channels:
  - {name: ops, kind: pagerduty, routing_key: "${env:PAGERDUTY_ROUTING_KEY}", url: "${env:PAGERDUTY_URL}"}
routes:
  - {urgent: [ops]}
"""


class Shop(ThreadingHTTPServer):
    """Answers 200, or 500 to the regions in `broken_in`; the path names the region that asks."""

    broken_in: frozenset[str] = frozenset()


class Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Shop)
        broken = self.path.strip("/") in self.server.broken_in
        self.send_response(500 if broken else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Silence."""


@pytest.fixture
def shop() -> Iterator[Shop]:
    server = Shop(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def pages(receivers: SandboxInfo) -> list[tuple[str, str]]:
    received = plain_http.get(f"{receivers.admin_url}/received/pagerduty", timeout=10).json()["received"]
    return [(event["event_action"], event["dedup_key"]) for event in received]


def state(url: str) -> str | None:
    """The shop's word in `leadline status`."""
    integrations = plain_http.get(f"{url}/api/v1/status", timeout=10).json().get("integrations", [])
    return integrations[0]["state"] if integrations else None


def test_one_region_of_two_wakes_nobody_and_both_are_one_page(tmp_path: Path, shop: Shop) -> None:
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / "leadline.yaml").write_text(SETTINGS)
    (folder / "alerts.yaml").write_text(ALERTS)
    (folder / "shop.yaml").write_text(INTEGRATION.format(url=f"http://127.0.0.1:{shop.server_port}"))
    with running_sandbox(tmp_path / "sandbox") as receivers, ExitStack() as stack:
        environ = {**receivers.environment, "EU_TOKEN": "the-eu-token"}
        hub = Process(
            ("hub", str(folder), "--data", str(tmp_path / "hub"), "--port", "0"), tmp_path / "hub.log", environ
        )
        url = stack.enter_context(running(hub)).said(r"hub listening on (http\S+)")
        local_token = (tmp_path / "hub" / "prober-local.token").read_text()
        for region, token in (("local", local_token), ("eu", "the-eu-token")):
            arguments = ("prober", "--hub", url, "--region", region, "--data", str(tmp_path / region))
            token_of = {"LEADLINE_PROBER_TOKEN": token}
            stack.enter_context(running(Process(arguments, tmp_path / f"{region}.log", token_of)))
        eventually(lambda: state(url) == "up", what="both regions up")
        shop.broken_in = frozenset({"eu"})
        eventually(lambda: state(url) == "degraded", what="one region failing")
        assert pages(receivers) == []
        shop.broken_in = frozenset({"eu", "local"})
        [(action, key)] = eventually(lambda: pages(receivers), what="the page")
        assert action == "trigger"
        shop.broken_in = frozenset()
        eventually(lambda: len(pages(receivers)) > 1, what="the resolve")
        assert pages(receivers) == [("trigger", key), ("resolve", key)]
