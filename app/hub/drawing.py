"""Draws reports in a process of its own: a second of work and 150 MB that the hub's own clock need not share."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from alerts.reports.document import Document, as_json
from alerts.reports.rendering import LIGHT, render

WITHIN_S: Final = 120.0
_KEPT: Final = ("PATH", "PYTHONPATH", "HOME", "LANG", "LC_ALL", "TZDIR", "TMPDIR", "VIRTUAL_ENV")
"""Of the hub's environment: the rest may hold secrets, and is nothing to a picture."""


class DrawingError(RuntimeError):
    """A report could not be drawn; `str()` says why, in a line."""


def drawn(document: Document, formats: tuple[str, ...], cache: Path | None = None) -> dict[str, bytes]:
    """The files of those formats by name; raises DrawingError. `cache` is where letters are looked up but once."""
    found = render(document, tuple(name for name in formats if name in LIGHT))
    heavy = tuple(name for name in formats if name not in LIGHT)
    return found | (_in_a_process(as_json(document).encode(), heavy, cache) if heavy else {})


def _in_a_process(document: bytes, formats: tuple[str, ...], cache: Path | None) -> dict[str, bytes]:
    environ = {name: os.environ[name] for name in _KEPT if name in os.environ}
    if cache is not None:
        environ["MPLCONFIGDIR"] = str(cache)
    with tempfile.TemporaryDirectory(prefix="leadline-report-") as folder:
        command = [sys.executable, "-m", "alerts.reports.rendering", folder, *formats]
        try:
            done = subprocess.run(  # noqa: S603 - our own module
                command, input=document, env=environ, capture_output=True, timeout=WITHIN_S, check=False
            )
        except subprocess.TimeoutExpired as err:
            raise DrawingError(f"not drawn within {WITHIN_S:g} s") from err
        except OSError as err:
            raise DrawingError(f"no process for it could be started: {err.strerror}") from err
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["no reason given"]
            raise DrawingError(f"drawing ended with {done.returncode}: {said[0][:300]}")
        root = Path(folder)
        return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}
