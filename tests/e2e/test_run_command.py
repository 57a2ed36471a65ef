"""`leadline run` as a CI job uses it."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from leadline_processes import ROOT, command

pytestmark = pytest.mark.slow

UNREACHABLE = """
integration: nobody
base_url: http://127.0.0.1:9
workflows:
  - name: home
    steps: [{name: get, request: {path: /}, retry: {attempts: 1}}]
"""


def test_the_example_passes_against_the_sandbox_it_starts(tmp_path: Path) -> None:
    report = tmp_path / "out.xml"
    done = command("run", "config/example", "--junit", str(report), "--data", str(tmp_path / "data"))
    assert done.returncode == 0, done.stdout + done.stderr
    suites = ET.parse(report).getroot()
    assert int(suites.attrib["tests"]) >= 8
    assert suites.attrib["failures"] == "0"


def test_a_failure_is_exit_1_and_a_failure_in_the_report(tmp_path: Path) -> None:
    (tmp_path / "nobody.yaml").write_text(UNREACHABLE)
    report = tmp_path / "out.xml"
    done = command("run", str(tmp_path), "--junit", str(report), "--json")
    assert done.returncode == 1
    document = json.loads(done.stdout)
    assert document["runs"][0]["failure"]["kind"] == "connect"
    failure = ET.parse(report).getroot().find(".//failure")
    assert failure is not None
    assert failure.attrib["type"] == "connect"


def test_a_bad_configuration_is_exit_2_with_the_place_and_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "nobody.yaml").write_text(UNREACHABLE.replace("path: /", "pth: /"))
    done = command("run", str(tmp_path))
    assert done.returncode == 2
    assert "nobody.yaml:6: workflows[0].steps[0].request.pth: unknown key" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_workflow_is_exit_2_with_the_ones_there_are(tmp_path: Path) -> None:
    (tmp_path / "nobody.yaml").write_text(UNREACHABLE)
    done = command("run", str(tmp_path), "--workflow", "hom")
    assert done.returncode == 2
    assert "nobody/home" in done.stderr


def test_init_then_check_is_clean(tmp_path: Path) -> None:
    assert command("init", str(tmp_path / "monitoring")).returncode == 0
    done = command("check", str(tmp_path / "monitoring"))
    assert done.returncode == 0, done.stderr


def test_init_never_overwrites(tmp_path: Path) -> None:
    assert command("init", str(tmp_path / "monitoring")).returncode == 0
    again = command("init", str(tmp_path / "monitoring"))
    assert again.returncode == 2
    assert "leadline.yaml" in again.stderr


@pytest.mark.parametrize(
    "name", ["up", "hub", "prober", "init", "check", "run", "status", "doctor", "demo", "sql", "export"]
)
def test_every_command_explains_itself_with_an_example(name: str) -> None:
    done = command(name, "--help")
    assert done.returncode == 0
    assert "Example:" in done.stdout
    assert f"leadline {name}" in done.stdout


def test_status_without_a_hub_says_how_to_start_one(tmp_path: Path) -> None:
    done = command("status", "--data", str(tmp_path))
    assert done.returncode == 1
    assert "leadline up" in done.stderr
    assert str(ROOT) not in done.stderr
