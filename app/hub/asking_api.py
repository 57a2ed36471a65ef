"""What people and notebooks ask of the measurements: SQL, lists of runs, exports, figures."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Final

import pyarrow as pa
from fastapi import APIRouter, HTTPException, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from app.hub.asking import Desk
from app.hub.state import HubState
from metrics.store.adhoc import MOST_ROWS, Answer, answer

ARROW: Final = "application/vnd.apache.arrow.stream"


class Asked(BaseModel):
    """The body of `POST /api/v1/sql`."""

    model_config = ConfigDict(extra="forbid")

    sql: Annotated[str, Field(max_length=100_000)]
    limit: Annotated[int, Field(ge=1, le=MOST_ROWS)] = 10_000
    timeout_s: Annotated[float, Field(gt=0, le=300)] = 30.0


def asking_router(state: HubState) -> APIRouter:
    """`/api/v1/sql`."""
    router = APIRouter(prefix="/api/v1")
    desk = Desk(state.store)

    @router.post("/sql")
    async def sql(request: Request, asked: Asked) -> Response:
        # A page elsewhere can make a browser send anything but this type without asking us first.
        if not request.headers.get("content-type", "").startswith("application/json"):
            raise HTTPException(415, "send the question as application/json")
        limit = timedelta(seconds=asked.timeout_s)
        return _arrow(await desk.answer(request, lambda con: answer(con, asked.sql, asked.limit), limit))

    return router


def _arrow(answered: Answer) -> Response:
    """The table as an Arrow stream; its schema's metadata says at which limit it was cut, if it was."""
    table = answered.table.replace_schema_metadata({"leadline.cut": answered.cut} if answered.cut else None)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return Response(sink.getvalue().to_pybytes(), media_type=ARROW)
