"""Static limits and silent workflows, read from real runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from config.model import Config, Integration
from metrics.operating import LimitStanding
from metrics.store.database import Store
from metrics.store.limit_standings import limit_standings
from metrics.store.unreported import unreported
from metrics.store.verdicts import workflow_verdicts
from probes.model import FailureKind, Outcome, Run

MINUTE = timedelta(minutes=1)
Make = Callable[..., Any]


@pytest.fixture
def standing(
    store: Store, make_integration: Callable[..., Integration], make_config: Callable[..., Config], noon: datetime
) -> Callable[..., LimitStanding]:
    """How one limit stands half a minute after noon."""

    def ask(**limit: Any) -> LimitStanding:
        config = make_config(make_integration(limits=[{"on": "latency", "above": "500ms"} | limit]))
        (found,) = store.read(lambda con: limit_standings(con, config, noon + MINUTE / 2))
        return found

    return ask


def test_a_bucket_shows_the_nearest_rank_of_its_good_runs(
    put: Callable[[Sequence[Run]], None], make_run: Make, standing: Make, noon: datetime
) -> None:
    put([make_run(noon - n * MINUTE, 100.0 * n) for n in range(1, 11)])
    found = standing()
    assert found.values == (None, 1000.0, 500.0)
    assert (found.crossed, found.within, found.until, found.samples) == (1, 1, noon, 10)
    assert standing(percentile="p50").values == (None, 800.0, 300.0)


def test_the_bucket_that_is_going_on_or_has_just_ended_is_not_looked_at(
    store: Store, put: Any, make_run: Make, make_integration: Make, make_config: Make, noon: datetime
) -> None:
    put([make_run(noon - MINUTE, 900.0), make_run(noon + timedelta(seconds=1), 900.0)])
    config = make_config(make_integration(limits=[{"on": "latency", "above": "500ms"}]))
    (found,) = store.read(lambda con: limit_standings(con, config, noon + timedelta(seconds=10)))
    assert found.values == (None, None, None)


def test_a_share_of_failures_leaves_out_what_says_nothing_of_the_vendor(
    put: Any, make_run: Make, standing: Make, noon: datetime
) -> None:
    fates: list[dict[str, Any]] = [
        {"kind": FailureKind.STATUS_5XX},
        {},
        {"kind": FailureKind.THROTTLED, "outcome": Outcome.THROTTLED},
        {"outcome": Outcome.TAINTED},
        {"kind": FailureKind.PROXY},
    ]
    put([make_run(noon - (n + 1) * MINUTE, **fate) for n, fate in enumerate(fates)])
    assert standing(on="error_share", above="40%").value == pytest.approx(0.5)


def test_a_limit_of_one_workflow_and_one_of_all_see_what_is_theirs(
    store: Store, put: Any, make_run: Make, make_integration: Make, make_config: Make, noon: datetime
) -> None:
    put([make_run(noon - MINUTE, 100.0), make_run(noon - MINUTE, 900.0, workflow="deals")])
    steps = [{"name": "read", "request": {"path": "/v1"}}]
    flows = [{"name": name, "steps": steps} for name in ("contacts", "deals")]
    limits = [{"on": "latency", "above": "500ms", "workflow": "contacts"}, {"on": "latency", "above": "500ms"}]
    config = make_config(make_integration(workflows=flows, limits=limits))
    own, both = store.read(lambda con: limit_standings(con, config, noon + MINUTE / 2))
    assert (own.value, both.value) == (100.0, 900.0)


def test_nothing_is_asked_where_nothing_is_declared(store: Store, make_config: Make, noon: datetime) -> None:
    assert store.read(lambda con: limit_standings(con, make_config(), noon)) == ()


def test_what_nobody_reports_on_is_told_with_what_was_heard_last(
    store: Store, put: Any, make_run: Make, make_integration: Make, make_config: Make, noon: datetime
) -> None:
    put([
        make_run(noon - 4.5 * MINUTE, integration="gone"),
        make_run(noon - 4.5 * MINUTE, integration="spared"),
        make_run(noon - MINUTE, integration="spared", outcome=Outcome.SKIPPED, skip_reason="quota reserve"),
        make_run(noon - MINUTE, integration="fine"),
    ])  # fmt: skip
    config = make_config(*(make_integration(integration=name) for name in ("gone", "spared", "fine", "never")))
    found = store.read(lambda con: unreported(con, workflow_verdicts(con, config, noon), noon))
    assert [(one.integration, one.last_run_at, one.outcome, one.reason) for one in found] == [
        ("gone", noon - 4.5 * MINUTE, None, None),
        ("spared", noon - 4.5 * MINUTE, Outcome.SKIPPED, "quota reserve"),
        ("never", None, None, None),
    ]
