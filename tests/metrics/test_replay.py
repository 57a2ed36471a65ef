"""Recorded probes, replayed: alerts are found when they would have been sent, and nothing knows of what comes later."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

T0 = 1_763_942_400
"""A Monday midnight in UTC."""
HOUR = 3600
CSV_HEAD = "t_epoch,value,ok\n"


@dataclass
class Folder:
    """A suite that is being written."""

    root: Path
    meta: dict[str, dict[str, Any]] = field(default_factory=dict)

    def add(self, name: str, kind: str, hours: float, change: Callable[[Any, Any, Any], Any] | None = None) -> None:
        """A probe a minute, around 100 ms; `change` may change hours, values and outcomes in place."""
        count = int(hours * 60)
        random = np.random.default_rng(7)
        t, value, ok = T0 + 60.0 * np.arange(count), 100 * np.exp(random.normal(0, 0.08, count)), np.ones(count, int)
        if change is not None:
            change((t - T0) / HOUR, value, ok)
        lines = [f"{at:.3f},{ms:.2f},{fine}\n" for at, ms, fine in zip(t, value, ok, strict=True)]
        self.write(name, kind, hours, CSV_HEAD + "".join(lines))

    def write(self, name: str, kind: str, hours: float, text: str, more: dict[str, Any] | None = None) -> None:
        known = {"tz": "Europe/Berlin", "step": 60, "kind": kind, "t0": T0, "t1": T0 + hours * HOUR, "bucket": 300}
        self.meta[name] = known | (more or {})
        (self.root / "probes").mkdir(exist_ok=True)
        (self.root / "probes" / f"{name}.csv").write_text(text)
        (self.root / "meta.json").write_text(json.dumps(self.meta))


@dataclass
class Replayed:
    """What the command came to."""

    code: int
    said: str
    alerts: list[dict[str, Any]]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    (tmp_path / "suite").mkdir()
    return Folder(tmp_path / "suite")


@pytest.fixture
def replay(
    folder: Folder, tmp_path: Path, leadline_here: Callable[..., tuple[int, str, str]]
) -> Callable[..., Replayed]:
    """`leadline replay` of the folder."""

    def work(out: Path = tmp_path / "alerts.jsonl") -> Replayed:
        code, _, said = leadline_here("replay", str(folder.root), "--out", str(out))
        lines = out.read_text().splitlines() if out.exists() else []
        return Replayed(code, said, [json.loads(line) for line in lines])

    return work


def slow(at_h: Any, value: Any, ok: Any) -> None:
    value[(at_h >= 30) & (at_h < 31)] *= 3


def failing(at_h: Any, value: Any, ok: Any) -> None:
    ok[(at_h >= 30) & (at_h < 30.5)] = 0


def test_each_alert_is_told_with_when_it_was_sent_when_it_was_over_and_why(
    folder: Folder, replay: Callable[[], Replayed]
) -> None:
    folder.add("slow-one", "latency", 34, slow)
    folder.add("failing", "errors", 34, failing)
    done = replay()
    assert done.code == 0
    assert "4,080 probes of 2 series" in done.said
    assert "2 alerts" in done.said
    by_name = {one["series"]: one for one in done.alerts}
    assert set(by_name) == {"slow-one", "failing"}
    assert by_name["slow-one"]["fired_at"] == T0 + 30 * HOUR + 600
    assert T0 + 31 * HOUR < by_name["slow-one"]["resolved_at"] < T0 + 31.5 * HOUR
    # By the clock of Berlin.
    assert "07:00 is usually 10" in by_name["slow-one"]["words"]
    assert T0 + 30 * HOUR < by_name["failing"]["fired_at"] <= T0 + 30 * HOUR + 300
    assert "runs failed in 5 min" in by_name["failing"]["words"]


def test_nothing_that_comes_later_changes_an_alert(folder: Folder, replay: Callable[[], Replayed]) -> None:
    def later(at_h: Any, value: Any, ok: Any) -> None:
        slow(at_h, value, ok)
        value[at_h >= 30.6] *= 40
        ok[at_h >= 30.6] = 0

    folder.add("slow", "latency", 30.6, slow)
    folder.add("failing", "errors", 30.6, failing)
    before = replay().alerts
    assert [one["resolved_at"] for one in before if one["series"] == "slow"] == [None]
    folder.add("slow", "latency", 34, later)
    folder.add("failing", "errors", 34, failing)
    after = replay().alerts
    assert [(one["series"], one["fired_at"]) for one in after][:2] == [
        (one["series"], one["fired_at"]) for one in before
    ]
    assert [one["words"] for one in after][:2] == [one["words"] for one in before]


def test_alerts_stay_within_the_time_that_the_series_is_about(folder: Folder, replay: Callable[[], Replayed]) -> None:
    def thrice(at_h: Any, value: Any, ok: Any) -> None:
        value[(at_h % 8 > 7) & (at_h > 10)] *= 4

    folder.add("often", "latency", 34, thrice)
    everything = [one["fired_at"] for one in replay().alerts]
    assert len(everything) == 3
    folder.meta["often"] |= {"t0": T0 + 20 * HOUR, "t1": T0 + 31 * HOUR}
    (folder.root / "meta.json").write_text(json.dumps(folder.meta))
    (kept,) = replay().alerts
    assert kept["fired_at"] == everything[1]


def test_an_alert_that_outlasts_the_recording_is_not_resolved(folder: Folder, replay: Callable[[], Replayed]) -> None:
    folder.add("slow", "latency", 30.5, slow)
    (told,) = replay().alerts
    assert told["resolved_at"] is None


def test_the_order_of_lines_and_of_columns_does_not_matter(folder: Folder, replay: Callable[[], Replayed]) -> None:
    folder.add("slow", "latency", 32, slow)
    expected = replay().alerts
    lines = (folder.root / "probes" / "slow.csv").read_text().splitlines()[1:]
    turned = [",".join(reversed(line.split(","))) for line in reversed(lines)]
    folder.write("slow", "latency", 32, "ok,value,t_epoch\n" + "\n".join(turned))
    assert replay().alerts == expected != []


@pytest.mark.parametrize("text", [CSV_HEAD, CSV_HEAD + f"{T0},100,1\n"], ids=["no line", "one line"])
def test_a_series_with_hardly_anything_in_it_raises_nothing(
    folder: Folder, replay: Callable[[], Replayed], text: str
) -> None:
    folder.write("nothing", "latency", 1, text)
    folder.write("none", "errors", 1, text)
    done = replay()
    assert (done.code, done.alerts) == (0, [])


@pytest.mark.parametrize("step", [1, 7, 3600, 86_400])
def test_any_distance_of_probes_can_be_replayed(folder: Folder, replay: Callable[[], Replayed], step: int) -> None:
    lines = [f"{T0 + step * number},100,1\n" for number in range(5)]
    for kind in ("latency", "errors"):
        folder.write(kind, kind, 24, CSV_HEAD + "".join(lines), {"step": step})
    assert replay().code == 0


BAD = {
    "no meta.json": (lambda root: (root / "meta.json").unlink(), "meta.json: No such file or directory; a suite is"),
    "no JSON": (lambda root: (root / "meta.json").write_text("{"), "meta.json: document: "),
    "a list": (lambda root: (root / "meta.json").write_text("[]"), "meta.json: document: "),
    "no series": (lambda root: (root / "meta.json").write_text("{}"), "meta.json: no series"),
    "a zone that nobody knows": ({"tz": "Mars/Olympus"}, 'meta.json: one.tz: Value error, unknown time zone "Mars'),
    "a kind that nobody knows": ({"kind": "both"}, "meta.json: one.kind: Input should be 'latency' or 'errors'"),
    "no step": ({"step": 0}, "meta.json: one.step: "),
    "an end before the beginning": ({"t0": T0, "t1": T0 - 1}, "meta.json: one: Value error, t0 1763942400 has to lie"),
    "an end that is no number": ({"t1": None}, "meta.json: one.t1: "),
    "no CSV": (lambda root: (root / "probes" / "one.csv").unlink(), "one.csv"),
    "an empty file": ("", "one.csv: Empty CSV file"),
    "a missing column": ("t_epoch,value\n1,2\n", "one.csv: no column"),
    "text in a number": (CSV_HEAD + f"{T0},fast,1\n", "one.csv: In CSV column #1: "),
    "a value that is none": (CSV_HEAD + f"{T0},1,1\n{T0},NaN,1\n", "one.csv:3: it takes seconds since the epoch"),
    "no time": (CSV_HEAD + ",1,1\n", "one.csv:2: it takes seconds"),
    "no outcome": (CSV_HEAD + f"{T0},1,\n", "one.csv:2: it takes seconds"),
    "an endless value": (CSV_HEAD + f"{T0},inf,1\n", "one.csv:2: it takes seconds"),
    "less than no time": (CSV_HEAD + f"{T0},-1,1\n", "one.csv:2: it takes seconds"),
    "milliseconds since the epoch": (CSV_HEAD + f"{T0}000,1,1\n", "one.csv:2: it takes seconds"),
}


@pytest.mark.parametrize(("change", "told"), BAD.values(), ids=BAD)
def test_what_cannot_be_read_is_one_line_that_says_where_and_why(
    folder: Folder, replay: Callable[[], Replayed], change: Any, told: str
) -> None:
    folder.write("one", "latency", 1, CSV_HEAD + f"{T0},1,1\n")
    if callable(change):
        change(folder.root)
    elif isinstance(change, dict):
        folder.write("one", "latency", 1, CSV_HEAD, change)
    else:
        folder.write("one", "latency", 1, change)
    done = replay()
    assert done.code == 2
    assert done.said.count("\n") == 1
    assert told in done.said
    assert done.alerts == []


def test_alerts_need_a_folder_to_go_to(folder: Folder, replay: Callable[..., Replayed]) -> None:
    folder.write("one", "latency", 1, CSV_HEAD)
    done = replay(folder.root / "nowhere" / "alerts.jsonl")
    assert done.code == 2
    assert "--out names a file in a folder that is there" in done.said
