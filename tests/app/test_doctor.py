"""The doctor names what is wrong and the remedy, and says nothing is wrong when nothing is."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.datadir import DataDirectory, HubAddress
from app.doctor import Finding, Patient, Verdict, examine

NOW = datetime(2026, 11, 22, tzinfo=UTC)
GOOD = """
integration: target
base_url: https://api.example.com
workflows: [{name: home, steps: [{name: get, request: {path: /}}]}]
"""


def examined(root: Path, directory: Path | None = None) -> dict[str, Finding]:
    return {f.check: f for f in examine(Patient(directory, DataDirectory(root), {}, NOW))}


def test_a_healthy_new_installation_has_no_problem(tmp_path: Path) -> None:
    (tmp_path / "target.yaml").write_text(GOOD)
    findings = examined(tmp_path / "data", tmp_path)
    assert [f for f in findings.values() if f.verdict is Verdict.PROBLEM] == []
    assert findings["configuration"].verdict is Verdict.OK


def test_a_bad_configuration_is_a_problem_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "target.yaml").write_text(GOOD.replace("path:", "pth:"))
    finding = examined(tmp_path / "data", tmp_path)["configuration"]
    assert finding.verdict is Verdict.PROBLEM
    assert "target.yaml:4" in finding.seen


def test_a_token_that_others_can_read_is_a_problem_with_its_remedy(tmp_path: Path) -> None:
    DataDirectory(tmp_path).prober_token("local")
    (tmp_path / "prober-local.token").chmod(0o644)
    finding = examined(tmp_path)["tokens"]
    assert finding.verdict is Verdict.PROBLEM
    assert finding.remedy.startswith("chmod 600")


def test_a_hub_that_was_killed_is_a_problem_with_its_address(tmp_path: Path) -> None:
    DataDirectory(tmp_path).announce_hub(HubAddress("http://127.0.0.1:9", 4242))
    finding = examined(tmp_path)["hub"]
    assert finding.verdict is Verdict.PROBLEM
    assert "4242" in finding.seen


@pytest.mark.parametrize("root", [Path("/dev/null/data")])
def test_a_data_directory_that_does_not_exist_is_only_a_note(root: Path) -> None:
    assert examined(root)["data directory"].verdict is Verdict.NOTE
