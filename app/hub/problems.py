"""What the API says when it cannot do as asked: always `{"error": …}`, with a status that means it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import Match, Route

from metrics.store.failures import StoreError

_METHODS: Final = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def answer_problems(server: FastAPI, api: Iterable[APIRouter]) -> None:
    """Call it when the API's routes are there and the dashboard's, which take every other path, are not."""
    known = [route for router in api for route in router.routes if isinstance(route, Route)]

    @server.api_route("/api", methods=_METHODS)
    @server.api_route("/api/{path:path}", methods=_METHODS)
    async def unknown(request: Request) -> Response:
        partly = [route for route in known if route.matches(request.scope)[0] is Match.PARTIAL]
        allowed = sorted({method for route in partly for method in route.methods or ()})
        if allowed:
            raise HTTPException(405, f"only {', '.join(allowed)} here", {"Allow": ", ".join(allowed)})
        raise HTTPException(404, f"{request.url.path}: there is nothing of this name")

    server.add_exception_handler(HTTPException, _problem)
    server.add_exception_handler(RequestValidationError, _unfit)
    server.add_exception_handler(StoreError, _later)
    server.add_exception_handler(Exception, _bug)


async def _problem(_: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    return JSONResponse({"error": error.detail}, status_code=error.status_code, headers=error.headers)


async def _unfit(_: Request, error: Exception) -> Response:
    """Without the values: what was sent may hold a secret."""
    if not isinstance(error, RequestValidationError):
        raise error
    said = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
    return JSONResponse({"error": said}, status_code=422)


async def _later(_: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, status_code=503, headers={"Retry-After": "5"})


async def _bug(_: Request, error: Exception) -> Response:
    """The server logs the error after this answer."""
    return JSONResponse({"error": f"internal error ({type(error).__name__}); the hub's log has more"}, status_code=500)
