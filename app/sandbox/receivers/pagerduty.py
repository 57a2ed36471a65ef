"""PagerDuty Events API v2: validates events and keeps incidents by `dedup_key`, as PagerDuty does."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from random import Random
from typing import Any, ClassVar, Final

from app.sandbox.messages import Request, Response, json_response
from app.sandbox.receiver import HttpReceiver
from app.sandbox.telling_back import ActError, Webhook, hmac_sha256

_MAX_BODY: Final = 512_000
_ACTIONS: Final = ("trigger", "acknowledge", "resolve")
_SEVERITIES: Final = ("critical", "error", "warning", "info")

_TOLD: Final = {
    "acknowledge": ("incident.acknowledged", "acknowledged"),
    "resolve": ("incident.resolved", "resolved"),
    "unacknowledge": ("incident.unacknowledged", "triggered"),
    "reopen": ("incident.reopened", "triggered"),
    "annotate": ("incident.annotated", None),
}
"""Act → the event that tells of it, and what the incident is then; a note leaves it as it is."""


@dataclass(slots=True)
class PagedIncident:
    """One incident as the on-call engineer sees it. `pages` counts how often somebody was woken by it."""

    dedup_key: str
    status: str
    summary: str
    severity: str
    source: str
    opened_at: str
    changed_at: str
    events: int = 1
    pages: int = 1


class PagerDuty(HttpReceiver):
    """`/v2/enqueue` for incidents, `/v2/change/enqueue` for changes."""

    name = "pagerduty"
    title = "PagerDuty Events v2"
    credentials: ClassVar[Mapping[str, str]] = {
        "PAGERDUTY_ROUTING_KEY": "{hex:32}",
        "PAGERDUTY_WEBHOOK_SECRET": "{alnum:64}",
    }
    acts = tuple(_TOLD)

    def __init__(self, secrets: Mapping[str, str], random: Random) -> None:
        super().__init__(secrets, random)
        self.incidents: list[PagedIncident] = []

    def environment(self, port: int) -> dict[str, str]:
        return {"PAGERDUTY_URL": f"http://127.0.0.1:{port}"}

    def board(self) -> list[dict[str, Any]]:
        """Incidents, newest first."""
        return [asdict(incident) for incident in reversed(self.incidents)]

    def act(self, act: str, key: str, who: str, at: datetime) -> Webhook:
        """Does it to the latest incident of that dedup key, and tells of it as webhooks of version 3 do."""
        found = next((one for one in reversed(self.incidents) if one.dedup_key == key), None)
        if found is None or act not in _TOLD:
            raise ActError(f"no incident {key!r} to {act}; acts: {', '.join(_TOLD)}")
        event_type, found.status = _TOLD[act][0], _TOLD[act][1] or found.status
        found.changed_at = at.isoformat()
        event = {
            "id": f"01{self.hex(24).upper()}",
            "event_type": event_type,
            "resource_type": "incident",
            "occurred_at": at.isoformat().replace("+00:00", "Z"),
            "agent": {"id": "PADA", "summary": who, "type": "user_reference"},
            "client": None,
            "data": _data(found, act, who),
        }
        body = json.dumps({"event": event}).encode()
        signature = hmac_sha256(self.secrets["PAGERDUTY_WEBHOOK_SECRET"], body)
        headers = {"X-PagerDuty-Signature": f"v1={signature}", "Content-Type": "application/json"}
        return Webhook(body, headers)

    def empty(self) -> None:
        super().empty()
        self.incidents.clear()

    def refused(self, status: int) -> Response:
        if status == 429:
            text = "Requests for this service are arriving too quickly. Please retry later."
            return json_response(429, {"status": "throttle exceeded", "message": text})
        return json_response(status, {"status": "error", "message": "Internal Server Error"})

    def respond(self, request: Request) -> Response:
        if request.method != "POST" or request.path not in ("/v2/enqueue", "/v2/change/enqueue"):
            return json_response(404, {"status": "not found", "message": "Not Found"})
        if len(request.body) > _MAX_BODY:
            return json_response(413, {"status": "error", "message": "Payload too large"})
        event = request.fields()
        problems = _problems(event, self.secrets["PAGERDUTY_ROUTING_KEY"], change="change" in request.path)
        if problems:
            body = {"status": "invalid event", "message": "Event object is invalid", "errors": problems}
            return json_response(400, body)
        if "change" in request.path:
            self._record(request, event, f"change: {event['payload']['summary']}")
            return json_response(202, {"status": "success", "message": "Change event processed"})
        return self._enqueue(request, event)

    def _enqueue(self, request: Request, event: dict[str, Any]) -> Response:
        key = str(event.get("dedup_key") or self.hex(32))
        summary = event.get("payload", {}).get("summary", "")
        self._record(request, {**event, "dedup_key": key}, f"{event['event_action']} {key} {summary}".strip())
        self._apply(event, key, request.received_at.isoformat())
        return json_response(202, {"status": "success", "message": "Event processed", "dedup_key": key})

    def _record(self, request: Request, event: dict[str, Any], line: str) -> None:
        shown = {**event, "routing_key": f"…{str(event['routing_key'])[-4:]}"}
        self.inbox.keep(request.received_at, line, shown)

    def _apply(self, event: dict[str, Any], key: str, at: str) -> None:
        live = (i for i in reversed(self.incidents) if i.dedup_key == key and i.status != "resolved")
        incident = next(live, None)
        if event["event_action"] == "trigger" and incident is None:
            payload = event["payload"]
            opened = PagedIncident(key, "triggered", payload["summary"], payload["severity"], payload["source"], at, at)
            self.incidents.append(opened)
            del self.incidents[:-200]
            return
        if incident is None:
            return  # PagerDuty drops it silently.
        incident.events += 1
        incident.changed_at = at
        if event["event_action"] != "trigger":
            incident.status = {"acknowledge": "acknowledged", "resolve": "resolved"}[event["event_action"]]


def _data(found: PagedIncident, act: str, who: str) -> dict[str, Any]:
    """What an event is about; a note names its incident by PagerDuty's own id only."""
    number = f"P{zlib.crc32((found.dedup_key + found.opened_at).encode()):08X}"
    if act == "annotate":
        reference = {"id": number, "type": "incident_reference", "summary": found.summary}
        return {"id": f"N{number}", "type": "incident_note", "content": f"{who} looks at it", "incident": reference}
    return {
        "id": number,
        "type": "incident",
        "status": found.status,
        "incident_key": found.dedup_key,
        "title": found.summary,
        "created_at": found.opened_at,
    }


def _problems(event: dict[str, Any], routing_key: str, *, change: bool) -> list[str]:
    given = event.get("routing_key")
    if not isinstance(given, str) or len(given) != 32:
        return ["Length of 'routing_key' is incorrect (should be 32 characters)"]
    if given != routing_key:
        return ["Invalid routing key"]
    if change:
        return _payload_problems(event.get("payload"), needs_severity=False)
    problems = []
    if event.get("event_action") not in _ACTIONS:
        problems.append(f"'event_action' must be one of {', '.join(_ACTIONS)}")
    if len(str(event.get("dedup_key", ""))) > 255:
        problems.append("Length of 'dedup_key' is incorrect (should be at most 255 characters)")
    if event.get("event_action") == "trigger":
        return problems + _payload_problems(event.get("payload"), needs_severity=True)
    return problems if event.get("dedup_key") else [*problems, "'dedup_key' is missing or blank"]


def _payload_problems(payload: object, *, needs_severity: bool) -> list[str]:
    if not isinstance(payload, dict):
        return ["'payload' is missing or blank"]
    needed = ("summary", "source") if needs_severity else ("summary",)
    problems = [f"'payload.{name}' is missing or blank" for name in needed if not payload.get(name)]
    if len(str(payload.get("summary", ""))) > 1024:
        problems.append("Length of 'payload.summary' is incorrect (should be at most 1024 characters)")
    if needs_severity and payload.get("severity") not in _SEVERITIES:
        problems.append(f"'payload.severity' must be one of {', '.join(_SEVERITIES)}")
    return problems
