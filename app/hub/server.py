"""The hub's ASGI application: API for probers and people, with the dashboard on the same server."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from fastapi import FastAPI, Request, Response
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from app.dashboard import build
from app.dashboard.security import content_security_policy
from app.dashboard.view import View
from app.hub.asking import Desk
from app.hub.asking_api import asking_router
from app.hub.channels_api import channels_router
from app.hub.config_api import config_router
from app.hub.inbound_api import inbound_router
from app.hub.incidents_api import incidents_router
from app.hub.normal_api import normal_router
from app.hub.prober_api import prober_router
from app.hub.problems import answer_problems
from app.hub.public_api import public_router
from app.hub.reports_api import reports_router
from app.hub.runs_api import runs_router
from app.hub.silences_api import silences_router
from app.hub.state import HubState
from app.hub.telling import TellOfActs
from app.pulse import Why


def create_app(state: HubState, view: View) -> FastAPI:
    """Everything the hub serves. API routes come before the dashboard, whose pages take every other path."""
    server = FastAPI(title="Leadline hub", docs_url=None, redoc_url=None, openapi_url=None)
    desk = Desk(state.store)
    asked = (asking_router(state, desk), runs_router(state, desk), normal_router(state, desk))
    acted = (incidents_router(state, desk), silences_router(state, desk), channels_router(state))
    told = (reports_router(state, desk), config_router(state))
    routers = (prober_router(state), public_router(state), *told, *asked, *acted, inbound_router(state))
    for router in routers:
        server.include_router(router)
    answer_problems(server, routers)
    policy = content_security_policy(build(server, view, state.pulse))
    server.add_middleware(TellOfActs, tell=lambda: _tell(state, view))
    server.middleware("http")(_security_headers(policy))
    server.add_middleware(GZipMiddleware, minimum_size=1000)
    server.add_middleware(TrustedHostMiddleware, allowed_hosts=_allowed_hosts(state))
    return server


def _tell(state: HubState, view: View) -> None:
    view.forget()
    state.pulse.beat(Why.ACTED)


def _allowed_hosts(state: HubState) -> list[str]:
    """Names this hub answers to: a page elsewhere that makes its own name point here is turned away."""
    names = ["127.0.0.1", "localhost", "[::1]", state.config.settings.hub.host]
    if state.config.settings.hub.public_url:
        names.append(urlsplit(state.config.settings.hub.public_url).hostname or "")
    return [name for name in names if name]


Handler = Callable[[Request], Awaitable[Response]]


def _security_headers(policy: str) -> Callable[[Request, Handler], Awaitable[Response]]:
    async def middleware(request: Request, call_next: Handler) -> Response:
        response = await call_next(request)
        response.headers.setdefault("Content-Security-Policy", policy)
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "same-origin"
        response.headers["X-Frame-Options"] = "DENY"
        return response

    return middleware
