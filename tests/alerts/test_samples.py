"""The samples in the documentation are what the code makes now."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.samples import COMMAND, DIRECTORY, render


@pytest.mark.slow  # Plays every scene with engine, outbox, channels and receivers.
async def test_the_committed_samples_are_what_is_sent_now(migrated: Path, tmp_path: Path) -> None:
    empty = Path(shutil.copy(migrated, tmp_path / "empty.duckdb"))
    made = await render(empty)
    kept = {path.name: path.read_text(encoding="utf-8") for path in DIRECTORY.iterdir() if path.suffix != ".png"}
    stale = sorted(name for name in {*made, *kept} if made.get(name) != kept.get(name))
    assert stale == [], f"write them anew with `{COMMAND}`, and read what has changed"


def test_every_scene_is_shown_in_the_documentation() -> None:
    page = (DIRECTORY.parent / "channels.md").read_text(encoding="utf-8")
    assert [path.name for path in DIRECTORY.glob("*.md") if f"](samples/{path.name})" not in page] == []
