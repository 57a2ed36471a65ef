"""Prints a table of figures: for people, for a spreadsheet, for a program."""

from __future__ import annotations

import csv
import json
import math
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta
from datetime import time as clock_time
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, TextIO

if TYPE_CHECKING:
    import pyarrow as pa

WIDEST: Final = 60
"""Characters of one cell of a table for people; the other formats cut nothing."""
_BATCH: Final = 5_000


class Format(StrEnum):
    """How an answer is printed."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    NDJSON = "ndjson"


FORMATS: Final = tuple(form.value for form in Format)


def show(table: pa.Table, form: Format, out: TextIO | None = None) -> None:
    """Print the table; instants as ISO 8601 in UTC, what is missing as nothing (CSV, table) or null (JSON)."""
    _PRINTERS[form](table, out or sys.stdout)


def plain(value: Any) -> Any:
    """The value in terms of JSON. A figure that JSON has no word for (NaN, infinity) is null."""
    if isinstance(value, (tuple, list)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if value is None or isinstance(value, (str, int)):
        return value
    known = next((told for kind, told in _TOLD if isinstance(value, kind)), str)
    return known(value)


def _number(value: float | Decimal) -> int | float | None:
    if not math.isfinite(value):
        return None
    return int(value) if isinstance(value, Decimal) and value == value.to_integral_value() else float(value)


def _instant(value: datetime) -> str:
    if value.tzinfo is None:
        return value.isoformat()
    text = value.isoformat(timespec="microseconds" if value.microsecond else "seconds")
    return text.replace("+00:00", "Z")


_TOLD: Final[tuple[tuple[Any, Callable[[Any], Any]], ...]] = (
    ((float, Decimal), _number),
    (datetime, _instant),
    ((date, clock_time), lambda value: value.isoformat()),
    (timedelta, timedelta.total_seconds),
    (bytes, bytes.hex),
)


def _rows(table: pa.Table) -> Iterator[list[Any]]:
    for batch in table.to_batches(max_chunksize=_BATCH):
        columns = [_values(column) for column in batch.columns]
        for row in zip(*columns, strict=True) if columns else ():
            yield [plain(value) for value in row]


def _values(column: pa.Array) -> list[Any]:
    try:
        return list(column.to_pylist())
    except OverflowError:
        return [_value(one) for one in column]


def _value(one: pa.Scalar) -> Any:
    """Null for an instant that there is no date for: an endless one, or the year 10000."""
    try:
        return one.as_py()
    except OverflowError:
        return None


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list)) else str(value)


def _csv(table: pa.Table, out: TextIO) -> None:
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(table.column_names)
    writer.writerows([_text(value) for value in row] for row in _rows(table))


def _json(table: pa.Table, out: TextIO) -> None:
    cut = (table.schema.metadata or {}).get(b"leadline.cut")
    columns = [{"name": field.name, "type": str(field.type)} for field in table.schema]
    head = json.dumps({"columns": columns, "cut": cut.decode() if cut else None}, ensure_ascii=False)
    out.write(f'{head[:-1]}, "rows": [')
    for place, row in enumerate(_objects(table)):
        out.write(f"{',' if place else ''}\n  {json.dumps(row, ensure_ascii=False)}")
    out.write("\n]}\n")


def _ndjson(table: pa.Table, out: TextIO) -> None:
    for row in _objects(table):
        out.write(json.dumps(row, ensure_ascii=False) + "\n")


def _objects(table: pa.Table) -> Iterator[dict[str, Any]]:
    names = _distinct(table.column_names)
    return (dict(zip(names, row, strict=True)) for row in _rows(table))


def _distinct(names: Iterable[str]) -> list[str]:
    """Of columns that bear the same name none may get lost: the second `n` becomes `n_1`."""
    given: dict[str, None] = {}
    for name in names:
        number, wanted = 0, name
        while wanted in given:
            number += 1
            wanted = f"{name}_{number}"
        given[wanted] = None
    return list(given)


def _people(table: pa.Table, out: TextIO) -> None:
    names = table.column_names
    rows = [[_cell(value) for value in row] for row in _rows(table)]
    right = [_is_number(field.type) for field in table.schema]
    widths = [max([len(name), *(len(row[place]) for row in rows)]) for place, name in enumerate(names)]
    for row in (names, ["─" * width for width in widths], *rows):
        cells = (
            cell.rjust(width) if number else cell.ljust(width)
            for cell, width, number in zip(row, widths, right, strict=True)
        )
        out.write("  ".join(cells).rstrip() + "\n")
    out.write(f"({len(rows):,} row{'' if len(rows) == 1 else 's'})\n")


def _cell(value: Any) -> str:
    # A vendor's words may hold what a terminal obeys.
    text = "".join(letter if letter.isprintable() else " " for letter in _text(value))
    return text if len(text) <= WIDEST else text[: WIDEST - 1] + "…"


def _is_number(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


_PRINTERS: Final = {Format.TABLE: _people, Format.CSV: _csv, Format.JSON: _json, Format.NDJSON: _ndjson}
