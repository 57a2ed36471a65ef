"""Real processes on loopback: the commands that a user types, and what they leave behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import plain_http
import pytest
from short_commands import to_its_end

ROOT = Path(__file__).parent.parent.parent
LEADLINE = (sys.executable, "-m", "app.cli")


PATIENCE_S = 240.0
"""For other processes: no test says how fast they are, and on a busy machine all are slow."""


def eventually(look: Callable[[], Any], *, within: float = PATIENCE_S, what: str) -> Any:
    """The first truthy answer of `look`; a failure that says what was last seen when none comes in time."""
    began = time.monotonic()
    deadline = began + within
    seen: object = None
    while (now := time.monotonic()) < deadline:
        seen = look()
        if seen:
            return seen
        # Between two looks at another process, which cost it an answer each: the longer it takes, the fewer of them.
        # The deadline, not the nap, decides.
        time.sleep(min(max(0.05, (now - began) / 10), 1.0))
    pytest.fail(f"{what}: not within {within:g} s (last seen: {seen!r})")


def command(
    *arguments: str, environ: dict[str, str] | None = None, cwd: Path = ROOT
) -> subprocess.CompletedProcess[str]:
    """Run a leadline command to its end."""
    return to_its_end(*arguments, cwd=cwd, environ={**os.environ, **(environ or {})}, timeout_s=120)


def interruptible(*arguments: str) -> subprocess.Popen[bytes]:
    """A command that goes on running and hears Ctrl-C, even where the tests themselves run in the background."""
    return subprocess.Popen(
        (*LEADLINE, *arguments),
        cwd=ROOT,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - before it runs anything
    )


@dataclass
class Process:
    """A leadline command that goes on running; its output is in `log`."""

    arguments: tuple[str, ...]
    log: Path
    environ: dict[str, str] = field(default_factory=dict)
    popen: subprocess.Popen[bytes] | None = None

    def start(self) -> Process:
        with self.log.open("ab") as out:
            self.popen = subprocess.Popen(
                (*LEADLINE, *self.arguments), stdout=out, stderr=out, cwd=ROOT, env={**os.environ, **self.environ}
            )
        return self

    def said(self, pattern: str, *, within: float = PATIENCE_S) -> str:
        """The first group of the newest line that matches."""

        def look() -> str | None:
            assert self.popen is not None
            found = re.findall(pattern, self.log.read_text())
            if not found and self.popen.poll() is not None:
                pytest.fail(f"ended with {self.popen.returncode}:\n{self.log.read_text()[-4000:]}")
            return found[-1] if found else None

        return str(eventually(look, within=within, what=f"{self.arguments[0]} saying {pattern!r}"))

    def kill(self) -> None:
        """`kill -9`."""
        assert self.popen is not None
        self.popen.kill()
        self.popen.wait()

    def stop(self) -> int:
        """SIGTERM, and the exit code."""
        assert self.popen is not None
        if self.popen.poll() is None:
            self.popen.send_signal(signal.SIGTERM)
        return self.popen.wait(timeout=40)


@contextmanager
def running(process: Process) -> Iterator[Process]:
    """The process, stopped (or killed, if it hangs) at the end."""
    process.start()
    try:
        yield process
    finally:
        try:
            process.stop()
        except subprocess.TimeoutExpired:
            process.kill()


@dataclass
class Demo:
    """A running `leadline demo`."""

    data: Path
    url: str
    admin: str
    process: Process

    def status(self) -> dict[str, Any]:
        answer = plain_http.get(f"{self.url}/api/v1/status", timeout=10)
        return dict(answer.json()) if answer.is_success else {}

    def state_of(self, name: str) -> str | None:
        return next((i["state"] for i in self.status().get("integrations", []) if i["name"] == name), None)

    def received(self, receiver: str) -> list[dict[str, Any]]:
        """Everything that receiver got, oldest first."""
        return list(plain_http.get(f"{self.admin}/received/{receiver}", timeout=10).json()["received"])

    def fault(self, *words: str) -> None:
        done = command("demo", "fault", *words, "--data", str(self.data))
        assert done.returncode == 0, done.stderr
