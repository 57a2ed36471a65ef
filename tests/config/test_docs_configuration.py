"""docs/configuration.md names every key with its default, and what it shows loads."""

from __future__ import annotations

import re
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from app.wiring import plugins as installed
from config import model
from config.checks.steps import JSON_TYPES, OPERATORS
from config.defaults import Defaults, StepDefaults, WorkflowDefaults
from config.load import load
from config.rules import RuleOverride, RuleTuning
from config.scalars import format_duration, parse_duration
from config.sign_in import OidcRoles
from config.template_functions import FILTERS
from config.templates import BUILTINS
from config.yaml_source import parse

DOCS = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text(encoding="utf-8")

SOURCE_KINDS = ("header", "cookie", "regex", "xpath", "status", "url", "link")

SECTIONS: dict[str, type[BaseModel]] = {
    "integration": model.Integration,
    "quota": model.QuotaPolicy,
    "resets": model.QuotaReset,
    "circuit": model.Circuit,
    "record": model.Recorded,
    "objectives": model.Objective,
    "targets": model.Targets,
    "tls": model.Tls,
    "status_page": model.StatusPage,
    "lifecycle": model.LifecycleDate,
    "accepted_changes": model.AcceptedChange,
    "workflows": model.Workflow,
    "steps": model.Step,
    "for_each of an integration": model.EachIntegration,
    "for_each of a workflow": model.EachWorkflow,
    "request": model.Request,
    "multipart": model.FilePart,
    "graphql": model.GraphQl,
    "repeat": model.Repeat,
    "expect": model.Expect,
    "body": model.BodyMatch,
    "until": model.Until,
    "retry": model.Retry,
    "defaults": Defaults,
    "workflow": WorkflowDefaults,
    "step": StepDefaults,
    "alerts": model.Alerting,
    "channels": model.Channel,
    "routes": model.Route,
    "during": model.Hours,
    "quiet_hours": model.QuietHours,
    "silences": model.DeclaredSilence,
    "maintenance": model.Maintenance,
    "escalations": model.Escalation,
    "levels": model.Level,
    "confirm": model.Confirmation,
    "reports": model.Reports,
    "weekly": model.Weekly,
    "rules": RuleTuning,
    "overrides": RuleOverride,
    "flapping": model.Flapping,
    "storm": model.Storm,
    "limits": model.Limit,
    "leadline": model.Settings,
    "flows": model.Flow,
    "hub": model.Hub,
    "sign_in": model.SignIn,
    "oidc": model.Oidc,
    "roles": OidcRoles,
    "public": model.PublicPage,
    "thresholds": model.Thresholds,
    "regions": model.Region,
    "retention": model.Retention,
}


def rows(section: str) -> dict[str, str]:
    """Key → default, from the first table below a section's heading."""
    text = DOCS.split(f"\n### `{section}`\n", 1)[1].split("\n#", 1)[0]
    table = text.split("| key |", 1)[1].split("\n\n", 1)[0]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]
    return {cell[0].strip("`"): cell[2].strip("`") for cell in cells}


def shown(value: Any) -> str:
    """A default as the documentation writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, float):
        return f"{value:.0%}"
    if isinstance(value, tuple) and value:
        return f"[{', '.join(getattr(item, 'name', item) for item in value)}]"
    if isinstance(value, model.PluginSpec):
        return f"kind: {value.kind}"
    return "–" if isinstance(value, BaseModel) or value in (None, "", (), {}) else str(value)


@pytest.mark.parametrize("section", SECTIONS)
def test_every_key_is_documented_with_its_default(section: str) -> None:
    fields = SECTIONS[section].model_fields
    declared = {
        field.alias or name: "required" if field.is_required() else shown(field.default)
        for name, field in fields.items()
    }
    assert rows(section) == declared


def test_every_model_has_a_section() -> None:
    # A calendar window is a value of `window`, and shown there.
    bases = {model.Declared, model.PluginSpec, model.Config, model.CalendarWindow}
    models = {item for item in vars(model).values() if isinstance(item, type) and issubclass(item, BaseModel)}
    assert models - bases - {BaseModel} <= set(SECTIONS.values())


WORDS = {*BUILTINS, *FILTERS, *SOURCE_KINDS, *model.Sli, *model.ImpactTier, *OPERATORS, *JSON_TYPES}


@pytest.mark.parametrize("word", sorted(WORDS))
def test_every_word_of_the_language_is_documented(word: str) -> None:
    assert re.search(rf"\b{word}\b", DOCS)


def blocks() -> dict[str, str]:
    """The first line of each YAML block, a comment → the block."""
    found = re.findall(r"```yaml\n# (\S+)\n(.*?)```", DOCS, re.DOTALL)
    return dict(found)


def test_the_directory_that_it_shows_loads(tmp_path: Path) -> None:
    for name, text in blocks().items():
        if name.endswith(".yaml"):
            (tmp_path / name).write_text(text, encoding="utf-8")
    config = load(tmp_path, {}, plugins=installed(), require_secrets=False)
    assert config.integrations[0].owner == "growth-integrations"
    assert [channel.name for channel in config.alerting.channels] == ["on-call", "team"]


def test_the_expectation_that_it_shows_is_one() -> None:
    document, problems = parse(blocks()["expectations"], "x.yaml")
    assert problems == []
    assert model.Expect.model_validate(document.value["expect"]).json_paths["$.score"] == {"ge": 0, "le": 1}


def test_the_pages_and_accounts_that_it_shows_are_some() -> None:
    document, problems = parse(f"steps:\n{blocks()['repeat']}", "x.yaml")
    assert problems == []
    assert model.Step.model_validate(document.value["steps"][0]).repeat.max == 5
    document, problems = parse(blocks()["accounts"], "x.yaml")
    items = [model.EachIntegration.model_validate(item) for item in document.value["for_each"]]
    assert [item.name for item in items] == ["eu", "test"]


def test_its_links_lead_to_its_headings() -> None:
    headings = re.findall(r"(?m)^#+ (.+)$", DOCS)
    anchors = {re.sub(r"[^a-z0-9_ -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    assert set(re.findall(r"\]\(#([^)]+)\)", DOCS)) <= anchors


@pytest.mark.parametrize("text", ["200ms", "90s", "5m", "1h30m", "30d", "2w"])
def test_its_durations_are_durations(text: str) -> None:
    assert f"`{text}`" in DOCS
    assert parse_duration(format_duration(parse_duration(text))) == parse_duration(text)
