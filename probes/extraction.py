"""What regular expressions and XPaths find in an answer, within a time limit and apart from the loop.

A pattern can take for ever on a text that is made for it, and holds up everything while it does. So both are searched
in a process of their own, started when the first step asks for it and replaced when it took too long.
"""

from __future__ import annotations

import asyncio
import json
import select
import subprocess
import sys
import time
import weakref
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from probes import extraction_process

TIME_S: Final = 1.0
"""For everything that one answer is searched for, together."""

_START_S: Final = 20.0
_TOO_SLOW: Final = f"took longer than {TIME_S:g} s"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to search for. `xml`: whether to read the body as XML at all."""

    regex: Collection[str] = ()
    xpath: Collection[str] = ()
    namespaces: Mapping[str, str] = field(default_factory=dict)
    xml: bool = False

    def __bool__(self) -> bool:
        return bool(self.regex) or self.xml


@dataclass(frozen=True, slots=True)
class Finding:
    """What one search came to: a value, an error, or nothing (`found` is false)."""

    value: Any = None
    found: bool = False
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Extracted:
    """By pattern and by path; `xml_error` says why the body is no XML, `fault` is a SOAP Fault's code and text."""

    regex: Mapping[str, Finding] = field(default_factory=dict)
    xpath: Mapping[str, Finding] = field(default_factory=dict)
    xml_error: str | None = None
    fault: tuple[str, str] | None = None


class Extractor:
    """Shared by all runs of a prober. Its process ends with it."""

    def __init__(self, time_limit_s: float = TIME_S) -> None:
        self._time_limit_s = time_limit_s
        # A thread of its own: those of the loop look up names, and that is measured.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="extraction")
        self._worker: _Worker | None = None
        self._stop: Callable[[], object] | None = None

    async def extract(self, wanted: Wanted, body: bytes) -> Extracted:
        """Never raises for what is wanted or for what the body holds."""
        head = {
            "size": len(body),
            "regex": list(wanted.regex),
            "xpath": list(wanted.xpath),
            "namespaces": dict(wanted.namespaces),
            "xml": wanted.xml,
        }
        job = json.dumps(head).encode() + b"\n" + body
        answer = await asyncio.get_running_loop().run_in_executor(self._thread, self._ask, job)
        if answer is None:
            slow = Finding(error=_TOO_SLOW)
            return Extracted(dict.fromkeys(wanted.regex, slow), dict.fromkeys(wanted.xpath, slow))
        return _extracted(answer)

    def _ask(self, job: bytes) -> dict[str, Any] | None:
        if self._worker is None or not self._worker.is_ready():
            self._end()
            self._worker = _Worker()
            self._stop = weakref.finalize(self, self._worker.stop)
        answer = self._worker.ask(job, self._time_limit_s)
        if answer is None:
            self._end()
        return answer

    def _end(self) -> None:
        if self._stop is not None:
            self._stop()
        self._worker = self._stop = None


class _Worker:
    """The process, and the two ends of its pipes."""

    def __init__(self) -> None:
        command = [sys.executable, "-I", str(Path(extraction_process.__file__))]
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and file
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0
        )
        # The first answer waits for the interpreter as well; that is nobody's slow pattern.
        warm = b'{"size": 0, "regex": [], "xml": false}\n'
        self._ready = self.ask(warm, _START_S) is not None

    def is_ready(self) -> bool:
        return self._ready and self._process.poll() is None

    def ask(self, job: bytes, within_s: float) -> dict[str, Any] | None:
        """The answer, or None where none came in time."""
        assert self._process.stdin is not None  # noqa: S101 - both are pipes
        try:
            view = memoryview(job)
            while view:
                view = view[self._process.stdin.write(view) :]
            line = self._line(time.monotonic() + within_s)
            return json.loads(line) if line else None
        except (OSError, ValueError):
            return None

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _line(self, deadline: float) -> bytes:
        output = self._process.stdout
        assert output is not None  # noqa: S101 - it is a pipe
        parts: list[bytes] = []
        while not parts or not parts[-1].endswith(b"\n"):
            ready, _, _ = select.select([output], [], [], max(0.0, deadline - time.monotonic()))
            part = output.read(1 << 16) if ready else b""
            if not part:
                return b""
            parts.append(part)
        return b"".join(parts)


def _extracted(answer: Mapping[str, Any]) -> Extracted:
    fault = answer.get("fault")
    return Extracted(
        regex=_findings(answer["regex"]),
        xpath=_findings(answer.get("xpath", {})),
        xml_error=answer.get("xml"),
        fault=(fault[0], fault[1]) if fault else None,
    )


def _findings(answers: Mapping[str, Any]) -> dict[str, Finding]:
    return {
        wanted: Finding(answer.get("value"), "value" in answer, answer.get("error"))
        for wanted, answer in answers.items()
    }
