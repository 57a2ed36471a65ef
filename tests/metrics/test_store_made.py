"""The benchmarks' store: made once, gone on with where it was stopped, made anew where only roll-ups changed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from metrics.store.database import StoreUnavailable
from tests.benchmarks.store_made import Made, made

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
INTEGRATIONS = 2
DAYS = 4
ROWS = DAYS * INTEGRATIONS * 3 * 216 * 5
MAKE = f"""
import sys
from pathlib import Path
from tests.benchmarks.store_made import made
with made(Path(sys.argv[1]), {ROWS}, {INTEGRATIONS}):
    print("made", file=sys.stderr)
"""


def figures(there: Made) -> list[tuple[object, ...]]:
    """What there is of every table, and how far sealing has come."""
    counted = "runs", "steps", "quota_readings", "integration_rollups_5m", "step_rollups_1h", "dirty_buckets"
    asked = [f"SELECT '{name}', count(*) FROM {name}" for name in counted]  # noqa: S608
    asked += ["SELECT 'ids', count(DISTINCT run_id) FROM runs", "SELECT 'ms', round(sum(total_ms)) FROM steps"]
    asked += ["SELECT 'sealed', count(*) FROM sealed_days"]
    return there.store.read(lambda con: con.execute(" UNION ALL ".join(asked) + " ORDER BY 1").fetchall())


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[tuple[object, ...]]]:
    """A folder with a store whose making was stopped by kill -9 after two days, and what it held once it stood."""
    folder = tmp_path_factory.mktemp("made")
    with subprocess.Popen(
        [sys.executable, "-c", MAKE, str(folder)], cwd=ROOT, stderr=subprocess.PIPE, text=True
    ) as making:
        assert making.stderr is not None
        written = (line for line in making.stderr if " written, " in line)
        assert [next(written, None) is not None for _ in range(2)] == [True, True]
        os.kill(making.pid, signal.SIGKILL)
    with made(folder, ROWS, INTEGRATIONS) as there:
        assert there.days == DAYS
        (generated,) = [told for told in there.took if "generated" in told]
        assert int(generated.split()[0]) <= DAYS - 1  # a window begins within a day, so that five days are touched
        return folder, figures(there)


def test_a_making_that_was_killed_goes_on_and_leaves_what_an_undisturbed_one_leaves(
    whole: tuple[Path, list[tuple[object, ...]]], tmp_path: Path
) -> None:
    folder, seen = whole
    shutil.copy(folder / "made.json", tmp_path / "made.json")  # the same window, so that the same rows are due
    with made(tmp_path, ROWS, INTEGRATIONS) as there:
        assert figures(there) == seen


def test_a_store_that_stands_is_opened_as_it_is(whole: tuple[Path, list[tuple[object, ...]]]) -> None:
    folder, seen = whole
    with made(folder, ROWS, INTEGRATIONS) as there:
        assert (there.took, figures(there)) == ((), seen)


def test_a_folder_with_another_number_of_days_is_refused(whole: tuple[Path, list[tuple[object, ...]]]) -> None:
    with pytest.raises(SystemExit, match="holds 4 days, not 2"), made(whole[0], ROWS // 2, INTEGRATIONS):
        pass


def applied_otherwise(folder: Path, name: str) -> None:
    """Makes that migration look as if another text had been applied."""
    with duckdb.connect(str(folder / "bench.duckdb")) as con:
        con.execute("UPDATE schema_migrations SET checksum = 'another' WHERE name = ?", [name])


def kept(folder: Path) -> list[tuple[object, ...]]:
    """What the hot file holds: as which store, and made by which tables."""
    asked = "SELECT store_id, name, checksum, (SELECT count(*) FROM hot_runs) FROM sealing_state, schema_migrations"
    with duckdb.connect(str(folder / "bench.duckdb"), read_only=True) as con:
        return con.execute(asked + " ORDER BY ALL").fetchall()


def test_other_roll_ups_are_made_anew_from_the_months_that_are_there(
    whole: tuple[Path, list[tuple[object, ...]]], tmp_path: Path
) -> None:
    folder, seen = whole
    shutil.copytree(folder, tmp_path / "made")
    applied_otherwise(tmp_path / "made", "0008_rollups.sql")
    with made(tmp_path / "made", ROWS, INTEGRATIONS) as there:
        assert figures(there) == seen


@pytest.mark.parametrize("name", ["0001_measurements.sql", "0007_sealing.sql"])
def test_other_tables_than_those_of_roll_ups_are_refused_and_left_alone(
    whole: tuple[Path, list[tuple[object, ...]]], tmp_path: Path, name: str
) -> None:
    shutil.copytree(whole[0], tmp_path / "made")
    applied_otherwise(tmp_path / "made", name)
    applied_otherwise(tmp_path / "made", "0008_rollups.sql")
    before = kept(tmp_path / "made")
    with pytest.raises(StoreUnavailable, match="has changed since"), made(tmp_path / "made", ROWS, INTEGRATIONS):
        pass
    assert kept(tmp_path / "made") == before


def test_a_store_that_somebody_holds_is_refused_and_left_alone(whole: tuple[Path, list[tuple[object, ...]]]) -> None:
    held = (
        f"import duckdb, sys; con = duckdb.connect({str(whole[0] / 'bench.duckdb')!r}); print(1, flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", held], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "1\n"
        with pytest.raises(StoreUnavailable, match="in use"), made(whole[0], ROWS, INTEGRATIONS):
            pass
        holder.kill()
    with made(whole[0], ROWS, INTEGRATIONS) as there:
        assert figures(there) == whole[1]
