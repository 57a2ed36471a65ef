"""DataFrames for notebooks: what the store's own questions answer, with units, from a store or from exported files."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from duckdb import DuckDBPyConnection

from metrics.frames import Leadline, NoAnswer
from metrics.model import Window
from metrics.store.database import Store
from metrics.store.errors import rates
from metrics.store.figures import QUESTIONS, week_start
from metrics.store.latency import latency
from metrics.store.rollup.roller import roll
from metrics.store.rows import NumberedRun, insert
from metrics.store.schedule import settle
from metrics.store.sealing.rounds import seal_closed
from probes.model import FailureKind, Run

Make = Callable[..., Run]
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
DAYS = Window(NOW - timedelta(days=6), NOW)
ABOUT = {"start": DAYS.start, "end": DAYS.end}
ROOT = Path(__file__).parents[2]


def put(store: Store, runs: Sequence[Run]) -> None:
    rows = [NumberedRun("p1", number, run.started_at, run) for number, run in enumerate(runs)]

    def keep(con: DuckDBPyConnection) -> None:
        insert(con, rows)
        settle(con, rows)

    store.write(keep).result(timeout=60)


@pytest.fixture(scope="module")
def filled(migrated: Path, tmp_path_factory: pytest.TempPathFactory, make_run: Make) -> Path:
    """A store of six days, all but two sealed, rolled up and closed."""
    path = shutil.copy(migrated, tmp_path_factory.mktemp("filled") / migrated.name)
    store = Store.open(path)
    runs = [
        make_run(
            NOW - timedelta(minutes=17 * n),
            total_ms=50.0 + n % 97,
            kind=FailureKind.STATUS_5XX if n % 11 == 0 else None,
            integration=("hubspot", "stripe")[n % 2],
            values={"lag_ms": 5.0},
        )
        for n in range(1, 500)
    ]
    put(store, runs)
    roll(store, NOW)
    assert seal_closed(store, NOW, timedelta(hours=48)).rows > 0
    store.close()
    return path


@pytest.fixture(scope="module")
def kept(filled: Path) -> Iterator[Leadline]:
    with Leadline.of_store(filled.parent) as opened:
        yield opened


def test_figures_are_those_of_the_questions(filled: Path, tmp_path: Path) -> None:
    shutil.copytree(filled.parent, tmp_path / "data")
    with Leadline.of_store(tmp_path / "data") as kept:
        seen, shares = kept.latency(**ABOUT), kept.rates(**ABOUT)
    store = Store.open(tmp_path / "data" / filled.name)
    for name in ("hubspot", "stripe"):
        asked = store.read(lambda con, n=name: latency(con, n, DAYS))  # type: ignore[misc]
        assert seen.loc[name, ["n", "p50_ms", "p95_ms", "p99_ms", "max_ms"]].tolist() == [
            asked.n, asked.p50, asked.p95, asked.p99, asked.max
        ]  # fmt: skip
        wrong = store.read(lambda con, n=name: rates(con, n, DAYS))  # type: ignore[misc]
        assert shares.loc[name, "server_errors_share"] == wrong.server_errors
        assert shares.loc[name, "requests"] == wrong.requests
    store.close()


def test_series_have_an_aware_index_and_gaps_where_nothing_was_measured(kept: Leadline) -> None:
    about = {"start": NOW - timedelta(days=20), "end": NOW, "bucket": timedelta(hours=6)}
    for name in ("latency_series", "errors", "phases"):
        series = getattr(kept, name)("hubspot", **about)
        assert str(series.index.tz) == "UTC"
        assert len(series) == 80
    assert series["n"].iloc[0] == 0
    assert pd.isna(series["connect_ms"].iloc[0])


def test_rows_come_as_they_are_stored(kept: Leadline) -> None:
    assert len(kept.runs(**ABOUT)) == 499
    assert set(kept.runs("stripe", **ABOUT)["integration"]) == {"stripe"}
    assert len(kept.steps("hubspot", **ABOUT)) == 249
    assert kept.recorded(**ABOUT)["value"].unique().tolist() == [5.0]
    assert kept.incidents(**ABOUT).empty
    assert kept.quota("hubspot", **ABOUT).empty
    assert kept.sql("SELECT 1 AS n")["n"].tolist() == [1]


def test_a_week_stands_beside_the_one_before(kept: Leadline) -> None:
    seen = kept.weekly("2026-W47", zone="Europe/Berlin")
    assert seen.index.tolist() == ["hubspot", "stripe"]
    row = seen.loc["hubspot"]
    assert row["requests_change"] == row["requests"] - row["requests_before"]
    assert str(row["week"]) == "2026-11-16"
    assert 0 < row["availability"] < 1
    week = Window(datetime(2026, 11, 15, 23, tzinfo=UTC), datetime(2026, 11, 22, 23, tzinfo=UTC))
    assert kept.rates("hubspot", start=week.start, end=week.end)["requests"].tolist() == [row["requests"]]


def test_the_hours_of_the_week_are_all_there(kept: Leadline) -> None:
    seen = kept.hour_of_week("hubspot", weeks=1, end=NOW, zone="Europe/Berlin", last=timedelta(weeks=1))
    assert len(seen) == 7 * 24
    assert seen["n"].sum() == kept.latency("hubspot", end=NOW, last=timedelta(weeks=1))["n"].sum()


def test_exported_files_answer_exactly(kept: Leadline, tmp_path: Path) -> None:
    for what in ("steps", "runs"):
        pq.write_table(kept._source.rows(what, DAYS, None), tmp_path / f"{what}.parquet")
    with Leadline.of_files(steps=tmp_path / "steps.parquet", runs=[tmp_path / "runs.parquet"]) as files:
        near, far = files.latency(**ABOUT), kept.latency(**ABOUT)
        assert near["exact"].all()
        pd.testing.assert_frame_equal(near.drop(columns="exact"), far.drop(columns="exact"), rtol=0.0101)
        pd.testing.assert_frame_equal(files.rates(**ABOUT), kept.rates(**ABOUT))
        mine, theirs = files.availability(**ABOUT), kept.availability(**ABOUT)
        assert mine["availability"].tolist() == theirs["availability"].tolist()
        assert mine["coverage"].isna().all()


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda one: one.latency("hubspot", last=timedelta(days=1), colour="red"), "colour"),
        (lambda one: one.runs("hubspot", workflow="contacts"), "workflow cannot be chosen here"),
        (lambda one: one.weekly("2026-W60"), "such as 2026-W47"),
        (lambda one: one.sql("SELECT nope"), "nope"),
        (lambda one: one.sql("CREATE TABLE a (x INTEGER)"), "read-only"),
        (lambda one: one.latency_series(None), "say which one"),
        (lambda one: one.latency(start=NOW, end=NOW), "the window is empty"),
        (lambda one: one.errors("hubspot", bucket=timedelta()), "between a second and a year"),
        (lambda one: one.errors("hubspot", last=timedelta(days=900), bucket=timedelta(seconds=1)), "longer one"),
        (lambda one: one.hour_of_week("hubspot", zone="Nowhere/Else"), "no such time zone"),
        (lambda one: one.weekly(zone="Nowhere/Else"), "no such time zone"),
    ],
)
def test_what_cannot_be_answered_says_why(kept: Leadline, ask: Callable[[Leadline], object], words: str) -> None:
    with pytest.raises(NoAnswer, match=re.escape(words)):
        ask(kept)


def test_an_instant_without_a_zone_is_refused(kept: Leadline) -> None:
    with pytest.raises(ValueError, match="say the time zone"):
        kept.latency(start=datetime(2026, 11, 20))


def test_what_is_no_store_and_no_export_says_so(tmp_path: Path) -> None:
    with pytest.raises(NoAnswer, match="there is no store"):
        Leadline.of_store(tmp_path)
    (tmp_path / "leadline.duckdb").write_text("no")
    with pytest.raises(NoAnswer, match="not a Leadline store"):
        Leadline.of_store(tmp_path)
    (tmp_path / "a.csv").write_text("x,y\n1,2\n")
    with pytest.raises(NoAnswer, match="not an export of steps, it has no"):
        Leadline.of_files(steps=tmp_path / "a.csv")
    with pytest.raises(NoAnswer, match="not an export of runs"):
        Leadline.of_files(runs=tmp_path / "missing.parquet")


def test_an_iso_week_begins_on_its_monday() -> None:
    assert week_start("2026-W01").date().isoformat() == "2025-12-29"


def test_the_docs_name_every_function_and_question() -> None:
    text = (ROOT / "docs" / "notebooks.md").read_text(encoding="utf-8")
    public = {name for name in vars(Leadline) if not name.startswith("_")} - {"close", "of_store", "of_files"}
    assert [name for name in public if f"`{name}" not in text and f"{name}(" not in text] == []
    assert [question for question in QUESTIONS if f"`{question}`" not in text] == []


def test_a_notebook_needs_no_dashboard() -> None:
    code = "import sys, metrics.frames; print([m for m in ('dash', 'plotly', 'app', 'alerts') if m in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert loaded.stdout.strip() == "[]"
