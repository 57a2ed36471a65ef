"""A problem is logged when it begins, changes and ends, and not in between."""

from __future__ import annotations

from structlog.testing import capture_logs

from probes.agent.problems import Problems


def test_the_same_problem_is_logged_once():
    problems = Problems()
    with capture_logs() as logged:
        for _ in range(100):
            problems.say("token", "the token is wrong")
        problems.over("token")
        problems.over("token")
    assert [entry["event"] for entry in logged] == ["problem", "problem_over"]


def test_the_summary_names_them_all_and_stays_short():
    problems = Problems()
    assert problems.summary is None
    problems.say("b", "second")
    problems.say("a", "first")
    assert problems.summary == "first; second"
    problems.say("c", "x" * 5000)
    assert len(problems.summary) == 2000


def test_what_a_listener_knows_better_is_left_out():
    problems = Problems()
    problems.say("hub", "the hub cannot be reached")
    assert problems.besides("hub") is None
    problems.say("token", "refused")
    assert problems.besides("hub") == "refused"
    assert problems.summary == "the hub cannot be reached; refused"
