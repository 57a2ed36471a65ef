"""Who may reach which route. Every route of the hub stands here, and a test walks the hub's routes to hold that; one
that does not is for admins, or for viewers if it is a page."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

from starlette.routing import compile_path

from app.hub.actor import Role


class Need(StrEnum):
    """What a request has to come with."""

    PUBLIC = "public"
    """Nothing, on purpose."""
    PROBER = "prober"
    """The bearer token of a region's prober; its routes look at it themselves."""
    VIEWER = "viewer"
    RESPONDER = "responder"
    ADMIN = "admin"

    @property
    def role(self) -> Role | None:
        """The least role that will do; None where none is asked for."""
        return None if self in (Need.PUBLIC, Need.PROBER) else Role(self.value)


SOCKET: Final = "WEBSOCKET"

ACCESS: Final[tuple[tuple[str, str, Need], ...]] = (
    # For load balancers: one word each.
    ("GET", "/healthz", Need.PUBLIC),
    ("GET", "/readyz", Need.PUBLIC),
    # Style and scripts of pages, the same for everybody.
    ("GET", "/assets/{path:path}", Need.PUBLIC),
    ("GET", "/_favicon.ico", Need.PUBLIC),
    ("GET", "/plain.css", Need.PUBLIC),
    # Signing in itself.
    ("GET", "/sign-in", Need.PUBLIC),
    ("POST", "/sign-in", Need.PUBLIC),
    ("GET", "/sign-in/oidc", Need.PUBLIC),
    ("GET", "/sign-in/oidc/back", Need.PUBLIC),
    ("POST", "/sign-out", Need.PUBLIC),
    # Pages that the configuration makes public, by name.
    ("GET", "/status/{flow}", Need.PUBLIC),
    # What services tell back: each message carries the service's signature, which the route checks.
    ("POST", "/api/v1/inbound/{kind}/{name}", Need.PUBLIC),
    ("GET", "/api/v1/prober/config", Need.PROBER),
    ("POST", "/api/v1/prober/batches", Need.PROBER),
    ("POST", "/api/v1/prober/heartbeat", Need.PROBER),
    ("GET", "/my-sessions", Need.VIEWER),
    ("POST", "/my-sessions/end", Need.VIEWER),
    ("GET", "/session", Need.VIEWER),
    # The dashboard: what it changes goes through the API.
    ("GET", "/", Need.VIEWER),
    ("GET", "/_dash-component-suites/{package_name}/{fingerprinted_path:path}", Need.VIEWER),
    ("GET", "/_dash-layout", Need.VIEWER),
    ("GET", "/_dash-dependencies", Need.VIEWER),
    ("POST", "/_dash-update-component", Need.VIEWER),
    ("GET", "/_reload-hash", Need.VIEWER),
    (SOCKET, "/api/v1/live", Need.VIEWER),
    (SOCKET, "/_dash-ws-callback", Need.ADMIN),  # Dash's own, over which nothing speaks.
    ("GET", "/metrics", Need.VIEWER),
    ("GET", "/api/v1/status", Need.VIEWER),
    ("GET", "/api/v1/config", Need.VIEWER),
    ("POST", "/api/v1/sql", Need.VIEWER),  # Reads only.
    ("GET", "/api/v1/figures/{question}", Need.VIEWER),
    ("GET", "/api/v1/export/{what}", Need.VIEWER),
    ("GET", "/api/v1/explorer/rows", Need.VIEWER),
    ("GET", "/api/v1/explorer/count", Need.VIEWER),
    ("GET", "/api/v1/explorer/runs.{kind}", Need.VIEWER),
    ("GET", "/api/v1/run-requests", Need.VIEWER),
    ("POST", "/api/v1/run-requests", Need.RESPONDER),
    ("GET", "/api/v1/changes", Need.VIEWER),
    ("POST", "/api/v1/changes", Need.RESPONDER),
    ("GET", "/api/v1/runs", Need.VIEWER),
    ("GET", "/api/v1/runs/{run_id}", Need.VIEWER),
    ("GET", "/api/v1/evidence/{evidence_id}", Need.VIEWER),
    ("GET", "/api/v1/normal", Need.VIEWER),
    ("POST", "/api/v1/normal/accept", Need.RESPONDER),
    ("POST", "/api/v1/normal/exclude", Need.RESPONDER),
    ("GET", "/api/v1/evaluations", Need.VIEWER),
    ("GET", "/api/v1/incidents", Need.VIEWER),
    ("GET", "/api/v1/incidents/{incident_id}", Need.VIEWER),
    ("POST", "/api/v1/incidents/{incident_id}/comment", Need.RESPONDER),
    ("POST", "/api/v1/incidents/{incident_id}/{act}", Need.RESPONDER),
    ("GET", "/api/v1/silences", Need.VIEWER),
    ("POST", "/api/v1/silences", Need.RESPONDER),
    ("POST", "/api/v1/silences/preview", Need.VIEWER),  # Reads only.
    ("POST", "/api/v1/silences/{silence_id}/end", Need.RESPONDER),
    ("GET", "/api/v1/channels", Need.VIEWER),
    ("POST", "/api/v1/channels/{name}/test", Need.RESPONDER),
    ("GET", "/api/v1/reports", Need.VIEWER),
    ("GET", "/api/v1/reports/weekly", Need.VIEWER),
    ("GET", "/api/v1/reports/incident/{incident_id}", Need.VIEWER),
    ("GET", "/reports/weekly", Need.VIEWER),
    ("GET", "/reports/weekly/{week}", Need.VIEWER),
    ("GET", "/reports/incident/{incident_id}", Need.VIEWER),
    ("GET", "/api/v1/users", Need.ADMIN),
    ("POST", "/api/v1/users", Need.ADMIN),
    ("POST", "/api/v1/users/{name}/{act}", Need.ADMIN),
    ("GET", "/api/v1/sessions", Need.ADMIN),
    ("POST", "/api/v1/sessions/{session_id}/end", Need.ADMIN),
    ("GET", "/api/v1/tokens", Need.ADMIN),
    ("POST", "/api/v1/tokens", Need.ADMIN),
    ("POST", "/api/v1/tokens/{name}/revoke", Need.ADMIN),
    # What there is not: said to those who may know.
    ("GET", "/api", Need.VIEWER),
    ("GET", "/api/{path:path}", Need.VIEWER),
    ("GET", "/{path:path}", Need.VIEWER),
)
_PATTERNS: Final[tuple[tuple[str, re.Pattern[str], Need], ...]] = tuple(
    (method, compile_path(path)[0], need) for method, path, need in ACCESS
)


def need_of(method: str, path: str) -> Need:
    """What a request of that method for that path has to come with. A WebSocket's method is `SOCKET`."""
    asked = "GET" if method in ("HEAD", "OPTIONS") else method
    for listed, pattern, need in _PATTERNS:
        if listed == asked and pattern.match(path):
            return need
    return Need.VIEWER if asked == "GET" else Need.ADMIN
