"""Keeps what a person types to a question: nothing that writes, attaches, copies, sets, or reads a file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import duckdb
from duckdb import DuckDBPyConnection, StatementType

from metrics.store.failures import NotAQuestion, one_line

_EXPLAIN: Final = re.compile(r"\A\s*EXPLAIN(?:\s+ANALYZE)?\b(?!\s*\()", re.IGNORECASE)
"""At its beginning only: in its middle, what is looked at would be another text than what is asked."""
_TABLE_FUNCTIONS: Final = frozenset(
    {
        "duckdb_columns", "duckdb_constraints", "duckdb_functions", "duckdb_indexes", "duckdb_keywords",
        "duckdb_schemas", "duckdb_tables", "duckdb_types", "duckdb_views", "generate_series", "json_each", "json_tree",
        "pragma_table_info", "pragma_version", "range", "repeat", "repeat_row", "summary", "unnest",
    }
)  # fmt: skip
"""What may stand where a table stands. Of all the others some read files, or run text that nobody has looked at."""
_REFUSED_FUNCTIONS: Final = frozenset(
    {"current_setting", "currval", "getenv", "getvariable", "nextval", "which_secret", "write_log"}
)
_REFUSED_VIEWS: Final = frozenset({"duckdb_databases", "duckdb_logs", "pg_settings", "pragma_database_list"})
_SIGN_IN: Final = frozenset({"accounts", "api_tokens", "sessions"})
"""Hashes of passwords, which nobody needs to try passwords on."""
_OWN_SCHEMAS: Final = frozenset({"", "main", "information_schema", "pg_catalog"})
_OWN_CATALOGS: Final = frozenset({"", "leadline", "memory", "system"})
_PLAIN_NAME: Final = re.compile(r"[^/\\.:*?\[\]]+")


def only_question(con: DuckDBPyConnection, sql: str) -> str:
    """The text of the one question in it; raises NotAQuestion for anything else.

    A read-only transaction is not enough: COPY … TO writes a file in one, and EXPLAIN ANALYZE runs what it explains.
    The engine itself refuses every file but those of the sealed months; those, and the tables in them, are refused
    here, because rows beyond their age may still lie there.
    """
    bare = _EXPLAIN.sub("", sql, count=1)
    try:
        bare.encode()
        statements = con.extract_statements(bare)
    except UnicodeEncodeError as err:
        raise NotAQuestion("what is asked holds half a letter (a surrogate), which no text can") from err
    except duckdb.Error as err:
        raise NotAQuestion(one_line(err)) from err
    if len(statements) != 1:
        raise NotAQuestion(f"one question at a time, this is {len(statements)}")
    if statements[0].type != StatementType.SELECT:
        raise NotAQuestion(f"only questions are answered (SELECT, EXPLAIN), not {statements[0].type.name}")
    for part in _parts(_parsed(con, bare)):
        _look_at(part)
    return sql


def _parsed(con: DuckDBPyConnection, sql: str) -> Any:
    """What the engine itself understands the text to be, so that no comment or quote hides anything."""
    row = con.execute("SELECT json_serialize_sql(?::VARCHAR)", [sql]).fetchone()
    tree = json.loads(row[0]) if row else {"error": True}
    if tree["error"]:
        raise NotAQuestion(f"this cannot be asked here: {tree.get('error_message', 'it was not understood')}")
    return tree


def _parts(node: Any) -> Iterator[dict[str, Any]]:
    waiting = [node]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            yield node
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)


def _look_at(part: dict[str, Any]) -> None:
    kind, function = part.get("type"), str(part.get("function_name", "")).lower()
    if kind == "TABLE_FUNCTION" and isinstance(part.get("function"), dict):
        name = str(part["function"].get("function_name", "")).lower()
        if name not in _TABLE_FUNCTIONS:
            raise NotAQuestion(f"{name}(…) cannot be asked: only tables, views and {', '.join(_examples())} can")
    elif function in _REFUSED_FUNCTIONS:
        raise NotAQuestion(f"{function}(…) cannot be asked: it is about the hub, not about what was measured")
    elif kind == "BASE_TABLE" or kind == "SHOW_REF":  # noqa: PLR1714 - of a constant, the type is no text
        _look_at_table(part)


def _look_at_table(part: dict[str, Any]) -> None:
    catalog, schema = str(part.get("catalog_name", "")).lower(), str(part.get("schema_name", "")).lower()
    name = str(part.get("table_name", "")).strip('"')
    if name and not _PLAIN_NAME.fullmatch(name):
        raise NotAQuestion(f"files cannot be read from here: {name!r}")
    if name.lower() in _REFUSED_VIEWS | _SIGN_IN:
        raise NotAQuestion(f"{name} cannot be asked: it is about the hub, not about what was measured")
    if catalog not in _OWN_CATALOGS or schema not in _OWN_SCHEMAS | _OWN_CATALOGS:
        raise NotAQuestion(f"{'.'.join(filter(None, (catalog, schema, name)))}: ask the views instead, such as v_runs")


def _examples() -> tuple[str, ...]:
    return ("range(…)", "unnest(…)", "duckdb_columns()")
