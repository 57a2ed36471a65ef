"""Who reports, who is silent, and who was replaced."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from metrics.store.database import Store
from metrics.store.probers import probers, record_heartbeat
from probes.model import Heartbeat

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
LIMIT = timedelta(seconds=30)


def heard(store: Store, prober_id: str, at: datetime, *, started: datetime, region: str = "local") -> None:
    beat = Heartbeat(prober_id, region, "0.1.0", started, at, 1.0, 0, "v1")
    record_heartbeat(store, beat, at).result()


def seen(store: Store, now: datetime) -> list[tuple[str, bool]]:
    return [(p.prober_id, p.silent) for p in store.read(lambda con: probers(con, now, LIMIT))]


def test_a_silent_prober_stays_until_another_of_its_region_starts(store: Store) -> None:
    heard(store, "old", NOON, started=NOON)
    later = NOON + timedelta(minutes=5)
    assert seen(store, later) == [("old", True)]
    heard(store, "new", later, started=later)
    assert seen(store, later) == [("new", False)]


@pytest.mark.parametrize(
    ("region", "started"),
    [("eu", NOON + timedelta(minutes=5)), ("local", NOON - timedelta(minutes=1))],
    ids=["another region's prober replaces nobody", "one that ran beside it does not either"],
)
def test_a_silent_prober_is_still_missed_when(store: Store, region: str, started: datetime) -> None:
    heard(store, "old", NOON, started=NOON - timedelta(minutes=2))
    later = NOON + timedelta(minutes=5)
    heard(store, "other", later, started=started, region=region)
    assert ("old", True) in seen(store, later)
