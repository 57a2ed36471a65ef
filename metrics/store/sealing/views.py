"""The views that questions ask: hot rows, and the sealed rows that count."""

from __future__ import annotations

from datetime import datetime

from duckdb import DuckDBPyConnection

from metrics.store.sealing.layout import RAW, Month, RawTable
from metrics.store.sealing.months import attached, columns
from metrics.store.sealing.packing import shown
from metrics.store.sealing.state import SealingState


def show(con: DuckDBPyConnection, state: SealingState) -> None:
    """Writes the views anew, inside the caller's transaction if there is one."""
    months = [month for month in attached(con) if state.kept_from is None or month.end > state.kept_from]
    for table in RAW:
        wanted = columns(con, table.hot)
        hot = f"SELECT {shown(table.name, wanted, wanted)} FROM {table.hot}"  # noqa: S608 - names out of the catalogue
        sealed = [_sealed(con, table, month, wanted, state) for month in months]
        con.execute(f"CREATE OR REPLACE VIEW {table.name} AS {' UNION ALL '.join([hot, *sealed])}")
        if table.name == "runs":
            only = " UNION ALL ".join(sealed) or f"{hot} WHERE false"
            con.execute(f"CREATE OR REPLACE VIEW sealed_runs AS {only}")


def _sealed(con: DuckDBPyConnection, table: RawTable, month: Month, wanted: dict[str, str], state: SealingState) -> str:
    # Numbers and instants are literals, so that the planner can leave a month out without reading of it.
    place = f"{month.alias}.{table.name}"
    row = shown(table.name, wanted, columns(con, place))
    sealed = f"SELECT {row} FROM {place} WHERE seal <= {state.visible}"  # noqa: S608 - names out of the catalogue
    return f"{sealed} AND {table.at} >= {instant(state.kept_from)}" if state.kept_from else sealed


def instant(at: datetime) -> str:
    """The instant as a literal of SQL."""
    return f"TIMESTAMPTZ '{at.isoformat()}'"
