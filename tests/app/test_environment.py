"""Whether a configuration asks for the sandbox is found out without stumbling over what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.environment import wants_sandbox


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("sandbox: true\n", True),
        ("sandbox: false\n", False),
        ("sandbox: 'true'\n", False),
        ("", False),
        ("- a list\n", False),
        ("sandbox: [", False),
        ("sandbox: true\nday: 2026-13-45\n", True),
        ("x: " + "[" * 3000 + "]" * 3000, False),
        ("a: &a [*a]", False),
    ],
    ids=["yes", "no", "text", "empty", "a list", "broken", "a day that is none", "too deep", "an endless alias"],
)
def test_only_a_plain_yes_is_one(tmp_path: Path, text: str, wanted: bool) -> None:
    (tmp_path / "leadline.yaml").write_text(text)
    assert wants_sandbox(tmp_path) is wanted


def test_a_file_that_is_none_wants_nothing(tmp_path: Path) -> None:
    assert not wants_sandbox(tmp_path / "absent")
    (tmp_path / "leadline.yaml").mkdir()
    assert not wants_sandbox(tmp_path)
