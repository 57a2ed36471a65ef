"""What wakes somebody, and what does not, at one probe in 1, 5 and 15 minutes: from stored runs to the incident, with a
clock that is moved on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, Final
from uuid import UUID

import pytest

from alerts.engine import Engine
from alerts.model import Rule, Tier
from alerts.store.incidents import open_incidents
from config.model import Config, Integration
from metrics.evaluation import evaluate
from metrics.store.database import Store
from metrics.store.rows import NumberedRun, insert
from metrics.store.schedule import settle
from metrics.store.slices import SliceMemo
from probes.agent.executor import CONFIRM_AFTER_S
from probes.model import Failure, FailureKind, Outcome, Run

MINUTE: Final = timedelta(minutes=1)
BEGIN: Final = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
"""Of the trouble; hours of good runs went before it."""
CONFIRMED: Final = timedelta(seconds=CONFIRM_AFTER_S)
INTERVALS: Final = [MINUTE, 5 * MINUTE, 15 * MINUTE]
NAMES: Final = ["a minute", "five minutes", "a quarter of an hour"]

Fails = Callable[[datetime, int], bool]
"""Whether the run that is scheduled then, or its second attempt, fails."""


@pytest.fixture(scope="module")
def opened() -> Iterator[Store]:
    store = Store.open(None, read_timeout=timedelta(seconds=10))
    yield store
    store.close()


@pytest.fixture
def store(opened: Store) -> Store:
    def empty(con: Any) -> None:
        for (table,) in con.execute("SELECT table_name FROM duckdb_tables() WHERE NOT internal").fetchall():
            if table != "schema_migrations":
                con.execute(f"DELETE FROM {table}")  # noqa: S608 - a name out of the catalogue

    opened.write(empty).result(timeout=30)
    return opened


def config(every: timedelta) -> Config:
    steps = [{"name": "read", "request": {"path": "/"}}]
    declared = {
        "integration": "hubspot",
        "base_url": "https://api.example.com",
        "objectives": [{"sli": "availability", "target": "99.9%"}],
        "workflows": [{"name": "contacts", "every": every, "steps": steps}],
    }
    return Config(root=Path("config"), version="v1", integrations=(Integration.model_validate(declared),))


def a_run(at: datetime, every: timedelta, attempt: int, *, fails: bool) -> Run:
    started = at + (attempt - 1) * CONFIRMED
    return Run(
        run_id=UUID(int=Random(f"{at}{attempt}").getrandbits(128)), region="local", integration="hubspot",
        workflow="contacts", scheduled_at=at, started_at=started, duration_ms=100.0, attempt=attempt,
        outcome=Outcome.FAILED if fails else Outcome.PASSED, config_version="v1", steps=(),
        failure=Failure(FailureKind.STATUS_5XX, "503") if fails else None, failed_step="read" if fails else None,
        every_s=every.total_seconds(),
    )  # fmt: skip


def probed(every: timedelta, lasting: timedelta, fails: Fails, *, confirms: bool = True) -> list[Run]:
    """Hours of good runs, then those of the trouble, each failure confirmed as the prober does it."""
    runs = [a_run(BEGIN - i * every, every, 1, fails=False) for i in range(1, timedelta(hours=8) // every)]
    for i in range(lasting // every + 1):
        at = BEGIN + i * every
        first = a_run(at, every, 1, fails=fails(at, 1))
        runs.append(first)
        if first.outcome is Outcome.FAILED and confirms:
            runs.append(a_run(at, every, 2, fails=fails(at, 2)))
    return sorted(runs, key=lambda run: run.started_at)


def paged(store: Store, every: timedelta, runs: Sequence[Run], until: datetime) -> tuple[datetime, Rule] | None:
    """When the first urgent incident opened and why; the hub looks after every run, and in between."""
    engine, memo, found = Engine(store), SliceMemo(), config(every)
    told = [run.started_at + timedelta(seconds=1) for run in runs if run.started_at >= BEGIN]
    between = max(MINUTE, every / 2)
    looks = sorted({*told, *(BEGIN + i * between for i in range((until - BEGIN) // between + 1))})
    waiting = list(runs)
    for now in looks:
        fresh = [run for run in waiting if run.started_at < now]
        waiting = waiting[len(fresh) :]
        _keep(store, fresh)
        seen = store.read(lambda con, now=now: evaluate(con, found, now, memo))
        engine.apply(seen, found).result()
        urgent = [one for one in store.read(open_incidents) if one.tier is Tier.URGENT]
        if urgent:
            return now, urgent[0].conditions[0].rule
    return None


def _keep(store: Store, runs: Sequence[Run]) -> None:
    rows = [NumberedRun("p1", run.run_id.int % 10**12, run.started_at, run) for run in runs]
    store.write(lambda con: (insert(con, rows), settle(con, rows))).result(timeout=30)


@pytest.mark.parametrize("confirms", [True, False], ids=["confirmed good", "not confirmed"])
@pytest.mark.parametrize("every", INTERVALS, ids=NAMES)
def test_one_failed_probe_pages_nobody(store: Store, every: timedelta, confirms: bool) -> None:
    runs = probed(every, 2 * every, lambda at, attempt: at == BEGIN and attempt == 1, confirms=confirms)
    assert paged(store, every, runs, BEGIN + 3 * every) is None


@pytest.mark.parametrize("every", INTERVALS, ids=NAMES)
def test_ten_minutes_in_which_every_other_probe_fails_page_within_five(store: Store, every: timedelta) -> None:
    """The confirmation fails as the run did: the page comes with it, however rare the probes are."""
    runs = probed(every, 10 * MINUTE, lambda at, attempt: (at - BEGIN) // every % 2 == 0)
    found = paged(store, every, runs, BEGIN + 10 * MINUTE)
    assert found is not None
    assert found[0] - BEGIN <= 5 * MINUTE


def test_without_confirmations_the_budget_pages_with_the_third_bad_minute_of_five(store: Store) -> None:
    runs = probed(MINUTE, 10 * MINUTE, lambda at, attempt: (at - BEGIN) // MINUTE % 2 == 0, confirms=False)
    assert paged(store, MINUTE, runs, BEGIN + 10 * MINUTE) == (
        BEGIN + 4 * MINUTE + timedelta(seconds=1),
        Rule.BURN_RATE,
    )


@pytest.mark.parametrize("every", INTERVALS[1:], ids=NAMES[1:])
def test_without_confirmations_a_rare_probe_needs_three_bad_slices(store: Store, every: timedelta) -> None:
    """So long does evidence take at this rate when every probe fails and none is confirmed: the streak is faster."""
    runs = probed(every, 10 * every, lambda at, attempt: (at - BEGIN) // every % 2 == 0, confirms=False)
    assert paged(store, every, runs, BEGIN + 10 * every) == (
        BEGIN + 4 * every + timedelta(seconds=1),
        Rule.BURN_RATE,
    )
