"""Tables as files that other programs open, written piece by piece as they are read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from app.hub.arrow import Sink

# What a spreadsheet takes for the beginning of a formula, also behind blanks and in the wide letters of East Asia.
_FORMULA: Final = r"^\s*[=+\-@\x{FF1D}\x{FF0B}\x{FF0D}\x{FF20}]|^[\t\r\n]"


class File(Protocol):
    """A file in the making. What it gives is to be sent in order; without `end` it is no whole file."""

    media_type: str

    def add(self, piece: pa.Table) -> bytes:
        """The next bytes."""
        ...

    def end(self) -> bytes:
        """The last ones."""
        ...


class Csv:
    """RFC 4180 with a line of names. A text that a spreadsheet would run as a formula begins with an apostrophe."""

    media_type = "text/csv; charset=utf-8"

    def __init__(self, schema: pa.Schema) -> None:
        self._sink = Sink()
        self._writer = pa_csv.CSVWriter(self._sink, schema, write_options=pa_csv.WriteOptions(quoting_style="needed"))

    def add(self, piece: pa.Table) -> bytes:
        """Lines."""
        self._writer.write_table(_harmless(piece))
        return self._sink.drained()

    def end(self) -> bytes:
        """Nothing, unless there was no row at all: then the names."""
        self._writer.close()
        return self._sink.drained()


class Parquet:
    """Apache Parquet; each piece is a row group."""

    media_type = "application/vnd.apache.parquet"

    def __init__(self, schema: pa.Schema) -> None:
        self._sink = Sink()
        self._writer = pq.ParquetWriter(self._sink, schema, compression="zstd")

    def add(self, piece: pa.Table) -> bytes:
        """A row group."""
        self._writer.write_table(piece)
        return self._sink.drained()

    def end(self) -> bytes:
        """The index of the file."""
        self._writer.close()
        return self._sink.drained()


FILES: Final[dict[str, Callable[[pa.Schema], File]]] = {"csv": Csv, "parquet": Parquet}
"""By the ending of a file's name."""


def _harmless(piece: pa.Table) -> pa.Table:
    for i, column in enumerate(piece.schema):
        if pa.types.is_string(column.type):
            piece = piece.set_column(i, column, _as_text(piece.column(i)))
    return piece


def _as_text(texts: Any) -> Any:
    risky = pc.fill_null(pc.match_substring_regex(texts, _FORMULA), False)
    return pc.if_else(risky, pc.binary_join_element_wise("'", texts, ""), texts)
