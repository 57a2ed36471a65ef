"""docs/alerting.md and docs/channels.md name everything there is, and their samples are what is really sent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from alerts.channels import CHANNELS
from alerts.gsm import sms
from alerts.messages import headline, plain
from alerts.model import Action
from alerts.rules import RULES

DOCS = Path(__file__).parents[2] / "docs"
RULES_DOC = (DOCS / "alerting.md").read_text(encoding="utf-8")
CHANNELS_DOC = (DOCS / "channels.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("rule", list(RULES))
def test_every_rule_is_documented(rule: str) -> None:
    assert f"| `{rule}` |" in RULES_DOC


@pytest.mark.parametrize("kind", list(CHANNELS))
def test_every_channel_and_option_is_documented(kind: str) -> None:
    (row,) = [line for line in CHANNELS_DOC.splitlines() if line.startswith(f"| `{kind}` |")]
    missing = [name for name in CHANNELS[kind].Options.model_fields if f"`{name}`" not in row]
    assert missing == []


def test_the_samples_are_what_is_sent(world: Any) -> None:
    incident = world.incident(world.condition(evidence_ids=("ev-7f3a91",), run_ids=("0b6f2c1e",)))
    page = world.notification(incident=incident, page="https://leadline.example.com/incident/20261122-030000-hubspot")
    assert headline(page) in RULES_DOC
    ended = world.notification(Action.RESOLVE)
    for sample in (headline(page), plain(page).partition("\n\n")[2], sms(page), headline(ended)):
        assert sample in CHANNELS_DOC
