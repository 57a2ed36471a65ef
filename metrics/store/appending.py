"""Arrow tables into tables of the store."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Final

import pyarrow as pa
from duckdb import DuckDBPyConnection

from metrics.store.sealing.layout import HOT

Append = Callable[[DuckDBPyConnection, str, pa.Table], None]
_NUMBERS: Final = count(1)


def append(con: DuckDBPyConnection, table: str, rows: pa.Table) -> None:
    """INSERT … SELECT of an Arrow table whose columns are named as the table's; raw rows go to the hot one."""
    if rows.num_rows == 0:
        return
    con.register("incoming", rows)
    try:
        con.execute(_insert(table, "incoming"))
    finally:
        con.unregister("incoming")


class Appender:
    """`append`, planned once for each table: a few rows of many columns cost a third of it.

    For one thread, and for tables whose Arrow schema stays the same. What it prepares is part of the transaction that
    it first appends in: after one that failed, call `forget`.
    """

    def __init__(self) -> None:
        self._con: DuckDBPyConnection | None = None
        self._prepared: dict[str, _Prepared] = {}
        self._ready: set[str] = set()

    def forget(self) -> None:
        """Everything is prepared anew, under the names it had: the engine keeps each name as long as the connection."""
        self._ready.clear()

    def __call__(self, con: DuckDBPyConnection, table: str, rows: pa.Table) -> None:
        if rows.num_rows == 0:
            return
        if con is not self._con:
            self._con, self._prepared, self._ready = con, {}, set()
        if table not in self._prepared:
            self._prepared[table] = _Prepared(table, rows.schema)
        if table not in self._ready:
            self._prepared[table].prepare(con)
            self._ready.add(table)
        self._prepared[table].append(con, rows)


class _Prepared:
    def __init__(self, table: str, schema: pa.Schema) -> None:
        self._nothing = self._rows = schema.empty_table()
        self._table = table
        self._name = f"incoming_{next(_NUMBERS)}"

    def prepare(self, con: DuckDBPyConnection) -> None:
        con.register(self._name, self)
        con.execute(f"PREPARE {self._name} AS {_insert(self._table, self._name)}")

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """The rows of this time: what the prepared statement reads."""
        return self._rows.__arrow_c_stream__(requested_schema)

    def append(self, con: DuckDBPyConnection, rows: pa.Table) -> None:
        self._rows = rows
        try:
            con.execute(f"EXECUTE {self._name}")
        finally:
            self._rows = self._nothing


def _insert(table: str, source: str) -> str:
    return f"INSERT INTO {HOT.get(table, table)} BY NAME SELECT * FROM {source}"  # noqa: S608 - names of ours
