"""Prometheus Alertmanager, API v2: validates alerts and keeps them by their labels, as Alertmanager does."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from datetime import datetime
from random import Random
from typing import Any, ClassVar, Final

from app.sandbox.messages import Request, Response, json_response
from app.sandbox.receiver import HttpReceiver

USERNAME: Final = "leadline"
_NAME: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


class Alertmanager(HttpReceiver):
    """`/api/v2/alerts` and `/api/v2/status`, behind basic authentication."""

    name = "alertmanager"
    title = "Alertmanager"
    credentials: ClassVar[Mapping[str, str]] = {"ALERTMANAGER_PASSWORD": "{alnum:24}"}

    def __init__(self, secrets: Mapping[str, str], random: Random) -> None:
        super().__init__(secrets, random)
        self.alerts: dict[tuple[tuple[str, str], ...], dict[str, Any]] = {}

    def environment(self, port: int) -> dict[str, str]:
        return {"ALERTMANAGER_URL": f"http://127.0.0.1:{port}"}

    def board(self) -> list[dict[str, Any]]:
        """Alerts, newest first, each active or resolved as of the latest word on it."""
        return list(reversed(self.alerts.values()))

    def empty(self) -> None:
        super().empty()
        self.alerts.clear()

    def refused(self, status: int) -> Response:
        return json_response(status, "rate limited" if status == 429 else "internal error")

    def respond(self, request: Request) -> Response:
        if request.credential("Basic") != self._basic():
            return Response(401, b"Unauthorized\n", {"WWW-Authenticate": "Basic"})
        if (request.method, request.path) == ("GET", "/api/v2/status"):
            return json_response(
                200, {"cluster": {"status": "disabled", "peers": []}, "versionInfo": {"version": "0.28"}}
            )
        if (request.method, request.path) == ("GET", "/api/v2/alerts"):
            return json_response(200, self.board())
        if (request.method, request.path) != ("POST", "/api/v2/alerts"):
            return json_response(404, {"code": 404, "message": f"path {request.path} was not found"})
        return self._post(request)

    def _post(self, request: Request) -> Response:
        try:
            given = request.json()
        except ValueError:
            return json_response(400, {"code": 400, "message": "parsing alerts body from '' failed"})
        if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
            return json_response(422, {"code": 602, "message": "alerts in body must be an array of objects"})
        problems = [problem for alert in given if (problem := _problem(alert))]
        for alert in given:
            if _problem(alert) is None:
                self._keep(request, alert)
        # As the real one does: what is valid is kept, what is not is told.
        return json_response(400, "; ".join(problems)) if problems else Response(200)

    def _keep(self, request: Request, alert: dict[str, Any]) -> None:
        identity = tuple(sorted(alert["labels"].items()))
        end = _instant(alert.get("endsAt"))
        active = end is None or end > request.received_at
        shown = {"state": "active" if active else "resolved", **alert, "updatedAt": request.received_at.isoformat()}
        self.alerts[identity] = shown
        while len(self.alerts) > 500:
            del self.alerts[next(iter(self.alerts))]
        line = f"{shown['state']} {alert['labels'].get('alertname')}: {alert.get('annotations', {}).get('summary', '')}"
        self.inbox.keep(request.received_at, line, alert)

    def _basic(self) -> str:
        return base64.b64encode(f"{USERNAME}:{self.secrets['ALERTMANAGER_PASSWORD']}".encode()).decode()


def _problem(alert: dict[str, Any]) -> str | None:
    labels, annotations = alert.get("labels"), alert.get("annotations", {})
    if not isinstance(labels, dict) or not any(labels.values()):
        return "at least one label pair required"
    for kind, pairs in (("label set", labels), ("annotations", annotations)):
        for name, value in pairs.items():
            if not _NAME.fullmatch(name) or not isinstance(value, str):
                return f"invalid {kind}: invalid name or value {name!r}"
    start, end = _instant(alert.get("startsAt")), _instant(alert.get("endsAt"))
    if any(given and not read for given, read in ((alert.get("startsAt"), start), (alert.get("endsAt"), end))):
        return "startsAt and endsAt must be of type date-time"
    if start and end and end < start:
        return "start time must be before end time"
    return None


def _instant(text: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None
