"""A real hub for benchmarks: `leadline hub` on a configuration of its own, with a token for each region."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.crowd import REGIONS
from tests.benchmarks.processes import free_port, running, wait_for_port

TOKEN = "bench-{region}"
_INTEGRATION = """
integration: vendor-000
base_url: https://api.example.com
objectives: [{sli: availability, target: 99.9%}]
workflows:
  - name: flow
    every: 60s
    regions: [eu, us, ap]
    steps: [{name: step-0, request: {path: /}}]
"""


@dataclass(frozen=True)
class HubAtWork:
    """Where it listens, and its process."""

    url: str
    process: subprocess.Popen[str]


class HubFolder:
    """Configuration and data of one hub, to be started as often as one likes."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self.port = free_port()
        self._config = folder / "config"
        self._config.mkdir(parents=True)
        regions = ", ".join(f"{{name: {region}, token: '${{env:TOKEN_{region.upper()}}}'}}" for region in REGIONS)
        (self._config / "leadline.yaml").write_text(f"regions: [{regions}]\n")
        (self._config / "vendor.yaml").write_text(_INTEGRATION)

    @property
    def store(self) -> Path:
        """Its hot file."""
        return self.data / "leadline.duckdb"

    @contextmanager
    def started(self) -> Iterator[HubAtWork]:
        """The hub, answering."""
        tokens = {f"TOKEN_{region.upper()}": TOKEN.format(region=region) for region in REGIONS}
        arguments = ("hub", str(self._config), "--data", str(self.data), "--port", str(self.port))
        with running(sys.executable, "-m", "app.cli", *arguments, environ=tokens) as process:
            wait_for_port(self.port, process)
            yield HubAtWork(f"http://127.0.0.1:{self.port}", process)
