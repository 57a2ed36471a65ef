"""Processes of a benchmark: started, waited for, measured, and stopped whatever happens."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
_TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")
_START_S = 20.0
_STOP_S = 5.0


def free_port() -> int:
    """A port of loopback that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(*command: str, environ: dict[str, str] | None = None, **how: Any) -> Iterator[subprocess.Popen[str]]:
    """A process for the length of the block, its output read by nobody unless `how` says so."""
    how = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "stdin": subprocess.DEVNULL} | how
    process = subprocess.Popen(command, text=True, cwd=ROOT, env={**os.environ, **(environ or {})}, **how)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


def wait_for_port(port: int, process: subprocess.Popen[str], within_s: float = _START_S) -> None:
    """Until something listens there; raises RuntimeError when the process ended or took too long."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"{process.args!r} does not listen on port {port}")


class Worker:
    """A Python process that does one thing per line of JSON and answers with a line of JSON."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def ask(self, **question: Any) -> dict[str, Any]:
        """Its answer; raises RuntimeError when it died."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.process.args!r} ended with {self.process.wait(_STOP_S)}")
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def worker(module: str, *arguments: str, environ: dict[str, str] | None = None) -> Iterator[Worker]:
    """`python -m tests.benchmarks.workers.<module> …`, ready for questions."""
    command = (sys.executable, "-m", f"tests.benchmarks.workers.{module}", *arguments)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": None}
    with running(*command, environ=environ, **pipes) as process:
        yield Worker(process)


def answer_questions(answer: Any) -> None:
    """A worker's main loop: `answer(**question)` gives what goes back. Ends with its standard input."""
    for line in sys.stdin:
        print(json.dumps(answer(**json.loads(line))), flush=True)


def cpu_ms(pid: int) -> float:
    """Processor time of all the process's threads since it began, user and system, in steps of a clock tick."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * _TICK_MS


def resident_mb(pid: int) -> float:
    """Memory that the process occupies now."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def peak_mb(pid: int) -> float:
    """The most memory that the process ever held; 0 where the system does not say."""
    told = Path(f"/proc/{pid}/status").read_text().partition("VmHWM:")[2].split()
    return int(told[0]) * 1024 / 1e6 if told else 0.0
