"""What people read."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerts.gsm import MAX_SMS, septets, sms, transliterate
from alerts.mail import as_html
from alerts.messages import duration, facts, headline, links, plain
from alerts.model import Action, Blame, Rule


def test_the_headline_is_enough_at_three_in_the_morning(world: Any) -> None:
    assert headline(world.notification()) == (
        "HubSpot contact-roundtrip DOWN 4 min · create → 503 · vendor's fault (1/1 regions) · lead-routing stopped"
        " · budget 41 % left"
    )


def test_a_phone_that_shows_a_hundred_characters_shows_what_broke_whose_fault_and_what_stops(world: Any) -> None:
    assert headline(world.notification())[:100].endswith("· vendor's fault (1/1 regions) · lead-routing st")


def test_a_long_answer_of_a_vendor_leaves_room_for_blame_and_flows(world: Any) -> None:
    wordy = world.condition(summary="create → schema: " + "the answer lacks many values that later steps need " * 5)
    text = headline(world.notification(incident=world.incident(wordy)))
    assert "… · vendor's fault (1/1 regions) · lead-routing stopped" in text
    assert len(text) < 240


@pytest.mark.parametrize(
    ("left", "words"), [(None, "stopped"), (0.38, "budget 38 % left"), (0.0, "budget spent"), (-0.5, "budget spent")]
)
def test_the_headline_ends_with_the_budget_where_it_is_known(world: Any, left: float | None, words: str) -> None:
    assert headline(world.notification(budget_left=left)).endswith(words)


def test_every_message_leads_to_the_incidents_page_where_there_is_one(world: Any) -> None:
    paged = world.notification(page="https://leadline.example.com/incident/1")
    assert dict(facts(paged))["Incident page"] == paged.page
    assert sms(paged).endswith(f" {paged.page}")
    assert [label for label, _ in links(paged)] == ["Incident page", "Dashboard", "Runbook"]


def test_a_runbook_in_words_is_told_and_not_linked(world: Any) -> None:
    note = world.notification(incident=world.incident(runbook="ask the night shift"))
    assert dict(facts(note))["Runbook"] == "ask the night shift"
    assert [label for label, _ in links(note)] == ["Dashboard"]


def test_the_headline_of_an_end_says_how_long_it_took(world: Any) -> None:
    assert headline(world.notification(Action.RESOLVE)) == (
        "RESOLVED after 12 min: HubSpot contact-roundtrip DOWN · create → 503 · vendor's fault (1/1 regions)"
        " · budget 41 % left"
    )


def test_the_headline_says_who_took_it_and_that_it_came_back(world: Any) -> None:
    taken = world.incident(acknowledged_by="ada", reopened=2)
    assert headline(world.notification(incident=taken)).startswith(
        "REOPENED ×2: HubSpot contact-roundtrip DOWN 4 min (acknowledged by ada)"
    )


def test_flows_are_only_affected_while_nothing_is_down(world: Any) -> None:
    burning = world.condition(rule=Rule.BURN_RATE, title="HubSpot latency budget BURNING", blame=Blame.UNKNOWN)
    assert headline(world.notification(incident=world.incident(burning))).endswith(
        "create → 503 · lead-routing affected · budget 41 % left"
    )


def test_the_facts_name_everything_that_a_page_needs(world: Any) -> None:
    known = dict(facts(world.notification()))
    assert known == {
        "What broke": "HubSpot contact-roundtrip DOWN: create → 503",
        "Since": "2026-11-22 03:00:00 UTC (4 min)",
        "Blame": "vendor's fault: the vendor's servers report an error of their own, seen from local",
        "Flows": "lead-routing",
        "Budget left": "41 %",
        "Evidence": "ev-1",
        "Runs": "run-1",
        "Owner": "growth",
        "Incident": "20261122-030000-hubspot",
        "Dashboard": "https://leadline.example.com/integration/hubspot",
        "Runbook": "https://wiki.example.com/hubspot",
    }


def test_what_is_not_known_is_left_out_not_zero(world: Any) -> None:
    assert "Budget left" not in dict(facts(world.notification(budget_left=None)))
    assert dict(facts(world.notification(budget_left=-0.5)))["Budget left"] == "-50 %"


def test_many_evidence_ids_are_counted_instead_of_listed(world: Any) -> None:
    many = world.incident(world.condition(evidence_ids=tuple(f"e{n}" for n in range(9))))
    assert dict(facts(world.notification(incident=many)))["Evidence"] == "e0, e1, e2, e3, e4 and 4 more"


def test_a_vendors_words_cannot_break_lines_or_html(world: Any) -> None:
    nasty = world.incident(world.condition(summary="x\r\nBcc: all@example.com <script>alert(1)</script>"))
    note = world.notification(incident=nasty)
    assert "\n" not in headline(note)
    assert "<script>" not in as_html(note)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (45, "45 s"), (240, "4 min"), (7500, "2 h 05 min"), (273600, "3 d 4 h"), (-5, "0 s")],
)
def test_durations_read_well(seconds: int, text: str) -> None:
    assert duration(timedelta(seconds=seconds)) == text


def test_a_text_message_is_plain_short_and_has_the_link(world: Any) -> None:
    text = sms(world.notification())
    assert text == (
        "HubSpot contact-roundtrip DOWN 4 min - create -> 503 - vendor's fault (1/1 regions) - lead-routing stopped"
        " - budget 41 % left ev ev-1 https://leadline.example.com/integration/hubspot"
    )


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.text(max_size=400))
def test_a_text_message_never_leaves_the_gsm_alphabet_nor_its_limit(world: Any, words: str) -> None:
    note = world.notification(incident=world.incident(world.condition(summary=words)))
    text = sms(note)
    assert septets(text) <= MAX_SMS
    assert transliterate(text) == text
    assert text.endswith(note.link)


def test_plain_text_lines_up(world: Any) -> None:
    assert "Blame:           vendor's fault: the vendor's" in plain(world.notification())
