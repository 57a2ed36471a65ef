"""`leadline user` and `leadline token`, in the store where no hub runs."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from app.cli.hub_client import TOKEN, credentials

Work = Callable[..., tuple[int, str, str]]


@pytest.fixture
def data(migrated: Path, tmp_path: Path) -> Path:
    made = tmp_path / "data"
    made.mkdir()
    shutil.copy(migrated, made / "leadline.duckdb")
    return made


def test_the_first_user_is_made_before_any_hub_runs_and_the_password_comes_by_stdin_or_file(
    leadline_here: Work, data: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("correct horse battery\n"))
    assert leadline_here("user", "add", "Ada", "--role", "admin", "--data", str(data)) == (
        0,
        "ada may sign in as admin\n",
        "",
    )
    secret = tmp_path / "secret"
    secret.write_text("another horse battery\n")
    reference = f"${{file:{secret}}}"
    code, said, _ = leadline_here("user", "password", "ada", "--password", reference, "--data", str(data))
    assert (code, said) == (0, "ada has another password; 0 sessions ended\n")
    code, said, _ = leadline_here("user", "list", "--data", str(data))
    assert said.split() == ["ada", "admin", "0", "sessions"]
    code, _, wrong = leadline_here("user", "add", "bob", "--password", "hunter2hunter2", "--data", str(data))
    assert code == 2
    assert "hunter2" not in wrong
    code, _, wrong = leadline_here("user", "role", "eve", "admin", "--data", str(data))
    assert (code, wrong) == (1, "leadline: eve: there is no such user\n")


def test_a_token_is_shown_once_alone_on_stdout(leadline_here: Work, data: Path) -> None:
    code, said, told = leadline_here("token", "add", "ci", "--role", "viewer", "--for", "30d", "--data", str(data))
    assert code == 0
    assert said.startswith("leadline_")
    assert "ci, viewer until" in told
    listed = leadline_here("token", "list", "--data", str(data))[1]
    assert said.strip() not in listed
    assert leadline_here("token", "revoke", "ci", "--data", str(data))[1] == "token ci is revoked\n"


def test_a_command_sends_the_token_of_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN, "leadline_x")
    assert credentials("https://hub.example.com/api/v1/status") == {"Authorization": "Bearer leadline_x"}
    monkeypatch.delenv(TOKEN)
    assert credentials("https://hub.example.com/api/v1/status") == {}
