"""What may not be kept any longer is gone: evidence first, raw rows later, nothing that is younger."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from config.model import Retention
from metrics.store.database import Store
from metrics.store.retention import forget_old
from probes.model import Evidence, FailureKind, Run

Make = Callable[..., Run]
Put = Callable[[Sequence[Run]], None]


def failed(make_run: Make, at: datetime) -> Run:
    run = make_run(at, kind=FailureKind.STATUS_5XX)
    evidence = Evidence(f"ev-{at:%d}", "GET", "https://api.example.com", {}, None, 500, {}, "…", {})
    return replace(run, steps=(replace(run.steps[0], evidence=evidence),))


def counts(store: Store) -> tuple[int, int, int]:
    tables = ("runs", "steps", "evidence")
    return tuple(store.read(lambda con, t=t: con.execute(f"SELECT count(*) FROM {t}").fetchone()[0]) for t in tables)  # type: ignore[misc,return-value]  # noqa: S608


def test_each_class_of_data_goes_at_its_own_age(store: Store, make_run: Make, put: Put, noon: datetime) -> None:
    put([failed(make_run, noon - timedelta(days=days)) for days in (1, 20, 40)])
    assert counts(store) == (3, 3, 3)
    gone = store.write(lambda con: forget_old(con, noon, Retention())).result()
    assert counts(store) == (2, 2, 1)
    assert gone == 4


def test_nothing_younger_than_its_age_goes(store: Store, make_run: Make, put: Put, noon: datetime) -> None:
    put([failed(make_run, noon - timedelta(days=14))])
    assert store.write(lambda con: forget_old(con, noon, Retention())).result() == 0
    assert counts(store) == (1, 1, 1)
