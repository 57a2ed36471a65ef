"""Detectors beside each other, as Markdown: `python -m tests.benchmarks thresholds`."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from tests.benchmarks.thresholds.detectors import DETECTORS, ours
from tests.benchmarks.thresholds.scoring import Score
from tests.benchmarks.thresholds.suites import ERRORS, LATENCY, Alert, Known, known, made, scored, together, write

PUBLIC: Final = ((LATENCY, (11, 12), 2), (ERRORS, (21, 22), 10))
"""Kind, seeds and number of series that figures are told of. The rules were not fitted to them."""
_FIRST_WEEK: Final = (0.0, 7.0)
_COLUMNS: Final = "F1 | precision | recall | false alerts per week and series | delay, median / p90"


def lines() -> Iterator[str]:
    """The public suites, made anew."""
    for kind, seeds, n in PUBLIC:
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            series, probes = write(folder, kind, made(kind, seeds, n))
            yield f"### {kind.capitalize()}: seeds {' '.join(map(str, seeds))}, {series} series, {probes:,} probes\n"
            yield from compared(folder)
            yield ""


def compared(folder: Path) -> Iterator[str]:
    """Every detector on the probes of a folder; then ours by family and in its first week."""
    series = known(folder)
    yield f"| detector | {_COLUMNS} |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: |"
    for name, detector in DETECTORS.items():
        alerts = list(detector(folder))
        if detector is ours:
            told = alerts
        yield row(name, together(scored(series, alerts)))
    yield from ["", *_closer(series, told)]


def _closer(series: list[Known], told: list[Alert]) -> Iterator[str]:
    families = scored(series, told)
    yield f"| Leadline, by family | {_COLUMNS} |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: |"
    yield from table(families)
    yield row("first week of every series", together(scored(series, told, *_FIRST_WEEK)))


def table(families: Mapping[str, Score]) -> Iterator[str]:
    """A row of each."""
    for name, one in families.items():
        yield row(name, one)


def row(name: str, one: Score) -> str:
    """Of a table."""
    return (
        f"| {name} | {one.f1:.3f} | {one.precision:.2f} | {one.recall:.2f} | {one.false_per_week:.3f} | "
        f"{one.delay(0.5):.0f} / {one.delay(0.9):.0f} min |"
    )
