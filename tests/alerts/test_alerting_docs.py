"""docs/alerting.md names everything there is, and its samples are what is really sent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from alerts.channels import CHANNELS
from alerts.gsm import sms
from alerts.messages import headline, plain
from alerts.model import Action
from alerts.rules import RULES

DOC = (Path(__file__).parents[2] / "docs" / "alerting.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("rule", list(RULES))
def test_every_rule_is_documented(rule: str) -> None:
    assert f"| `{rule}` |" in DOC


@pytest.mark.parametrize("kind", list(CHANNELS))
def test_every_channel_and_option_is_documented(kind: str) -> None:
    (row,) = [line for line in DOC.splitlines() if line.startswith(f"| `{kind}` |")]
    missing = [name for name in CHANNELS[kind].Options.model_fields if f"`{name}`" not in row]
    assert missing == []


def test_the_samples_are_what_is_sent(world: Any) -> None:
    incident = world.incident(world.condition(evidence_ids=("ev-7f3a91",), run_ids=("0b6f2c1e",)))
    page = world.notification(incident=incident)
    for sample in (plain(page).partition("\n\n")[2], sms(page), headline(world.notification(Action.RESOLVE))):
        assert sample in DOC
