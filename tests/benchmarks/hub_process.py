"""A real hub for benchmarks: `leadline hub` on a configuration of its own, with a token for each region."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.crowd import REGIONS
from tests.benchmarks.processes import free_port, running, wait_for_port

TOKEN = "bench-{region}"
_START_S = 90.0
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

    def __init__(self, folder: Path, data: Path | None = None, declared: Mapping[str, str] | None = None) -> None:
        """`declared`: files of integrations by their name, in place of the only one."""
        self.data = data or folder / "data"
        self.port = free_port()
        self._config = folder / "config"
        self._log = folder / "hub.log"
        self._config.mkdir(parents=True)
        regions = ", ".join(f"{{name: {region}, token: '${{env:TOKEN_{region.upper()}}}'}}" for region in REGIONS)
        (self._config / "leadline.yaml").write_text(f"regions: [{regions}]\n")
        for name, text in (declared or {"vendor.yaml": _INTEGRATION}).items():
            (self._config / name).write_text(text)

    @property
    def store(self) -> Path:
        """Its hot file."""
        return self.data / "leadline.duckdb"

    @property
    def said(self) -> str:
        """The end of its log."""
        return self._log.read_text()[-2000:]

    @contextmanager
    def started(self) -> Iterator[HubAtWork]:
        """The hub, answering."""
        tokens = {f"TOKEN_{region.upper()}": TOKEN.format(region=region) for region in REGIONS}
        command = (
            sys.executable,
            "-m",
            "app.cli",
            "hub",
            str(self._config),
            "--data",
            str(self.data),
            "--port",
            str(self.port),
        )
        with self._log.open("a") as log, running(*command, environ=tokens, stdout=log, stderr=log) as process:
            try:
                wait_for_port(self.port, process, _START_S)
            except RuntimeError as err:
                raise RuntimeError(f"{err}: {self._log.read_text()[-2000:]}") from err
            yield HubAtWork(f"http://127.0.0.1:{self.port}", process)
