"""A hub takes good changes at once, keeps the last good configuration when they are bad, and says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.datadir import write_private
from app.errors import UserError
from app.hub.config_source import ConfigSource
from app.hub.loops import watch_once
from app.hub.state import HubState
from config.compiled import dump
from config.model import Config

GOOD = """
integration: target
base_url: https://api.example.com
workflows: [{name: home, steps: [{name: get, request: {path: /}}]}]
"""


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    folder = tmp_path / "monitoring"
    folder.mkdir()
    (folder / "target.yaml").write_text(GOOD)
    return folder


def watched(state: HubState, source: ConfigSource) -> None:
    def adopted(config: Config) -> None:
        state.config = config

    watch_once(state, source, adopted)


def test_a_good_change_is_adopted(state: HubState, directory: Path) -> None:
    source = ConfigSource(directory, {})
    state.config = source.load()
    (directory / "target.yaml").write_text(GOOD.replace("home", "front-page"))
    watched(state, source)
    assert state.config.integrations[0].workflows[0].name == "front-page"
    assert state.config_problem is None


def test_a_bad_change_is_refused_and_said_until_it_is_mended(state: HubState, directory: Path) -> None:
    source = ConfigSource(directory, {})
    state.config = good = source.load()
    (directory / "target.yaml").write_text(GOOD.replace("path:", "pth:"))
    watched(state, source)
    assert state.config is good
    assert state.config_problem is not None
    assert "target.yaml:4" in state.config_problem
    (directory / "target.yaml").write_text(GOOD + "owner: us\n")
    watched(state, source)
    assert state.config_problem is None
    assert state.config.integrations[0].owner == "us"


def test_nothing_is_read_again_while_nothing_changed(state: HubState, directory: Path) -> None:
    source = ConfigSource(directory, {})
    source.load()
    assert not source.changed()


def test_a_hub_starts_with_the_last_good_configuration_when_the_newest_is_bad(directory: Path, tmp_path: Path) -> None:
    source = ConfigSource(directory, {})
    good = source.load()
    write_private(tmp_path / "last-good.json", dump(good))
    (directory / "target.yaml").write_text(GOOD.replace("path:", "pth:"))
    config, problem = source.first(tmp_path / "last-good.json")
    assert config == good
    assert problem is not None


def test_a_bad_configuration_without_an_earlier_one_is_refused(directory: Path, tmp_path: Path) -> None:
    (directory / "target.yaml").write_text(GOOD.replace("path:", "pth:"))
    with pytest.raises(UserError, match="unknown key"):
        ConfigSource(directory, {}).first(tmp_path / "last-good.json")


@pytest.mark.parametrize("name", [".leadline", "data"])
def test_what_the_hub_itself_writes_within_the_directory_is_no_change(directory: Path, name: str) -> None:
    source = ConfigSource(directory, {}, data=directory / name)
    source.load()
    (directory / name).mkdir()
    (directory / name / "leadline.duckdb").write_text("")
    assert not source.changed()


def test_a_directory_that_vanished_is_refused_and_its_return_adopted(state: HubState, directory: Path) -> None:
    source = ConfigSource(directory, {})
    state.config = source.load()
    directory.rename(directory.parent / "elsewhere")
    watched(state, source)
    assert state.config_problem is not None
    (directory.parent / "elsewhere").rename(directory)
    watched(state, source)
    assert state.config_problem is None


def test_a_change_that_cannot_be_taken_up_is_said_like_one_that_cannot_be_read(
    state: HubState, directory: Path
) -> None:
    def adopted(_: Config) -> None:
        raise UserError("token of region eu: not set")

    source = ConfigSource(directory, {})
    watch_once(state, source, adopted)
    assert state.config_problem == "token of region eu: not set"
