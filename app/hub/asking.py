"""Puts a question to the store for a client that may go away before it is answered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final, TypeVar

import duckdb
from duckdb import DuckDBPyConnection
from fastapi import HTTPException, Request

from app.hub.state import HubState
from app.moments import moment
from metrics.model import Window
from metrics.store.database import Store
from metrics.store.failures import NotAQuestion, QuestionFailed, ReadTimeout

T = TypeVar("T")

JSON: Final = "application/json"
AT_ONCE: Final = 2
"""People's questions that are answered at the same time; others wait, so that pages and evaluations get their turn."""
_AGAIN_S: Final = 0.1
_GONE: Final = 499
"""The client went away; nobody reads this status."""


class Desk:
    """Where people's questions are answered, a few at a time."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._free = asyncio.Semaphore(AT_ONCE)

    async def answer(
        self, request: Request, question: Callable[[DuckDBPyConnection], T], within: timedelta | None = None
    ) -> T:
        """What the question answers; it is interrupted at its time limit, and when the client hangs up.

        Raises HTTPException with a status that means it: 400 for a mistake in the question, 408 for a slow one.
        """
        async with self._free:
            cursors: list[DuckDBPyConnection] = []

            def ask(con: DuckDBPyConnection) -> T:
                cursors.append(con)
                return question(con)

            asked = asyncio.ensure_future(asyncio.to_thread(self._store.read, ask, timeout=within))
            try:
                await _until_done_or_gone(request, asked)
            finally:
                await _interrupt(cursors, asked)
        try:
            return asked.result()
        except (NotAQuestion, QuestionFailed) as err:
            raise HTTPException(400, str(err)) from err
        except ReadTimeout as err:
            raise HTTPException(408, str(err)) from err
        except duckdb.InterruptException as err:
            raise HTTPException(_GONE, "the client went away") from err

    async def next_to_others(self, work: Callable[[], T]) -> T:
        """What the work gives, done on a thread when it is its turn; for what asks the store by itself, bit by bit."""
        async with self._free:
            return await asyncio.to_thread(work)


def only_json(request: Request) -> None:
    """Refuses a body of another type: a page elsewhere can make a browser send any but this one without asking us."""
    if not request.headers.get("content-type", "").startswith(JSON):
        raise HTTPException(415, f"send it as {JSON}")


def window_of(state: HubState, since: str, until: str) -> Window:
    """What a query's `since` and `until` mean; raises HTTPException."""
    try:
        window = Window(*(moment(text, state.clock()) for text in (since, until)))
    except ValueError as err:
        raise HTTPException(400, str(err)) from err
    if window.start >= window.end:
        raise HTTPException(400, f"since ({window.start.isoformat()}) is not before until ({window.end.isoformat()})")
    return window


async def _until_done_or_gone(request: Request, asked: asyncio.Future[T]) -> None:
    # Not request.is_disconnected(): it cannot see through a middleware.
    gone = asyncio.ensure_future(_hung_up(request))
    either: set[asyncio.Future[Any]] = {asked, gone}
    try:
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    finally:
        gone.cancel()
        await asyncio.wait({gone})


async def _hung_up(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _interrupt(cursors: list[DuckDBPyConnection], asked: asyncio.Future[T]) -> None:
    # Again and again: an interrupt that falls between two statements of a question is lost.
    while not asked.done():
        for cursor in cursors:
            with suppress(duckdb.Error):
                cursor.interrupt()
        await asyncio.wait({asked}, timeout=_AGAIN_S)
