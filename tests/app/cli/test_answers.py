"""What an answer looks like when it is printed."""

from __future__ import annotations

import io
import json

import duckdb
import pytest

from app.cli.answers import Format, show


def printed(sql: str, form: Format) -> str:
    with duckdb.connect() as con:
        table = con.execute(sql).to_arrow_table()
    out = io.StringIO()
    show(table, form, out)
    return out.getvalue()


@pytest.mark.parametrize("never", ["'infinity'::TIMESTAMPTZ", "'-infinity'::DATE", "DATE '10000-01-01'"])
@pytest.mark.parametrize("form", list(Format))
def test_an_instant_that_there_is_no_date_for_is_printed_like_nothing(never: str, form: Format) -> None:
    kind = "DATE" if "DATE" in never else "TIMESTAMPTZ"
    assert printed(f"SELECT {never} AS at, 7 AS n", form) == printed(f"SELECT NULL::{kind} AS at, 7 AS n", form)


def test_the_instants_beside_one_are_as_they_were() -> None:
    told = printed("SELECT unnest(['infinity'::TIMESTAMP, '2026-11-20 08:00:00']) AS at", Format.NDJSON)
    assert [json.loads(line)["at"] for line in told.splitlines()] == [None, "2026-11-20T08:00:00"]
