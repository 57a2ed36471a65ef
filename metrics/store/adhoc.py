"""Answers what a person typed: one question, cut at a number of rows and of bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import duckdb
import pyarrow as pa
from duckdb import DuckDBPyConnection

from metrics.store.failures import NotAQuestion, QuestionFailed, has_given_up, one_line
from metrics.store.questions import only_question

MOST_ROWS: Final = 1_000_000
MOST_BYTES: Final = 64 << 20
_BATCH: Final = 2_048

_REMEDIES: Final = (
    ("Table with name", 'leadline sql "SHOW TABLES" lists what there is'),
    ("Referenced column", 'leadline sql "DESCRIBE v_runs" lists the columns of a view'),
    ("not found in FROM clause", 'leadline sql "DESCRIBE v_runs" lists the columns of a view'),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; `cut` says which limit it was cut at (`rows` or `bytes`), None when it is whole."""

    table: pa.Table
    cut: str | None


def answer(con: DuckDBPyConnection, sql: str, limit: int, most_bytes: int = MOST_BYTES) -> Answer:
    """The first rows of the answer; raises NotAQuestion or QuestionFailed, both on one line.

    Rows are fetched as they are made, so that no more of them are held than are given back.
    """
    question = only_question(con, sql)
    try:
        return _fetch(con.execute(question).to_arrow_reader(_BATCH), limit, most_bytes)
    except (duckdb.InterruptException, duckdb.FatalException):
        raise
    except duckdb.OutOfMemoryException as err:
        raise QuestionFailed("the question needs more memory than it may have: ask for a shorter window") from err
    except duckdb.IOException as err:
        if has_given_up(err):
            raise
        raise NotAQuestion(f"files cannot be read from here ({one_line(err)})") from err
    except (duckdb.Error, pa.ArrowException) as err:
        raise QuestionFailed(_explained(err)) from err


def _fetch(reader: Any, limit: int, most_bytes: int) -> Answer:
    held: list[pa.RecordBatch] = []
    rows = size = 0
    cut = None
    for batch in reader:
        held.append(batch)
        rows, size = rows + batch.num_rows, size + batch.nbytes
        if rows > limit:
            cut = "rows"
        elif size > most_bytes:
            cut = "bytes"
        if cut:
            break
    table = pa.Table.from_batches(held, reader.schema)
    return Answer(table.slice(0, limit), cut)


def _explained(err: Exception) -> str:
    said = one_line(err) if isinstance(err, duckdb.Error) else str(err).splitlines()[0]
    remedy = next((remedy for words, remedy in _REMEDIES if words in said), None)
    return f"{said}; {remedy}" if remedy else said
