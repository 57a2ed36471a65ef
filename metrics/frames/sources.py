"""Where figures come from: a running hub, a store that no hub holds, files of an export."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Protocol

import duckdb
import httpx
import pyarrow as pa

from metrics.frames.failures import NoAnswer
from metrics.model import Window
from metrics.store.export import EXPORTS
from metrics.store.figures import Asked, figures
from metrics.store.migrations import known, migrate
from metrics.store.opening import explain
from metrics.store.sealing.layout import HOT
from metrics.store.sealing.months import columns, month_files, month_folder, quoted


class Source(Protocol):
    """What can be asked. Everything raises NoAnswer with the reason."""

    def figures(self, question: str, asked: Asked) -> pa.Table:
        """One of `metrics.store.figures.QUESTIONS`."""

    def rows(self, what: str, window: Window, integration: str | None) -> pa.Table:
        """One of `metrics.store.export.EXPORTS`."""

    def sql(self, question: str) -> pa.Table:
        """The answer to a question in SQL."""


class Hub:
    """A running hub, asked over HTTP."""

    def __init__(self, url: str, timeout_s: float = 60.0) -> None:
        self._url = url.rstrip("/")
        self._client = httpx.Client(timeout=timeout_s, trust_env=False, headers={"Accept-Encoding": "identity"})

    def figures(self, question: str, asked: Asked) -> pa.Table:
        """`GET /api/v1/figures/…`."""
        parameters = {
            "since": asked.window.start.isoformat(),
            "until": asked.window.end.isoformat(),
            "integration": asked.integration,
            **asked.narrow,
            "bucket_s": asked.bucket.total_seconds() if asked.bucket else None,
            "zone": asked.zone,
        }
        return self._ask("GET", f"/api/v1/figures/{question}", params=_given(parameters))

    def rows(self, what: str, window: Window, integration: str | None) -> pa.Table:
        """`GET /api/v1/export/…`."""
        parameters = {"since": window.start.isoformat(), "until": window.end.isoformat(), "integration": integration}
        return self._ask("GET", f"/api/v1/export/{what}", params=_given(parameters))

    def sql(self, question: str) -> pa.Table:
        """`POST /api/v1/sql`."""
        table = self._ask("POST", "/api/v1/sql", json={"sql": question, "limit": 1_000_000})
        if (table.schema.metadata or {}).get(b"leadline.cut"):
            raise NoAnswer("the answer has more rows than a hub gives at once: narrow the question, or export")
        return table

    def close(self) -> None:
        """Lets go of the connection."""
        self._client.close()

    def _ask(self, method: str, path: str, **more: Any) -> pa.Table:
        try:
            answer = self._client.request(method, self._url + path, **more)
        except httpx.HTTPError as err:
            raise NoAnswer(f"{self._url}: the hub does not answer ({err}); is it running?") from err
        if answer.is_error:
            raise NoAnswer(_reason(answer))
        try:
            with pa.ipc.open_stream(answer.content) as reader:
                return reader.read_all()
        except pa.ArrowInvalid as err:
            raise NoAnswer(f"{self._url}: what answers there is not a Leadline hub of this version") from err


def _given(parameters: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in parameters.items() if value is not None}


def _reason(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["error"])
    except (ValueError, KeyError, TypeError):
        return f"{answer.url}: {answer.status_code} {answer.reason_phrase}"


class Opened:
    """A database of our own making, asked directly."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self._con = con

    def figures(self, question: str, asked: Asked) -> pa.Table:
        """As the hub answers it."""
        return figures(self._con, question, asked)

    def rows(self, what: str, window: Window, integration: str | None) -> pa.Table:
        """As the hub exports them."""
        chosen = EXPORTS[what]
        of_one = f"AND {chosen.integration} = $integration" if integration and chosen.integration else ""
        bounds: dict[str, Any] = {"start": window.start, "end": window.end}
        sql = f"FROM {chosen.view} WHERE {chosen.at} >= $start AND {chosen.at} < $end {of_one} ORDER BY {chosen.at}"
        return self._con.execute(sql, bounds | ({"integration": integration} if of_one else {})).to_arrow_table()

    def sql(self, question: str) -> pa.Table:
        """The answer; this database is only read from."""
        try:
            return self._con.execute(question).to_arrow_table()
        except duckdb.Error as err:
            raise NoAnswer(str(err)) from err

    def close(self) -> None:
        """Lets go of the files."""
        self._con.close()


def store(path: Path) -> Opened:
    """A store that no hub holds, opened to read only."""
    if not path.exists():
        raise NoAnswer(f"{path}: there is no store")
    try:
        con = duckdb.connect(str(path), read_only=True, config=_OPTIONS)
        con.execute("SET TimeZone = 'UTC'")
        for month, file in month_files(month_folder(path)).items():
            con.execute(f"ATTACH {quoted(file)} AS {month.alias} (READ_ONLY)")
        level = con.execute("SELECT max(version) FROM schema_migrations").fetchone()
    except (duckdb.Error, OSError) as err:
        raise NoAnswer(explain(path, str(err))) from err
    newest = max(migration.version for migration in known())
    if level is None or level[0] != newest:
        con.close()
        raise NoAnswer(f"{path}: its tables are those of another version of Leadline; start its hub once")
    return Opened(con)


def files(steps: Iterable[Path], runs: Iterable[Path]) -> Opened:
    """Exported files, asked as a store would be; without roll-ups, so everything is exact."""
    con = duckdb.connect(":memory:", config=_OPTIONS)
    con.execute("SET TimeZone = 'UTC'")
    migrate(con, None)
    for table, paths in (("steps", tuple(steps)), ("runs", tuple(runs))):
        if paths:
            _stand_in(con, table, paths)
    return Opened(con)


def _stand_in(con: duckdb.DuckDBPyConnection, table: str, paths: tuple[Path, ...]) -> None:
    listed = ", ".join(quoted(path) for path in paths)
    reader = "read_csv" if paths[0].suffix == ".csv" else "read_parquet"
    try:
        there = columns(con, f"SELECT * FROM {reader}([{listed}])")  # noqa: S608 - quoted
    except duckdb.Error as err:
        raise NoAnswer(f"{paths[0]}: not an export of {table} ({str(err).splitlines()[0]})") from err
    wanted = columns(con, HOT[table])
    if missing := _NEEDED[table] - there.keys():
        raise NoAnswer(f"{paths[0]}: not an export of {table}, it has no {', '.join(sorted(missing))}")
    shown = (f'"{n}"::{kind} AS "{n}"' if n in there else f'NULL::{kind} AS "{n}"' for n, kind in wanted.items())
    con.execute(f"CREATE OR REPLACE VIEW {table} AS SELECT {', '.join(shown)} FROM {reader}([{listed}])")  # noqa: S608


_NEEDED: Final = {
    "steps": {"integration", "started_at", "outcome", "counted", "timed", "cleanup", "total_ms"},
    "runs": {"run_id", "integration", "started_at", "outcome", "slice_at", "every_s", "final"},
}
_OPTIONS: Final[dict[str, str | bool | int | float | list[str]]] = {
    "threads": 2,
    "memory_limit": "512MB",
    "autoinstall_known_extensions": "false",
}


def utc(at: datetime) -> datetime:
    """The instant; raises ValueError for one that does not say where."""
    if at.tzinfo is None:
        raise ValueError(f"{at.isoformat()}: say the time zone, such as datetime(…, tzinfo=UTC)")
    return at
