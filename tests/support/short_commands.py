"""`leadline` commands, each in a process of its own that need not import everything first.

The standard library's fork server has imported it once; where there is none, every process starts from nothing. What
is not tried this way is that start itself: tests of `up`, `hub`, `demo`, signals and a shell do that.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

# What commands import when they are called.
_USED = (
    "app.cli", "alerts.backtest", "app.backtest_source", "app.cli.export_file", "app.cli.hub_client",
    "app.cli.run_report", "app.credentials", "app.doctor", "app.enrolment.login", "app.sandbox", "metrics.hindsight",
    "probes.agent.compose", "probes.agent.once", "pyarrow", "rich.table", "typer.rich_utils",
)  # fmt: skip


@cache
def _server() -> Any:
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(_USED))
    return context


class Started:
    """A command that is at work; what it says can be read line by line, and the rest with `communicate`."""

    def __init__(self, words: tuple[str, ...], environ: Mapping[str, str], cwd: Path) -> None:
        (out, out_end), (err, err_end) = (multiprocessing.Pipe(duplex=False) for _ in range(2))
        self._process = _server().Process(target=_become, args=(words, dict(environ), str(cwd), out_end, err_end))
        self._process.start()
        for end in (out_end, err_end):
            end.close()
        self.stdout, self.stderr = (open(os.dup(one.fileno()), encoding="utf-8") for one in (out, err))  # noqa: SIM115
        for one in (out, err):
            one.close()

    @property
    def returncode(self) -> int | None:
        """None while it is at work."""
        code: int | None = self._process.exitcode
        return code

    def kill(self) -> None:
        """`kill -9`."""
        self._process.kill()

    def communicate(self, timeout: float = 30.0) -> tuple[str, str]:
        """What it says from here to its end; killed, with subprocess.TimeoutExpired, if that does not come."""
        with ThreadPoolExecutor(2) as readers, self.stdout, self.stderr:
            said = [readers.submit(one.read) for one in (self.stdout, self.stderr)]
            self._process.join(timeout)
            late = self._process.exitcode is None
            if late:
                self._process.kill()
                self._process.join()
            out, err = (one.result() for one in said)
        if late:
            raise subprocess.TimeoutExpired("leadline", timeout, out, err)
        return out, err


def to_its_end(
    *words: str, environ: Mapping[str, str], cwd: Path, timeout_s: float
) -> subprocess.CompletedProcess[str]:
    """`leadline …` in exactly this environment: its exit code and what it wrote. Raises subprocess.TimeoutExpired."""
    started = Started(words, environ, cwd)
    out, err = started.communicate(timeout_s)
    return subprocess.CompletedProcess(words, started.returncode or 0, out, err)


def _become(words: tuple[str, ...], environ: dict[str, str], cwd: str, out: Connection, err: Connection) -> None:
    """In the forked process: find what a new one would find, and carry the command out."""
    with open(os.devnull) as nothing:
        os.dup2(nothing.fileno(), 0)
    for number, end in enumerate((out, err), start=1):
        os.dup2(end.fileno(), number)
        end.close()
    sys.stdout, sys.stderr = (open(number, "w", encoding="utf-8", closefd=False) for number in (1, 2))  # noqa: SIM115
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environ)
    time.tzset()
    sys.argv = ["leadline", *words]
    from app.cli import main

    main()
