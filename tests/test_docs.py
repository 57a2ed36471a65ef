"""Documentation is complete, or this fails: commands, registries, pages, pages of documentation."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from alerts.channels import CHANNELS
from alerts.rules import RULES
from app.cli import build
from app.dashboard.pages import PAGES
from app.doctor import CHECKS
from app.sandbox.faults import VENDOR_FAULTS
from app.sandbox.receivers import RECEIVERS
from app.sandbox.vendors import VENDOR_SIMULATORS
from probes.auth import AUTH_METHODS
from probes.quota import QUOTA_PARSERS
from probes.vendors import VENDORS

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"


def command_names() -> list[str]:
    cli = build()
    return [str(c.name) for c in cli.registered_commands] + [str(g.name) for g in cli.registered_groups]


@pytest.mark.parametrize("name", command_names())
def test_every_command_is_in_the_command_reference(name: str) -> None:
    assert f"leadline {name}" in (DOCS / "commands.md").read_text()


REGISTRIES = {
    "auth.md": AUTH_METHODS,
    "vendors.md": {**VENDORS, **QUOTA_PARSERS},
    "alerting.md": {str(rule): None for rule in RULES},
    "channels.md": CHANNELS,
    "sandbox.md": {**VENDOR_SIMULATORS, **RECEIVERS, **dict.fromkeys(VENDOR_FAULTS)},
}


@pytest.mark.parametrize(("page", "key"), [(page, key) for page, registry in REGISTRIES.items() for key in registry])
def test_every_registry_key_is_documented(page: str, key: str) -> None:
    assert f"`{key}`" in (DOCS / page).read_text()


@pytest.mark.parametrize("path", [page.path for page in PAGES])
def test_every_page_of_the_dashboard_is_documented(path: str) -> None:
    assert f"`{path}`" in (DOCS / "dashboard.md").read_text()


def test_the_doctor_has_checks() -> None:
    assert CHECKS


@pytest.mark.parametrize("page", sorted(p.name for p in DOCS.glob("*.md")))
def test_every_page_of_documentation_is_linked_from_the_readme(page: str) -> None:
    assert f"docs/{page}" in (ROOT / "README.md").read_text()


MARKDOWN = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *DOCS.rglob("*.md")]


@pytest.mark.parametrize("path", MARKDOWN, ids=lambda path: path.name)
def test_no_link_between_documents_is_broken(path: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#\s]+)", path.read_text())
    assert [link for link in links if not (path.parent / link).exists()] == []


def test_the_readmes_make_commands_exist() -> None:
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    named = re.findall(r"^make (\w+)", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert named
    assert set(named) <= set(targets)


def test_the_commands_that_the_readme_shows_exist() -> None:
    shown = re.findall(r"^(?:\.venv/bin/)?leadline (\w+)", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert len(shown) > 5
    assert set(shown) <= set(command_names())
