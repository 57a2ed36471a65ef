"""What the questions answer."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import uuid4

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.model import Window
from metrics.store.buckets import MOST_POINTS, choose
from metrics.store.database import Store
from metrics.store.errors import error_series, rates
from metrics.store.latency import latency, latency_series
from metrics.store.overview import integration_summaries
from metrics.store.phases import phase_series
from metrics.store.quota import quota_levels, quota_series, share_left
from metrics.store.runs import evidence, latest_runs, run
from probes.model import Assertion, Evidence, FailureKind, Outcome, QuotaReading, Run, StepResult

Put = Callable[[Sequence[Run]], None]
Make = Callable[..., Run]
HOUR = timedelta(hours=1)


def test_every_question_has_an_answer_on_an_empty_store(store: Store, noon: datetime) -> None:
    window = Window.last(HOUR, noon)
    (summary,) = store.read(lambda con: integration_summaries(con, ["hubspot"], noon))
    assert (summary.runs_24h, summary.latency_24h.p95, summary.rates_24h.server_errors) == (0, None, None)
    assert (summary.availability_30d.share, summary.availability_30d.coverage, summary.normal_p95_ms) == (None,) * 3
    assert summary.sparkline_p95 == (None,) * 48
    assert store.read(lambda con: latency(con, "hubspot", window)).p99 is None
    assert store.read(lambda con: rates(con, "hubspot", window)).network is None
    series = store.read(lambda con: latency_series(con, "hubspot", window))
    assert np.isnan(series.p95).all()
    assert (series.n == 0).all()
    assert store.read(lambda con: latest_runs(con, "hubspot")) == ()
    assert store.read(lambda con: run(con, uuid4())) is None
    assert store.read(lambda con: run(con, "no-uuid")) is None
    assert store.read(lambda con: evidence(con, "none")) is None
    assert store.read(lambda con: quota_levels(con, noon)) == ()
    assert store.read(lambda con: quota_series(con, "hubspot", window)) == ()


def test_latency_is_that_of_good_requests_only(
    store: Store, put: Put, make_run: Make, make_step: Callable[..., StepResult], noon: datetime
) -> None:
    at = noon - timedelta(minutes=5)
    cleanup = make_step(at, 9_000.0, name="cleanup", position=1, cleanup=True)
    good = make_run(at, 100.0)
    put(
        [
            replace(good, steps=(*good.steps, cleanup)),
            make_run(at, 8_000.0, kind=FailureKind.STATUS_5XX),
            replace(make_run(at, 7_000.0), outcome=Outcome.TAINTED),
            make_run(at, 6_000.0, integration="other"),
        ]
    )
    seen = store.read(lambda con: latency(con, "hubspot", Window.last(HOUR, noon)))
    assert (seen.n, seen.p50, seen.max) == (1, 100.0, 100.0)
