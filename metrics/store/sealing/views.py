"""The views that questions ask: hot rows, and the sealed rows that count."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from duckdb import DuckDBPyConnection

from metrics.store.sealing.layout import RAW, Month, RawTable
from metrics.store.sealing.months import attached
from metrics.store.sealing.state import SealingState

_Columns = dict[tuple[str, str], dict[str, str]]
"""(database, table) → column → type."""


def show(con: DuckDBPyConnection, state: SealingState) -> None:
    """Writes the views anew, inside the caller's transaction if there is one."""
    months = [month for month in attached(con) if state.kept_from is None or month.end > state.kept_from]
    columns = _columns(con)
    for table in RAW:
        wanted = columns["", table.hot]
        hot = _select(wanted, wanted, table.hot)
        sealed = [_sealed(table, month, wanted, columns[month.alias, table.name], state) for month in months]
        con.execute(f"CREATE OR REPLACE VIEW {table.name} AS {' UNION ALL '.join([hot, *sealed])}")
        if table.name == "runs":
            only = " UNION ALL ".join(sealed) or f"{hot} WHERE false"
            con.execute(f"CREATE OR REPLACE VIEW sealed_runs AS {only}")


def _columns(con: DuckDBPyConnection) -> _Columns:
    found: _Columns = defaultdict(dict)
    rows = con.execute(
        "SELECT if(database_name = current_database(), '', database_name), table_name, column_name, data_type "
        "FROM duckdb_columns() WHERE table_name IN (SELECT unnest(?)) ORDER BY column_index",
        [[name for table in RAW for name in (table.hot, table.name)]],
    )
    for database, table, column, kind in rows.fetchall():
        found[database, table][column] = kind
    return found


def _sealed(table: RawTable, month: Month, wanted: dict[str, str], there: dict[str, str], state: SealingState) -> str:
    # Numbers and instants are literals, so that the planner can leave a month out without reading of it.
    shown = f"{_select(wanted, there, f'{month.alias}.{table.name}')} WHERE seal <= {state.visible}"
    return f"{shown} AND {table.at} >= {instant(state.kept_from)}" if state.kept_from else shown


def _select(wanted: dict[str, str], there: dict[str, str], table: str) -> str:
    columns = (f'"{name}"' if name in there else f'NULL::{kind} AS "{name}"' for name, kind in wanted.items())
    return f"SELECT {', '.join(columns)} FROM {table}"  # noqa: S608 - names out of the catalogue


def instant(at: datetime) -> str:
    """The instant as a literal of SQL."""
    return f"TIMESTAMPTZ '{at.isoformat()}'"
