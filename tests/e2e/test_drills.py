"""A few of the drills of docs/reliability.md in every run of the suite; all of them: `python -m tests.drills`."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from tests.drills import injected, killed, real_time
from tests.drills.outcome import Outcome

pytestmark = pytest.mark.slow

DOCS = Path(__file__).parents[2] / "docs" / "reliability.md"


def test_judging_and_delivering_killed_at_every_other_instant_loses_and_doubles_nothing() -> None:
    outcome = killed.kills(5, 1, random.Random(6))
    assert outcome.passed, outcome.line
    assert "killed at 5 instants" in outcome.drill


def test_a_pager_that_answers_500_for_an_hour_gets_its_page_once_and_somebody_else_is_told_meanwhile() -> None:
    outcome = injected.an_hour_without("pagerduty", "pager", {"status": 500})
    assert outcome.passed, outcome.line
    assert "backup told 4.0 min after" in outcome.note


@pytest.mark.parametrize(
    "broken",
    [{"pages": 0}, {"pages": 2}, {"repeated": 1}, {"resolved": False}, {"lost": 1}],
    ids=["a page less", "a page more", "a message twice", "an incident without an end", "a message lost"],
)
def test_a_drill_fails_by(broken: dict[str, int]) -> None:
    good = {"expected": 1, "pages": 1, "repeated": 0, "resolved": True, "lost": 0}
    assert Outcome("d", **good, seconds=1.0).passed  # type: ignore[arg-type]
    assert not Outcome("d", **{**good, **broken}, seconds=1.0).passed  # type: ignore[arg-type]


def test_the_table_has_every_drill_and_none_that_failed() -> None:
    text = DOCS.read_text(encoding="utf-8")
    names = re.findall(r"^\| (.+?) \| \d", text, re.MULTILINE)
    assert set(real_time.DRILLS) <= set(names)
    assert sum(name.startswith("flapping") for name in names) == len(injected.PERIODS)
    assert {"hub killed at 50 instants"} < set(names)
    assert "FAILED" not in text
