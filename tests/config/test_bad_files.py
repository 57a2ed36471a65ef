"""Each mistake has a directory under bad/ with the smallest files that make it, and what is said in expected.txt."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.load import load
from config.plugins import Plugins
from config.problems import ConfigError

BAD = Path(__file__).parent / "bad"
CASES = sorted(path.name for path in BAD.iterdir() if path.is_dir())


@pytest.mark.parametrize("case", CASES)
def test_a_mistake_is_told_with_file_line_path_and_remedy(
    case: str, plugins: Plugins, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(BAD)
    with pytest.raises(ConfigError) as refused:
        load(Path(case), environ, plugins=plugins)
    expected = (BAD / case / "expected.txt").read_text(encoding="utf-8")
    assert str(refused.value) + "\n" == expected


@pytest.mark.parametrize("case", CASES)
def test_no_message_holds_a_secret(
    case: str, plugins: Plugins, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(BAD)
    with pytest.raises(ConfigError) as refused:
        load(Path(case), environ, plugins=plugins)
    assert "hunter2" not in str(refused.value)
    assert environ["TOKEN"] not in str(refused.value)
