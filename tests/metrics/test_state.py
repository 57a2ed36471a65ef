"""One word for an integration, the worst that holds, and never a good one without data."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from config.model import Confirmation
from metrics.model import Evaluation, RegionVerdict, State, WorkflowVerdict
from metrics.state import integration_state, is_down
from probes.model import Outcome

AT = datetime(2026, 11, 22, tzinfo=UTC)


def region(name: str, outcome: Outcome = Outcome.PASSED, failing: int = 0) -> RegionVerdict:
    good = 0 if failing else 1
    return RegionVerdict(name, AT, outcome, failing, good, 1 if outcome is Outcome.THROTTLED else 0)


def verdict(*regions: RegionVerdict) -> WorkflowVerdict:
    return WorkflowVerdict("hubspot", "roundtrip", timedelta(minutes=1), regions)


@pytest.mark.parametrize(
    ("failing", "reporting", "quorum", "down"),
    [
        (1, 1, 0.5, True),
        (1, 2, 0.5, False),
        (2, 3, 0.5, True),
        (2, 2, 1.0, True),
        (1, 2, 1.0, False),
        (0, 0, 0.5, False),
    ],
    ids=[
        "one region of one is enough",
        "one of two is not more than half",
        "two of three is",
        "a quorum of 100 % means all",
        "and not some",
        "no region is not down",
    ],
)
def test_down_needs_more_than_the_quorum(failing: int, reporting: int, quorum: float, down: bool) -> None:
    regions = [region(f"r{i}", Outcome.FAILED, 2 if i < failing else 0) for i in range(reporting)]
    assert is_down(verdict(*regions), Confirmation(quorum=quorum)) is down


@pytest.mark.parametrize(
    ("regions", "state"),
    [
        ((), State.NO_DATA),
        ((region("local"),), State.UP),
        ((region("local", Outcome.UNSTABLE),), State.UNSTABLE),
        ((region("local", Outcome.THROTTLED),), State.THROTTLED),
        ((region("local", Outcome.FAILED, 1),), State.DEGRADED),
        ((region("local", Outcome.FAILED, 2),), State.DOWN),
        ((region("local", Outcome.FAILED, 2), region("eu")), State.DEGRADED),
    ],
    ids=[
        "nobody reported",
        "a pass is up",
        "a pass after a retry is unstable",
        "throttled is its own word",
        "one failure is not confirmed",
        "two are",
        "one region of two is degraded",
    ],
)
def test_the_worst_that_holds_is_the_word(regions: tuple[RegionVerdict, ...], state: State) -> None:
    evaluation = Evaluation(AT, (verdict(*regions),), (), ())
    assert integration_state("hubspot", evaluation, Confirmation()) is state
