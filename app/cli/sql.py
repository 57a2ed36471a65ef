"""`leadline sql`: one question to the store of a running hub."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.answers import FORMATS, Format, show
from app.cli.options import DEFAULT_DATA, Data, HubUrl, Json
from app.errors import UserError

if TYPE_CHECKING:
    import pyarrow as pa

MOST_ROWS = 1_000_000


def sql(
    question: Annotated[str, typer.Argument(metavar="SQL", help="One SELECT; - reads it from stdin.")],
    form: Annotated[
        Format | None,
        typer.Option("--format", help=f"{', '.join(FORMATS)}; default: table on a terminal, csv in a pipe."),
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", min=1, max=MOST_ROWS, help="Rows at most; it is said if more.")
    ] = 10_000,
    timeout: Annotated[float, typer.Option("--timeout", min=0.1, max=300, metavar="SECONDS", help="Stop after.")] = 30,
    hub: HubUrl = None,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """Ask the measurements in SQL (DuckDB's), read-only, through the running hub. Exit 2: a mistake in the question.

    Ask the views `v_runs`, `v_steps`, `v_latency_1h`, … (docs/store.md); `leadline sql "SHOW TABLES"` lists them.
    --json is one document: `{"columns", "rows", "cut"}`.

    Example: `leadline sql "SELECT integration, quantile_disc(total_ms, 0.95) AS p95_ms FROM v_steps WHERE measured AND
    started_at > now() - INTERVAL 1 DAY GROUP BY ALL ORDER BY p95_ms DESC"`
    """
    from app.cli.hub_client import answered, hub_url

    text = sys.stdin.read() if question == "-" else question
    body = {"sql": text, "limit": limit, "timeout_s": timeout}
    with answered("POST", f"{hub_url(hub, data)}/api/v1/sql", body=body, timeout=timeout + 20) as answer:
        table = _table(answer.read())
    chosen = Format.JSON if as_json else form or (Format.TABLE if sys.stdout.isatty() else Format.CSV)
    show(table, chosen)
    cut = (table.schema.metadata or {}).get(b"leadline.cut")
    if cut:
        remedy = f"--limit (at most {MOST_ROWS:,})" if cut == b"rows" else "a question with fewer columns"
        print(f"leadline: the first {table.num_rows:,} rows, there are more: {remedy} or LIMIT", file=sys.stderr)


def _table(body: bytes) -> pa.Table:
    import pyarrow as pa

    try:
        with pa.ipc.open_stream(body) as reader:
            return reader.read_all()
    except pa.ArrowInvalid as err:
        raise UserError("what answers there is not a Leadline hub of this version", exit_code=1) from err
