"""What a change adds and spares, and how that is told."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

from told_history import EVERY, T0, Probe, config, seen

from alerts.backtest import compare, rehearse
from alerts.backtest.comparison import Comparison
from alerts.backtest.document import Outcome as Told
from alerts.backtest.document import as_json, as_markdown, as_text
from alerts.backtest.reach import JUDGED, Reach
from alerts.model import Rule, Tier
from metrics.model import Window
from probes.model import FailureKind, Outcome

WINDOW = Window(T0, T0 + timedelta(minutes=30))
SERIES = ("hubspot", "roundtrip", "local")


def history(*broken: range) -> dict[tuple[str, str, str], list[Probe]]:
    """Half an hour of runs, of which those fail."""
    failed = {number for one in broken for number in one}
    probes = [Probe(number * EVERY.total_seconds()) for number in range(90)]
    return {
        SERIES: [
            replace(probe, outcome=Outcome.FAILED, kind=FailureKind.STATUS_5XX) if number in failed else probe
            for number, probe in enumerate(probes)
        ]
    }


def compared(runs: dict[tuple[str, str, str], list[Probe]], before: Any, after: Any) -> Comparison:
    found = [rehearse(one, WINDOW, timedelta(0)) for one in seen(runs, before, after)]
    return compare(*found)


def plain(**more: Any) -> Any:
    return config(["hubspot"], objectives=(), **more)


def test_a_change_of_nothing_changes_nothing() -> None:
    found = compared(history(range(20, 30)), plain(), plain())
    assert (found.added, found.gone, found.changed, found.pages_added, found.pages_gone) == ((),) * 5
    assert [page.subject for page in found.after.pages] == ["hubspot"]


def test_surer_confirmation_spares_the_page_of_a_short_outage() -> None:
    found = compared(history(range(20, 23)), plain(), plain(confirm={"failures": 5}))
    assert [alert.rule for alert in found.gone] == [Rule.WORKFLOW_DOWN]
    assert len(found.pages_gone) == 1
    assert not found.pages_added


def test_an_outage_that_both_see_is_told_with_what_differs() -> None:
    found = compared(history(range(20, 40)), plain(), plain(confirm={"failures": 5}))
    assert [one.words for one in found.changed] == [("opens 1 min later",)]
    assert (found.pages_added, found.pages_gone) == ((), ())


def test_a_quieter_rule_takes_the_page_and_leaves_the_alert() -> None:
    found = compared(history(range(20, 40)), plain(), plain(rules={"workflow_down": {"tier": "degraded"}}))
    assert [one.words for one in found.changed] == [("quieter: degraded instead of urgent",)]
    assert found.changed[0].after.tier is Tier.DEGRADED
    assert len(found.pages_gone) == 1


def test_a_route_that_wakes_somebody_else_is_told_by_its_channels() -> None:
    routes = [{"urgent": ["slack"], "degraded": ["slack"]}]
    found = compared(history(range(20, 40)), plain(), plain(routes=routes))
    assert [page.channels for page in found.before.pages] == [("pager",)]
    assert [page.channels for page in found.after.pages] == [("slack",)]


def test_more_pages_than_allowed_are_refused() -> None:
    found = compared(history(range(20, 23)), plain(confirm={"failures": 5}), plain())
    assert Told(found, (), 0, ("a", "b")).refused
    assert not Told(found, (), 1, ("a", "b")).refused


def test_markdown_says_first_what_is_added_and_escapes_what_vendors_say() -> None:
    found = compared(history(range(20, 23)), plain(confirm={"failures": 5}), plain())
    hostile = replace(
        found.pages_added[0], reason="create → 503 | <img src=x> @everyone [x](https://evil.example)\n# no"
    )
    told = as_markdown(Told(replace(found, pages_added=(hostile,)), ("a | note",), 0, ("a", "b")))
    assert told.startswith("### Leadline back-test: 1 page added, 0 gone")
    assert "**Refused: 1 page added, 0 allowed**" in told
    line = next(line for line in told.splitlines() if "503" in line)
    assert "<img" not in line.replace("\\<", "")
    assert "@everyone" not in line.replace("\\@", "")
    assert "https://" not in line
    assert "\n# no" not in told


def test_json_and_text_say_the_same_as_markdown() -> None:
    told = Told(compared(history(range(20, 23)), plain(confirm={"failures": 5}), plain()), ("a note",), 3, ("a", "b"))
    document = json.loads(json.dumps(as_json(told)))
    assert [page["subject"] for page in document["pages"]["added"]] == ["hubspot"]
    assert document["refused"] is False
    assert document["not_judged"] == ["a note"]
    assert "+ PAGE" in as_text(told)


def test_what_cannot_be_judged_is_said() -> None:
    before, after = plain(), config(["hubspot", "github"], objectives=())
    covered = {SERIES: (T0 + timedelta(minutes=10), timedelta(minutes=20))}
    notes = "\n".join(Reach(WINDOW, before, after, covered).notes())
    assert "no history, so not judged at all: github/roundtrip from local" in notes
    assert "judged from" in notes
    assert "measured for less than 90 % of the time: hubspot/roundtrip from local" in notes
    assert all(str(rule) in notes for rule in Rule if rule not in JUDGED)
