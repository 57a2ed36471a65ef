"""`leadline init` writes a set that loads as it is, and never over a file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.wiring import plugins as installed
from config.load import load
from config.starter import FILES, StarterError, write_starter
from config.yaml_source import parse


def test_the_starter_set_loads_without_any_secret(tmp_path: Path) -> None:
    written = write_starter(tmp_path / "monitoring", installed())
    assert [path.name for path in written] == list(FILES)
    config = load(tmp_path / "monitoring", {}, plugins=installed())
    assert [integration.name for integration in config.integrations] == ["example"]
    assert len(config.integrations[0].objectives) == 2


def test_the_starter_set_brings_the_editors_schemas(tmp_path: Path) -> None:
    write_starter(tmp_path, installed())
    named = re.findall(r"\$schema=(\S+)", "".join((tmp_path / name).read_text(encoding="utf-8") for name in FILES))
    assert len(named) == len(FILES)
    assert all((tmp_path / name).is_file() for name in named)


def test_every_commented_example_loads_when_its_marks_are_taken_away(tmp_path: Path) -> None:
    write_starter(tmp_path, installed())
    for name in FILES:
        path = tmp_path / name
        text = re.sub(r"(?m)^( *)# (?=(  )*(- |[a-z_]+: |[a-z_]+:$))", r"\1", path.read_text(encoding="utf-8"))
        path.write_text(text, encoding="utf-8")
        assert parse(text, name)[1] == []
    config = load(tmp_path, {}, plugins=installed(), require_secrets=False)
    assert [workflow.name for workflow in config.integrations[0].workflows] == ["front-page", "contact-roundtrip"]
    assert [channel.kind for channel in config.alerting.channels] == ["pagerduty", "slack"]
    assert len(config.settings.regions) == 2


def test_an_existing_file_is_never_touched(tmp_path: Path) -> None:
    (tmp_path / "alerts.yaml").write_text("mine", encoding="utf-8")
    with pytest.raises(StarterError) as refused:
        write_starter(tmp_path)
    assert str(refused.value) == (
        f"already there, and left as it is: {tmp_path}/alerts.yaml; choose another directory, or remove it first"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["alerts.yaml"]


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(StarterError, match=r"cannot be written: .*; choose another directory"):
        write_starter(tmp_path / "file" / "monitoring")
