"""Which views are there for people and BI tools, and what does each of their columns hold?"""

from __future__ import annotations

from dataclasses import dataclass

from duckdb import DuckDBPyConnection


@dataclass(frozen=True, slots=True)
class Described:
    """A view, and its columns as name, type and what they hold."""

    name: str
    holds: str
    columns: tuple[tuple[str, str, str], ...]


def documented_views(con: DuckDBPyConnection) -> tuple[Described, ...]:
    """Every view that is made for people (`v_…`), by name, with its columns in order."""
    views = con.execute(_VIEWS).fetchall()
    return tuple(Described(name, holds or "", tuple(con.execute(_COLUMNS, [name]).fetchall())) for name, holds in views)


_VIEWS = """
SELECT view_name, comment FROM duckdb_views() WHERE NOT internal AND starts_with(view_name, 'v_') ORDER BY view_name
"""
_COLUMNS = """
SELECT column_name, data_type, coalesce(comment, '') FROM duckdb_columns() WHERE table_name = ? AND NOT internal
ORDER BY column_index
"""
