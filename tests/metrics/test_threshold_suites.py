"""The harness behind the figures of learned limits: folders of probes with their truth, and alerts scored."""

from __future__ import annotations

from pathlib import Path

import pytest

from metrics.replay import Suite
from tests.benchmarks.thresholds.detectors import best_static, hour_of_week, set_once
from tests.benchmarks.thresholds.suites import (
    ERRORS,
    LATENCY,
    Alert,
    known,
    made,
    read_alerts,
    scored,
    together,
    write,
    write_alerts,
)
from tests.benchmarks.thresholds.synthetic import latencies


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("suite")
    write(place, ERRORS, made(ERRORS, [301], 1))
    return place


def test_what_is_written_is_what_a_replay_reads(folder: Path) -> None:
    (one,), (recording,) = known(folder), Suite.read(folder).recordings
    (series,) = made(ERRORS, [301], 1)
    assert (one.name, one.start, one.end, one.truth) == (series.name, series.start, series.end, tuple(series.truth))
    assert (recording.t_ms // 1000).tolist() == series.at.tolist()
    assert recording.ok.tolist() == series.ok.tolist()


def test_who_tells_every_incident_when_it_begins_scores_1(folder: Path, tmp_path: Path) -> None:
    (one,) = known(folder)
    alerts = [Alert(one.name, begins, ends) for begins, ends, _ in one.truth]
    write_alerts(tmp_path / "alerts.jsonl", alerts)
    total = together(scored(known(folder), read_alerts(tmp_path / "alerts.jsonl"), from_day=0))
    assert (total.f1, total.false, total.found) == (1.0, 0, len(one.truth))
    assert together(scored(known(folder), [])).f1 == 0


def test_alerts_about_something_else_are_refused(folder: Path) -> None:
    with pytest.raises(ValueError, match="not in the folder"):
        scored(known(folder), [Alert("who", 1, 2)])


def test_the_simple_detectors_find_some_of_it(tmp_path: Path) -> None:
    write(tmp_path, LATENCY, [next(latencies(301, 1))])
    series = known(tmp_path)
    best, once, weekly = (
        together(scored(series, detector(tmp_path))) for detector in (best_static, set_once, hour_of_week)
    )
    assert best.f1 >= once.f1
    assert best.found
    assert weekly.found


def test_the_same_seed_makes_the_same_series() -> None:
    (one,), (other,) = (list(made(ERRORS, [302], 1)) for _ in range(2))
    assert one.ok.tolist() == other.ok.tolist()
    assert one.truth == other.truth
