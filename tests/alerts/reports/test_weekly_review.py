"""The weekly review: a week against the one before, and what it says of nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from alerts.model import Incident, IncidentState, Rule, Tier
from alerts.reports.document import Document, Table
from alerts.reports.rendering import render
from alerts.reports.sources import Sources
from alerts.reports.times import Times
from alerts.reports.weekly import FutureWeekError, Review, weekly_review
from alerts.reports.weekly_incidents import Incidents, Lived, noise
from alerts.reports.weeks import Week
from metrics.model import Window
from metrics.store.database import Store
from metrics.store.errors import rates
from metrics.store.latency import latency
from metrics.store.quota_peaks import quota_peaks
from metrics.store.reviewed import reviewed
from tests.support.report_world import MINUTE, T0, report_config

WEEK = Week.named("2026-W47")
MONDAY = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture(scope="module")
def review(outage: Sources) -> Document:
    return weekly_review(replace(outage, now=MONDAY + timedelta(hours=7)), WEEK)


@pytest.fixture
def nothing() -> Iterator[Sources]:
    store = Store.open(None)
    yield Sources(store, report_config(), MONDAY + timedelta(hours=7))
    store.close()


def tables(document: Document) -> dict[str, Table]:
    return {b.caption: b for section in document.sections for b in section.blocks if isinstance(b, Table)}


def texts(table: Table) -> list[tuple[str, ...]]:
    return [tuple(cell.text for cell in cells) for cells in table.rows]


def test_the_week_of_the_outage_counts_it_with_its_times(review: Document) -> None:
    assert {k: review.facts[k] for k in ("week", "incidents", "noisy", "mttd_s", "mtta_s", "mttr_s", "measured")} == {
        "week": "2026-W47", "incidents": 1, "noisy": 0, "mttd_s": 60.0, "mtta_s": 180.0, "mttr_s": 660.0,
        "measured": True,
    }  # fmt: skip
    ((_, title, tier, rule, *_),) = texts(tables(review)["Opened in the week"])
    assert (title, tier, rule) == ("HubSpot CRM roundtrip DOWN", "urgent", "workflow_down")


def test_an_objective_is_kept_or_missed_by_the_week_itself(outage: Sources, review: Document) -> None:
    assert (review.facts["objectives_kept"], review.facts["objectives_judged"]) == (1, 1)
    strict = outage.config.integrations[0].objectives[0].model_copy(update={"target": 0.9})
    one = outage.config.integrations[0].model_copy(update={"objectives": (strict,)})
    config = outage.config.model_copy(update={"integrations": (one,)})
    missed = weekly_review(replace(outage, config=config, now=MONDAY + timedelta(hours=7)), WEEK)
    ((whose, _, verdict, sli, *_),) = texts(tables(missed)["Missed, this week or the one before"])
    assert (whose, verdict, sli) == ("hubspot", "missed", "85.71 %")


def test_errors_and_calls_are_those_that_were_measured(review: Document) -> None:
    runs = 70
    ((everything, requests, *_), (name, *_)) = texts(tables(review)["Share of requests by class"])
    assert (everything, name) == ("all together", "hubspot")
    assert requests == f"{2 * runs}"
    assert texts(tables(review)["Calls of our own probes"])[0][:3] == ("hubspot", "1", f"{2 * runs}")


def test_the_figures_of_all_integrations_are_those_of_each(outage: Sources) -> None:
    window = Window(T0 - 60 * MINUTE, T0 + 60 * MINUTE)
    (one, none) = outage.ask(lambda con: reviewed(con, ["hubspot", "nobody"], window))
    alone, share = outage.ask(lambda con: (latency(con, "hubspot", window), rates(con, "hubspot", window)))
    assert (one.rates, one.latency.n, one.latency.max) == (share, alone.n, alone.max)
    for figure in ("p50", "p95", "p99"):
        assert getattr(one.latency, figure) == pytest.approx(getattr(alone, figure), rel=0.011)
    assert (none.latency.n, none.rates.requests, none.first_byte.p95) == (0, 0, None)


def test_a_quota_is_told_at_its_emptiest(outage: Sources) -> None:
    peaks = outage.ask(lambda con: quota_peaks(con, Window(T0 - 60 * MINUTE, T0 + 60 * MINUTE)))
    daily = next(one for one in peaks if one.bucket == "daily")
    assert daily.at == T0 + 10 * MINUTE
    assert daily.left == pytest.approx(1 - 0.35 * (3 * 60 + 10) / 1440)


def test_a_week_that_nothing_was_measured_in_says_so_in_every_format(nothing: Sources) -> None:
    document = weekly_review(nothing, WEEK)
    assert document.facts["measured"] is False
    assert document.summary == ("No run was measured in 2026-W47 or before it, so there is nothing to review.",)
    assert document.facts["coverage"] is None
    for content in render(document, ("md", "json", "html")).values():
        assert b"there is nothing to review" in content


def test_a_week_that_has_not_begun_is_refused_and_the_one_that_goes_on_is_so_far(outage: Sources) -> None:
    with pytest.raises(FutureWeekError, match="2026-W48 has not begun; it is 2026-W47 now"):
        weekly_review(outage, Week.named("2026-W48"))
    document = weekly_review(outage, WEEK)
    assert document.so_far
    assert Review(outage, WEEK).before.length == Review(outage, WEEK).window.length


def lived(opened: float, over: float | None, taken: float | None = None, *, told: bool = True, **more: Any) -> Lived:
    def at(minutes: float | None) -> datetime | None:
        return None if minutes is None else T0 + minutes * MINUTE

    state = IncidentState.OPEN if over is None else IncidentState.RESOLVED
    known = {"incident_id": "i", "subject": "hubspot", "tier": Tier.URGENT, "state": state, "opened_at": at(opened),
             "resolved_at": at(over), "conditions": (), "title": "DOWN"}  # fmt: skip
    about = Incident(**{**known, **more})
    opened_at = at(opened)
    assert opened_at is not None
    return Lived(about, Times(opened_at, None, opened_at if told else None, at(taken), "", at(over)))


@pytest.mark.parametrize(
    ("one", "never", "brief"),
    [
        (lived(0, 4.99), True, True),
        (lived(0, 5), True, False),
        (lived(0, 4, taken=2), False, True),
        (lived(0, None), False, False),
        (lived(0, 3, told=False), False, False),
        (lived(0, 3, resolved_by="ada"), True, False),
    ],
    ids=["over by itself", "five minutes", "taken", "goes on", "nobody heard of it", "called over by a person"],
)
def test_noise_is_what_people_heard_of_and_was_over_before_anybody_could_act(
    one: Lived, never: bool, brief: bool
) -> None:
    assert (one.never_taken, one.was_brief, one.is_noise) == (never, brief, never and brief)


def test_noise_is_told_by_rule_with_the_setting_to_change(outage: Sources, world: Any) -> None:
    down = world.condition(rule=Rule.WORKFLOW_DOWN)
    told = (lived(0, 2, conditions=(down,)), lived(9, 30, taken=10, conditions=(down,)))
    (table,) = noise(Review(outage, WEEK), Incidents(told, ())).blocks
    assert isinstance(table, Table)
    ((rule, n, never, brief, both, change),) = texts(table)
    assert (rule, n, never, brief, both) == ("workflow_down", "2", "1", "1", "1")
    assert "rules.workflow_down.for" in change
    assert "confirm.failures" in change


def test_every_rule_has_something_to_change() -> None:
    from alerts.rules import RULES
    from config.rules import TUNABLE

    assert {str(rule) for rule in RULES} <= set(TUNABLE)
