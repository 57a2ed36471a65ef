"""Hypothesis: `make quick` looks at fewer examples, `make test` at Hypothesis' own number; neither at the clock.

A file with all tables, to be copied: making them takes ten times as long as opening a copy. And the processes that
tests start keep what they compiled, whatever the machine's own setting: compiling it anew is a third of their start.
What is imported stays to the end: nobody looks for garbage in it, which took a quarter of the time of collecting.
"""

from __future__ import annotations

import gc
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import settings

settings.register_profile("quick", max_examples=10, deadline=None)
settings.register_profile("full", deadline=None)
settings.load_profile("full")

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
gc.disable()


def pytest_collection_finish() -> None:
    """Garbage is collected again from here on, but not looked for in modules and tests."""
    gc.enable()
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests come first: left for the end, they would keep one worker busy and let the others idle."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture
def leadline_here(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., tuple[int, str, str]]]:
    """`leadline …` in this very process → exit code, output, complaints. A process of its own costs two seconds."""
    from app.cli import main

    def work(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["leadline", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err

    yield work
    # The command's log goes to what was stderr just then.
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty store in a file that nobody may open."""
    from metrics.store.database import Store

    path = tmp_path_factory.mktemp("migrated") / "leadline.duckdb"
    Store.open(path).close()
    return path


@pytest.fixture
def store_path(migrated: Path, tmp_path: Path) -> Path:
    """The file of an empty store that this test may open."""
    return shutil.copy(migrated, tmp_path / "leadline.duckdb")
