"""One transaction, whatever ends it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
import structlog
from duckdb import DuckDBPyConnection

_log = structlog.get_logger(__name__)


@contextmanager
def transaction(con: DuckDBPyConnection) -> Iterator[None]:
    """Commits when the block ends, rolls back when it raises."""
    con.execute("BEGIN TRANSACTION")
    try:
        yield
        con.execute("COMMIT")
    except BaseException:
        _roll_back(con)
        raise


def _roll_back(con: DuckDBPyConnection) -> None:
    try:
        con.execute("ROLLBACK")
    except duckdb.TransactionException:
        pass  # A failed COMMIT has rolled back by itself.
    except duckdb.FatalException:
        pass  # The engine has given up on the file; what was not committed is gone with it.
    except duckdb.Error:
        _log.exception("rollback failed")
