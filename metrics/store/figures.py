"""The store's questions by name, each answered as a table with units in its columns' names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pyarrow as pa
from duckdb import DuckDBPyConnection

from metrics.model import Latency, Rates, Window
from metrics.store.availability import availabilities
from metrics.store.errors import error_series, rates
from metrics.store.failures import QuestionFailed
from metrics.store.latency import latency, latency_series
from metrics.store.phases import phase_series
from metrics.store.quota import quota_series
from metrics.store.weeks import hour_of_week, week_window

MOST_BUCKETS: Final = 100_000
"""Points of a series that somebody chose the buckets of."""
SHORTEST: Final = timedelta(seconds=1)
LONGEST: Final = timedelta(days=366)
_TIME: Final = pa.timestamp("us", tz="UTC")
_CLASSES: Final = ("client_errors", "server_errors", "throttled", "network", "correctness")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a question is about. Without an integration: all of them, for questions that can be put about all."""

    window: Window
    integration: str | None = None
    workflow: str | None = None
    step: str | None = None
    region: str | None = None
    bucket: timedelta | None = None
    """Length of the buckets of a series; None: the finest with at most 400 points."""
    zone: str = "UTC"
    """Whose wall clock weeks and their hours are told by."""

    @property
    def narrow(self) -> dict[str, Any]:
        """What narrows the attempts of an integration."""
        return {"workflow": self.workflow, "step": self.step, "region": self.region}

    @property
    def one(self) -> str:
        """The integration; raises QuestionFailed without one."""
        if self.integration is None:
            raise QuestionFailed("integration: say which one; this question is about one at a time")
        return self.integration


def figures(con: DuckDBPyConnection, question: str, asked: Asked) -> pa.Table:
    """The answer to one of QUESTIONS; raises QuestionFailed for what cannot be asked."""
    if question not in QUESTIONS:
        raise QuestionFailed(f"{question}: no such question; there are {', '.join(QUESTIONS)}")
    _check(asked)
    return QUESTIONS[question](con, asked)


def _check(asked: Asked) -> None:
    if asked.window.start >= asked.window.end:
        raise QuestionFailed("the window is empty: it begins at its end or later")
    if asked.bucket is not None and not SHORTEST <= asked.bucket <= LONGEST:
        raise QuestionFailed("bucket: between a second and a year, please")
    if asked.bucket is not None and asked.window.length / asked.bucket > MOST_BUCKETS:
        raise QuestionFailed(f"bucket: the window would have more than {MOST_BUCKETS:,}; choose a longer one")


def integrations(con: DuckDBPyConnection) -> list[str]:
    """Every integration that was ever measured."""
    known = con.execute("SELECT DISTINCT integration FROM schedule_changes ORDER BY ALL").fetchall()
    found = known or con.execute("SELECT DISTINCT integration FROM steps ORDER BY ALL").fetchall()
    return [name for (name,) in found]


def time_zone(name: str) -> ZoneInfo:
    """The zone of that name; raises QuestionFailed."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as err:
        raise QuestionFailed(f"{name}: no such time zone; write it as Europe/Berlin") from err


def _names(con: DuckDBPyConnection, asked: Asked) -> list[str]:
    return integrations(con) if asked.integration is None else [asked.integration]


def _latency(con: DuckDBPyConnection, asked: Asked) -> pa.Table:
    names = _names(con, asked)
    found = [latency(con, name, asked.window, **asked.narrow) for name in names]
    return pa.table({"integration": _texts(names)} | _latency_columns(found))


def _latency_columns(found: Sequence[Latency]) -> dict[str, Any]:
    figures = {f"{name}_ms": _reals(getattr(one, name) for one in found) for name in ("p50", "p95", "p99", "max")}
    return (
        {"n": _whole(one.n for one in found)} | figures | {"exact": pa.array([one.exact for one in found], pa.bool_())}
    )


def _rates(con: DuckDBPyConnection, asked: Asked) -> pa.Table:
    names = _names(con, asked)
    return pa.table(
        {"integration": _texts(names)}
        | _rate_columns([rates(con, name, asked.window, **asked.narrow) for name in names])
    )


def _rate_columns(found: Sequence[Rates]) -> dict[str, Any]:
    shares = {f"{name}_share": _reals(getattr(one, name) for one in found) for name in _CLASSES}
    return {"requests": _whole(one.requests for one in found)} | shares


def _latency_series(con: DuckDBPyConnection, asked: Asked) -> pa.Table:
    seen = latency_series(con, asked.one, asked.window, **asked.narrow, bucket=asked.bucket)
    percentiles = {f"{name}_ms": _gaps(getattr(seen, name)) for name in ("p50", "p95", "p99", "ttfb_p95")}
    exact = pa.array([seen.exact] * len(seen.t_ms), pa.bool_())
    return pa.table({"bucket_at": _instants(seen.t_ms), "n": _counts(seen.n)} | percentiles | {"exact": exact})


def _errors(con: DuckDBPyConnection, asked: Asked) -> pa.Table:
    seen = error_series(con, asked.one, asked.window, **asked.narrow, bucket=asked.bucket)
    counts = {name: _gaps(getattr(seen, name)) for name in _CLASSES}
    return pa.table({"bucket_at": _instants(seen.t_ms), "requests": _counts(seen.requests)} | counts)


def _phases(con: DuckDBPyConnection, asked: Asked) -> pa.Table:
    seen = phase_series(con, asked.one, asked.window, **asked.narrow, bucket=asked.bucket)
    phases = {f"{name}_ms": _gaps(getattr(seen, name)) for name in ("dns", "connect", "tls", "wait", "download")}
    statistic = _texts([seen.statistic] * len(seen.t_ms))
    return pa.table({"bucket_at": _instants(seen.t_ms), "n": _counts(seen.n)} | phases | {"statistic": statistic})


def _availability(con: DuckDBPyConnection, asked: Asked) -> pa.Table:
    names = _names(con, asked)
    return pa.table({"integration": _texts(names)} | _availability_columns(con, names, asked.window))


def _availability_columns(con: DuckDBPyConnection, names: Sequence[str], window: Window) -> dict[str, Any]:
    found = availabilities(con, names, window)
    counts = {f"{name}_slices": _whole(getattr(one, name) for one in found) for name in ("good", "bad", "expected")}
    shares = {"availability": _reals(one.share for one in found), "coverage": _reals(one.coverage for one in found)}
    return counts | shares | {"simulated_slices": _whole(one.simulated for one in found)}


def _hour_of_week(con: DuckDBPyConnection, asked: Asked) -> pa.Table:
    weeks = max(1, asked.window.length // timedelta(weeks=1))
    seen = hour_of_week(con, asked.one, weeks, time_zone(asked.zone), asked.window.end, **asked.narrow)
    columns = {"n": _counts(seen.n.ravel()), "p50_ms": _gaps(seen.p50.ravel()), "p95_ms": _gaps(seen.p95.ravel())}
    days, hours = np.repeat(np.arange(7), 24), np.tile(np.arange(24), 7)
    return pa.table({"weekday": pa.array(days), "hour": pa.array(hours)} | columns)


def _weeks(con: DuckDBPyConnection, asked: Asked) -> pa.Table:
    """Each integration in the week that holds the window's start, and in the one before."""
    zone, names = time_zone(asked.zone), _names(con, asked)
    local = asked.window.start.astimezone(zone).date()
    monday = local - timedelta(days=local.weekday())
    return pa.concat_tables([_week(con, asked, names, start, zone) for start in (monday, monday - timedelta(weeks=1))])


def _week(con: DuckDBPyConnection, asked: Asked, names: Sequence[str], monday: date, zone: ZoneInfo) -> pa.Table:
    window = week_window(monday, zone)
    return pa.table(
        {"integration": _texts(names), "week": pa.array([monday] * len(names), pa.date32())}
        | _rate_columns([rates(con, name, window, **asked.narrow) for name in names])
        | _latency_columns([latency(con, name, window, **asked.narrow) for name in names])
        | _availability_columns(con, names, window)
    )


def _quota(con: DuckDBPyConnection, asked: Asked) -> pa.Table:
    found = quota_series(con, asked.one, asked.window)
    same = {
        name: [getattr(one.level, name) for one in found for _ in one.t_ms] for name in ("credential", "bucket", "unit")
    }
    at = np.concatenate([one.t_ms for one in found]) if found else np.zeros(0)
    left = np.concatenate([one.left for one in found]) if found else np.zeros(0)
    return pa.table(
        {"observed_at": _instants(at)} | {n: _texts(t) for n, t in same.items()} | {"left_share": _gaps(left)}
    )


def _texts(texts: Iterable[str]) -> pa.Array:
    return pa.array(list(texts), pa.string())


def _whole(counts: Iterable[int]) -> pa.Array:
    return pa.array(list(counts), pa.int64())


def _reals(numbers: Iterable[float | None]) -> pa.Array:
    return pa.array(list(numbers), pa.float64())


def _counts(column: Any) -> pa.Array:
    return pa.array(np.asarray(column, np.float64).astype(np.int64))


def _gaps(column: Any) -> pa.Array:
    return pa.array(np.asarray(column, np.float64), pa.float64(), from_pandas=True)


def _instants(t_ms: Any) -> pa.Array:
    return pa.array(np.round(np.asarray(t_ms, np.float64) * 1000).astype(np.int64)).cast(_TIME)


QUESTIONS: Final[dict[str, Callable[[DuckDBPyConnection, Asked], pa.Table]]] = {
    "latency": _latency,
    "rates": _rates,
    "latency_series": _latency_series,
    "errors": _errors,
    "phases": _phases,
    "availability": _availability,
    "hour_of_week": _hour_of_week,
    "weeks": _weeks,
    "quota": _quota,
}
"""Question → its answer as a table. Instants are UTC, figures without data null."""


def week_start(week: str) -> datetime:
    """Monday of an ISO week such as 2026-W47, as a date at midnight; raises ValueError."""
    return datetime.strptime(f"{week}-1", "%G-W%V-%u")  # noqa: DTZ007 - a day on the wall clock of any zone
