"""How far our phases, and those of `curl -w`, are from what happened: on a server that keeps its own time.

Truth is the server's. All processes of a machine read the same monotonic clock, so each phase is compared with the time
between two events on the server:

| phase | from | to |
|---|---|---|
| tls | the arrival of the client's first message | the system call that sends the server's last (TLS 1.3) |
| wait | the arrival of the request | the system call that sends the first byte |
| download | the system call that sends the first byte | the one that sends the last |
| connected to first byte, to last byte | the server's accept | those system calls |

Look-up and connect have no end of their own on a server; the last two rows hold their end to account. curl counts its
own part of a handshake, making the first message and checking the last, into time_appconnect.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks import certificates
from tests.benchmarks.processes import Worker, free_port, running, wait_for_port, worker

PER_SECOND = 200
PROBES = 2000
CURLS = 10
CURL_PROBES = 40
MEDIAN_MS, P99_MS = 0.3, 2.0

PHASES = ("tls", "wait", "download", "to first byte", "to last byte")
Phases = dict[str, float]
Errors = dict[str, list[float]]


@dataclass(frozen=True)
class Found:
    """By path, what was measured; and how the load went."""

    phases: Mapping[str, Phases]
    words: str = ""


def lines() -> Iterator[str]:
    """The subject: errors per phase, ours and curl's, plain and over TLS."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as started:
        trust = certificates.made(Path(name))
        plain, tls = free_port(), free_port()
        arguments = (str(plain), str(tls), str(trust.certificate), str(trust.key))
        server = started.enter_context(worker("clocked_server", *arguments))
        client = started.enter_context(worker("open_loop"))
        wait_for_port(tls, server.process)
        for words, url in (("plain HTTP", f"http://127.0.0.1:{plain}"), ("TLS", f"https://127.0.0.1:{tls}")):
            _ours(client, url, trust, PER_SECOND)
            server.ask()
            ours = _ours(client, url, trust, PROBES)
            curl = _curl(url, trust, Path(name))
            truth = server.ask()
            yield from _table(words, _errors(ours, truth), _errors(curl, truth) if curl else None, ours.words)


def _ours(client: Worker, url: str, trust: certificates.Trust, count: int) -> Found:
    answer = client.ask(url=url, ca_file=str(trust.authority), count=count, per_second=PER_SECOND)
    words = f"{answer['per_second']:.0f} probes/s, {answer['busy'] * 100:.0f} % of a core"
    return Found({path: _of_ours(timings) for path, timings in answer["timings"].items()}, words)


def _of_ours(timings: dict[str, Any]) -> Phases:
    before = timings["dns_ms"] + timings["connect_ms"]
    phases = {
        "wait": timings["wait_ms"],
        "download": timings["download_ms"],
        "to first byte": timings["ttfb_ms"] - before,
        "to last byte": timings["total_ms"] - before,
    }
    return phases | ({"tls": timings["tls_ms"]} if timings["tls_ms"] is not None else {})


def _curl(url: str, trust: certificates.Trust, folder: Path) -> Found | None:
    """`curl -w` on the same server; several processes at once, one probe after the other in each."""
    if shutil.which("curl") is None:
        return None
    with ExitStack() as started:
        processes = []
        for number in range(CURLS):
            addresses = "".join(f'url = "{url}/curl-{number}-{n}"\noutput = "/dev/null"\n' for n in range(CURL_PROBES))
            written = folder / f"curl-{number}"
            written.write_text(addresses)
            command = ("curl", "-s", "--cacert", str(trust.authority), "-w", "%{json}\n", "-K", str(written))
            processes.append(started.enter_context(running(*command, stdout=subprocess.PIPE)))
        said = [process.communicate()[0] for process in processes]
    answers = [json.loads(line) for text in said for line in text.splitlines()]
    return Found({answer["url"].removeprefix(url): _of_curl(answer) for answer in answers})


def _of_curl(answer: dict[str, Any]) -> Phases:
    connect, secured = answer["time_connect"], answer["time_appconnect"]
    first, last = answer["time_starttransfer"], answer["time_total"]
    phases = {
        # The request is written at once when everything before it is done.
        "wait": first - answer["time_pretransfer"],
        "download": last - first,
        "to first byte": first - connect,
        "to last byte": last - connect,
    }
    seconds = phases | ({"tls": secured - connect} if secured else {})
    return {name: value * 1000 for name, value in seconds.items()}


def _errors(found: Found, truth: dict[str, dict[str, float | None]]) -> Errors:
    errors: Errors = defaultdict(list)
    for path, phases in found.phases.items():
        true = _true(truth[path])
        for name, measured in phases.items():
            if name in true:
                errors[name].append(measured - true[name])
    return errors


def _true(stamps: dict[str, Any]) -> Phases:
    accepted, shaken, requested = stamps["accepted"], stamps["shaken"], stamps["requested"]
    seconds = {
        "wait": stamps["first"] - requested,
        "download": stamps["last"] - stamps["first"],
        "to first byte": stamps["first"] - accepted,
        "to last byte": stamps["last"] - accepted,
    }
    if shaken is not None:
        seconds["tls"] = shaken - stamps["greeted"]
    return {name: value * 1000 for name, value in seconds.items()}


def _table(words: str, ours: Errors, curl: Errors | None, load: str) -> Iterator[str]:
    asked = f"{len(curl['wait']):,} of curl" if curl else "curl is not installed"
    yield f"{words[0].upper()}{words[1:]}, {load}; {len(ours['wait']):,} probes, {asked}."
    yield from ("", "| error in ms | Leadline: median | p99 | bias | curl -w: median | p99 | bias |")
    yield "|---|---|---|---|---|---|---|"
    for phase in PHASES:
        if phase in ours:
            yield f"| {phase} | {_cells(ours[phase])} | {_cells(curl[phase]) if curl else '– | – | –'} |"
    every = [error for errors in ours.values() for error in errors]
    theirs = [error for errors in curl.values() for error in errors] if curl else None
    yield f"| all phases | {_cells(every)} | {_cells(theirs) if theirs else '– | – | –'} |"
    median, p99 = statistics.median(map(abs, every)), _p99(every)
    verdict = "reached" if median <= MEDIAN_MS and p99 <= P99_MS else "missed"
    yield ""
    target = f"median ≤ {MEDIAN_MS} ms, p99 ≤ {P99_MS:g} ms"
    yield f"Target, all phases: {target}. Here {median:.3f} and {p99:.2f}: {verdict}."
    yield ""


def _cells(errors: list[float]) -> str:
    return f"{statistics.median(map(abs, errors)):.3f} | {_p99(errors):.2f} | {statistics.median(errors):+.3f}"


def _p99(errors: list[float]) -> float:
    return sorted(map(abs, errors))[-max(1, len(errors) // 100)]
