"""What lies on disk is private, replaced in one step, and forgiving of rubbish."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.datadir import DataDirectory, HubAddress
from app.errors import UserError


def test_a_hub_is_found_where_it_announced_itself_and_not_after_it_left(tmp_path: Path) -> None:
    data = DataDirectory(tmp_path)
    data.announce_hub(HubAddress("http://127.0.0.1:8050", 42))
    assert data.hub() == HubAddress("http://127.0.0.1:8050", 42)
    data.forget_hub()
    assert data.hub() is None


@pytest.mark.parametrize("rubbish", ["", "{", "[]", '{"port": 1}'])
def test_a_broken_announcement_is_no_hub(tmp_path: Path, rubbish: str) -> None:
    (tmp_path / "hub.json").write_text(rubbish)
    assert DataDirectory(tmp_path).hub() is None


def test_a_prober_keeps_its_token_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    data = DataDirectory(tmp_path)
    token = data.prober_token("local")
    assert data.prober_token("local") == token
    assert data.prober_token("eu") != token
    assert (tmp_path / "prober-local.token").stat().st_mode & 0o077 == 0


def test_a_data_directory_below_a_file_is_refused_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="choose another with --data"):
        DataDirectory(tmp_path / "file" / "data").create()


def test_a_new_data_directory_is_for_its_owner_only(tmp_path: Path) -> None:
    root = DataDirectory(tmp_path / "a" / "b").create().root
    assert os.stat(root).st_mode & 0o077 == 0


def test_a_data_directory_is_occupied_by_one_at_a_time(tmp_path: Path) -> None:
    data = DataDirectory(tmp_path)
    with data.occupied(), pytest.raises(UserError, match="another `leadline up`"), DataDirectory(tmp_path).occupied():
        pass
    with data.occupied():
        pass


def test_a_hub_whose_process_is_gone_is_not_alive(tmp_path: Path) -> None:
    ended = subprocess.Popen((sys.executable, "-c", ""))
    ended.wait()
    assert not HubAddress("http://127.0.0.1:1", ended.pid).alive
    assert HubAddress("http://127.0.0.1:1", os.getpid()).alive


@pytest.mark.parametrize("name", ["prober-local.token", "up.lock"])
def test_a_file_that_this_user_cannot_use_is_a_message_with_its_remedy(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()  # refused to every user, also to root, for whom permissions mean nothing
    data = DataDirectory(tmp_path)
    with pytest.raises(UserError, match="give this user the data directory"):  # noqa: SIM117
        with data.occupied():
            data.prober_token("local")
