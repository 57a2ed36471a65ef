"""`leadline` commands run to their end, each in a process of its own that need not import everything first.

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
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

# What commands import when they are called.
_USED = (
    "app.cli", "alerts.backtest", "app.backtest_source", "app.cli.export_file", "app.cli.hub_client",
    "app.cli.run_report", "app.credentials", "app.doctor", "app.enrolment.login", "app.sandbox", "metrics.hindsight",
    "probes.agent.compose", "probes.agent.once", "pyarrow", "rich.table", "typer.rich_utils",
)  # fmt: skip
_NEW = os.O_WRONLY | os.O_CREAT | os.O_TRUNC


@cache
def _server() -> Any:
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(_USED))
    return context


def to_its_end(
    *words: str, environ: Mapping[str, str], cwd: Path, timeout_s: float
) -> subprocess.CompletedProcess[str]:
    """`leadline …` in exactly this environment: its exit code and what it wrote. Raises subprocess.TimeoutExpired."""
    with TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        process = _server().Process(target=_become, args=(words, dict(environ), str(cwd), str(out), str(err)))
        process.start()
        process.join(timeout_s)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(words, timeout_s, out.read_bytes(), err.read_bytes())
        return subprocess.CompletedProcess(words, process.exitcode, out.read_text("utf-8"), err.read_text("utf-8"))


def _become(words: tuple[str, ...], environ: dict[str, str], cwd: str, out: str, err: str) -> None:
    """In the forked process: find what a new one would find, and carry the command out."""
    for number, (path, flags) in enumerate(((os.devnull, os.O_RDONLY), (out, _NEW), (err, _NEW))):
        opened = os.open(path, flags, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdout, sys.stderr = (open(number, "w", encoding="utf-8", closefd=False) for number in (1, 2))  # noqa: SIM115
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environ)
    time.tzset()
    sys.argv = ["leadline", *words]
    from app.cli import main

    main()
