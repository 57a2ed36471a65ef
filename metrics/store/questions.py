"""Keeps what a person types to a question: nothing that writes, attaches, copies or sets."""

from __future__ import annotations

import re
from typing import Final

import duckdb
from duckdb import DuckDBPyConnection, StatementType

from metrics.store.failures import NotAQuestion

_EXPLAIN: Final = re.compile(r"\s*EXPLAIN(?:\s+ANALYZE)?\b(?!\s*\()", re.IGNORECASE)
_HIDING: Final = re.compile(r"/\*.*?\*/|--[^\n]*|\"", re.DOTALL)
_FILES: Final = re.compile(
    r"\b(?:read_\w+|glob|sniff_csv|parquet_\w+|\w*_scan)\s*\(|\b(?:FROM|JOIN)\s*'", re.IGNORECASE
)


def only_question(con: DuckDBPyConnection, sql: str) -> str:
    """The text of the one question in it; raises NotAQuestion for anything else.

    A read-only transaction is not enough: COPY … TO writes a file in one, and EXPLAIN ANALYZE runs what it explains.
    The engine itself refuses every file but those of the sealed months; functions that read files are refused as well,
    because rows beyond their age may still lie in them.
    """
    bare = _EXPLAIN.sub("", sql, count=1)
    try:
        statements = con.extract_statements(bare)
    except duckdb.Error as err:
        raise NotAQuestion(str(err)) from err
    if len(statements) != 1:
        raise NotAQuestion(f"one question at a time, this is {len(statements)}")
    if statements[0].type != StatementType.SELECT:
        raise NotAQuestion(f"only questions are answered (SELECT, EXPLAIN), not {statements[0].type.name}")
    if _FILES.search(_HIDING.sub("", bare)):
        raise NotAQuestion("files cannot be read from here")
    return sql
