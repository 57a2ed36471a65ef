"""Every question as a pandas DataFrame."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from types import TracebackType
from typing import Final
from zoneinfo import ZoneInfo

import pandas as pd

from metrics.frames.failures import NoAnswer
from metrics.frames.sources import Hub, Opened, files, store, utc
from metrics.model import Window
from metrics.store.failures import QuestionFailed
from metrics.store.figures import Asked, time_zone, week_start

_COMPARED: Final = ("requests", "p50_ms", "p95_ms", "p99_ms", "availability")


class Leadline:
    """What Leadline has measured, for notebooks.

    `Leadline("http://127.0.0.1:8050")` asks a running hub, `Leadline.of_store(".leadline")` the store of a data
    directory that no hub holds, `Leadline.of_files(steps="steps.parquet")` what `leadline export` wrote. All answer
    alike.

    `about` is the window, `last` (a length, up to now) or `start` and `end` (aware instants), by default the last 24
    hours; and, of figures, `workflow`, `step`, `region` and (of series) `bucket`. Names of columns carry their unit:
    `_ms` milliseconds, `_share` 0…1, anything without one a count or a text. Indices of time are UTC. What has no data
    is missing (NaN), never 0. Everything raises NoAnswer with the reason.
    """

    def __init__(self, hub_url: str, *, timeout_s: float = 60.0) -> None:
        self._source: Hub | Opened = Hub(hub_url, timeout_s)

    @classmethod
    def of_store(cls, data: str | Path = ".leadline") -> Leadline:
        """The store in a data directory, read only; NoAnswer while a hub holds it."""
        return cls._of(store(Path(data) / "leadline.duckdb"))

    @classmethod
    def of_files(cls, *, steps: str | Path | Iterable[Path] = (), runs: str | Path | Iterable[Path] = ()) -> Leadline:
        """Exports of steps and of runs. Latency, rates, errors and phases need steps, availability and runs need runs;
        how many slices were expected is not in an export."""
        return cls._of(files(_paths(steps), _paths(runs)))

    @classmethod
    def _of(cls, source: Opened) -> Leadline:
        made = cls.__new__(cls)
        made._source = source
        return made

    def __enter__(self) -> Leadline:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of the hub or the files."""
        self._source.close()

    def latency(self, integration: str | None = None, **about: object) -> pd.DataFrame:
        """`n`, `p50_ms`, `p95_ms`, `p99_ms`, `max_ms` of good attempts by integration; `exact` False: within 1 %."""
        return self._figures("latency", integration, about).set_index("integration")

    def rates(self, integration: str | None = None, **about: object) -> pd.DataFrame:
        """`requests` and the share of each class of errors by integration."""
        return self._figures("rates", integration, about).set_index("integration")

    def availability(self, integration: str | None = None, **about: object) -> pd.DataFrame:
        """`good_slices`, `bad_slices`, `expected_slices` of the schedule, `availability`, `coverage` by integration."""
        return self._figures("availability", integration, about).set_index("integration")

    def latency_series(self, integration: str, **about: object) -> pd.DataFrame:
        """`n`, `p50_ms`, `p95_ms`, `p99_ms`, `ttfb_p95_ms` by bucket; `bucket=timedelta(…)` chooses its length."""
        return self._figures("latency_series", integration, about).set_index("bucket_at")

    def errors(self, integration: str, **about: object) -> pd.DataFrame:
        """`requests` and the count of each class of errors by bucket."""
        return self._figures("errors", integration, about).set_index("bucket_at")

    def phases(self, integration: str, **about: object) -> pd.DataFrame:
        """`dns_ms`, `connect_ms`, `tls_ms`, `wait_ms`, `download_ms` by bucket: the `statistic`, median or mean."""
        return self._figures("phases", integration, about).set_index("bucket_at")

    def hour_of_week(self, integration: str, *, weeks: int = 4, zone: str = "UTC", **about: object) -> pd.DataFrame:
        """`n`, `p50_ms`, `p95_ms` by weekday (0 = Monday) and hour on the wall clock of the zone."""
        asked = {"last": timedelta(weeks=weeks), "zone": zone} | about
        return self._figures("hour_of_week", integration, asked).set_index(["weekday", "hour"])

    def weekly(self, week: str | None = None, *, integration: str | None = None, zone: str = "UTC") -> pd.DataFrame:
        """The figures of an ISO week (`2026-W47`; default: the last whole one) by integration, with those of the week
        before in columns `…_before` and the difference in `…_change`."""
        window = _week(week, _zone(zone))
        both = self._figures("weeks", integration, {"start": window.start, "end": window.end, "zone": zone})
        mondays = sorted(both["week"].unique())
        before, this = (both[both["week"] == monday].set_index("integration") for monday in mondays)
        for name in _COMPARED:
            this[f"{name}_before"] = before[name]
            this[f"{name}_change"] = this[name] - before[name]
        return this

    def quota(self, integration: str, **about: object) -> pd.DataFrame:
        """`left_share` of every bucket of the vendor's quota over time, with `credential`, `bucket` and `unit`."""
        return self._figures("quota", integration, about).set_index("observed_at")

    def runs(self, integration: str | None = None, **about: object) -> pd.DataFrame:
        """Every run of the window (view `v_runs`)."""
        return self._rows("runs", integration, about).set_index("started_at")

    def steps(self, integration: str | None = None, **about: object) -> pd.DataFrame:
        """Every attempt at a step of the window (view `v_steps`)."""
        return self._rows("steps", integration, about).set_index("started_at")

    def recorded(self, integration: str | None = None, **about: object) -> pd.DataFrame:
        """Every number that runs recorded (view `v_recorded`); a name that ends in _ms is milliseconds."""
        return self._rows("recorded", integration, about).set_index("started_at")

    def incidents(self, integration: str | None = None, **about: object) -> pd.DataFrame:
        """Incidents that opened in the window (view `v_incidents`), of the integration as their subject or of all."""
        return self._rows("incidents", integration, about).set_index("opened_at")

    def sql(self, question: str) -> pd.DataFrame:
        """The answer to one SELECT over the views."""
        return self._source.sql(question).to_pandas()

    def _figures(self, question: str, integration: str | None, about: dict[str, object]) -> pd.DataFrame:
        more = dict(about)
        window = _window(more)
        try:
            asked = Asked(window, integration, **more)  # type: ignore[arg-type]
        except TypeError as err:
            raise NoAnswer(f"{question}: {err}") from err
        try:
            return self._source.figures(question, asked).to_pandas()
        except QuestionFailed as err:
            raise NoAnswer(str(err)) from err

    def _rows(self, what: str, integration: str | None, about: dict[str, object]) -> pd.DataFrame:
        more = dict(about)
        window = _window(more)
        if more:
            raise NoAnswer(f"{what}: {', '.join(more)} cannot be chosen here; filter the frame")
        return self._source.rows(what, window, integration).to_pandas()


def _window(about: dict[str, object]) -> Window:
    """Takes `last`, `start` and `end` out of what was given; without any, the last 24 hours."""
    last, start, end = (about.pop(name, None) for name in ("last", "start", "end"))
    until = utc(end) if isinstance(end, datetime) else _now()
    if isinstance(start, datetime):
        return Window(utc(start), until)
    return Window(until - (last if isinstance(last, timedelta) else timedelta(days=1)), until)


def _now() -> datetime:
    return pd.Timestamp.now("UTC").to_pydatetime()  # type: ignore[no-any-return]


def _zone(name: str) -> ZoneInfo:
    try:
        return time_zone(name)
    except QuestionFailed as err:
        raise NoAnswer(str(err)) from err


def _week(week: str | None, zone: ZoneInfo) -> Window:
    if week is None:
        today = _now().astimezone(zone).date()
        monday = today - timedelta(days=today.weekday() + 7)
    else:
        try:
            monday = week_start(week).date()
        except ValueError as err:
            raise NoAnswer(f"{week}: write an ISO week, such as 2026-W47") from err
    return Window(_midnight(monday, zone), _midnight(monday + timedelta(weeks=1), zone))


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _paths(given: str | Path | Iterable[Path]) -> tuple[Path, ...]:
    return (Path(given),) if isinstance(given, (str, Path)) else tuple(Path(path) for path in given)
