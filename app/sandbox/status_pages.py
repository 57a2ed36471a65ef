"""The simulated vendors' status pages, in the three formats that there are, on a port of their own: a vendor that is
down can still say so.

They tell what the vendor's fault switches do, unless its fault `status-page` says otherwise. Time is the request's.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from xml.sax.saxutils import escape

from app.sandbox.faults import FaultSwitches
from app.sandbox.messages import Delivery, Request, Response, json_response
from app.sandbox.simulator import Simulator
from app.sandbox.targets import Target

VARIABLE: Final = "STATUS_PAGES_URL"
API: Final = "API"
CONSOLE: Final = "Web console"
"""A component that is always fine."""

_OUTAGES: Final = frozenset(
    {"error-rate", "connection-refused", "reset", "corrupt-body", "truncated-body", "tls-expired"}
)
_SLOWNESS: Final = frozenset({"latency", "slow-drip", "sync-lag"})
_STATES: Final = (("investigating", "We are investigating reports of {what}."),
                  ("identified", "The cause of the {what} has been identified, and a fix is being made."))  # fmt: skip
_IDENTIFIED_AFTER: Final = timedelta(minutes=3)
_SHOWN_FOR: Final = timedelta(hours=24)
_KEPT: Final = 20


@dataclass(slots=True)
class _Notice:
    """What a vendor tells of one spell of trouble."""

    number: int
    level: str
    """outage or slow."""
    started_at: datetime
    ended_at: datetime | None = None

    @property
    def what(self) -> str:
        return "elevated error rates" if self.level == "outage" else "slow answers"

    def updates(self, now: datetime) -> list[tuple[datetime, str, str]]:
        """Newest first."""
        found = [(self.started_at, *_STATES[0])]
        if (self.ended_at or now) - self.started_at >= _IDENTIFIED_AFTER:
            found.append((self.started_at + _IDENTIFIED_AFTER, *_STATES[1]))
        if self.ended_at is not None:
            found.append((self.ended_at, "resolved", "This has been resolved: no more {what}."))
        return [(at, state, text.format(what=self.what)) for at, state, text in reversed(found)]

    @property
    def title(self) -> str:
        return f"API: {self.what}"


@dataclass(slots=True)
class _Page:
    title: str
    faults: FaultSwitches
    notices: list[_Notice] = field(default_factory=list)

    def level(self) -> str:
        """ok, slow or outage: as its own switch says, else as the faults are."""
        told = self.faults.text("status-page")
        if told is not None:
            return {"outage": "outage", "slow": "slow"}.get(told, "ok")
        on = set(self.faults.active())
        return "outage" if on & _OUTAGES else "slow" if on & _SLOWNESS else "ok"

    def catch_up(self, now: datetime) -> None:
        """Opens and ends notices as the faults are now."""
        level = self.level()
        current = self.notices[-1] if self.notices and self.notices[-1].ended_at is None else None
        if current is not None and current.level != level:
            current.ended_at = now
            current = None
        if current is None and level != "ok":
            number = self.notices[-1].number + 1 if self.notices else 1
            self.notices = [*self.notices[-_KEPT:], _Notice(number, level, now)]

    def shown(self, now: datetime) -> list[_Notice]:
        """Open ones, and those that ended within a day; newest first."""
        return [n for n in reversed(self.notices) if n.ended_at is None or now - n.ended_at <= _SHOWN_FOR]


class StatusPages:
    """`/VENDOR/api/v2/summary.json`, `/VENDOR/1.0/status/sandbox`, `/VENDOR/history.atom`."""

    def __init__(self, vendors: Mapping[str, Simulator], targets: Mapping[str, Target]) -> None:
        self._pages = {name: _Page(vendor.title, targets[name].faults) for name, vendor in vendors.items()}

    async def answer(self, request: Request) -> Delivery:
        """One request; with an `ETag`, and 304 for whoever has it already."""
        vendor, _, path = request.path.strip("/").partition("/")
        page, write = self._pages.get(vendor), _FORMATS.get(path)
        if page is None or write is None or request.method != "GET":
            return Delivery(json_response(404, {"error": f"no such page: {request.path}"}))
        page.catch_up(request.received_at)
        if page.faults.text("status-page") == "gone":
            return Delivery(json_response(503, {"error": "the status page itself is down"}))
        base = f"http://{request.headers.get('host', '127.0.0.1')}/{vendor}"
        body, content_type = write(page, base, request.received_at)
        tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        if request.headers.get("if-none-match") == tag:
            return Delivery(Response(304, b"", {"ETag": tag}))
        return Delivery(Response(200, body, {"Content-Type": content_type, "ETag": tag}))


def _at(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%S.") + f"{instant.microsecond // 1000:03d}Z"


def _statuspage(page: _Page, base: str, now: datetime) -> tuple[bytes, str]:
    level = page.level()
    health = {"ok": "operational", "slow": "degraded_performance", "outage": "major_outage"}[level]
    told = {
        "ok": ("none", "All Systems Operational"),
        "slow": ("minor", "Minor Service Outage"),
        "outage": ("critical", "Major Service Outage"),
    }
    indicator, description = told[level]
    components = [{"id": "c1", "name": API, "status": health}, {"id": "c2", "name": CONSOLE, "status": "operational"}]
    incidents = [_incident(one, base, now, components[0]) for one in page.shown(now) if one.ended_at is None]
    content = {
        "page": {"id": "sandbox", "name": page.title, "url": base, "time_zone": "Etc/UTC"},
        "components": [{**one, "group": False} for one in components],
        "incidents": incidents,
        "scheduled_maintenances": [],
        "status": {"indicator": indicator, "description": description},
    }
    return json.dumps(content).encode(), "application/json; charset=utf-8"


def _incident(one: _Notice, base: str, now: datetime, component: Mapping[str, str]) -> dict[str, Any]:
    updates = one.updates(now)
    return {
        "id": f"sandbox-{one.number}",
        "name": one.title,
        "status": updates[0][1],
        "impact": "critical" if one.level == "outage" else "minor",
        "created_at": _at(one.started_at),
        "started_at": _at(one.started_at),
        "updated_at": _at(updates[0][0]),
        "resolved_at": None,
        "shortlink": f"{base}/incidents/{one.number}",
        "components": [component],
        "incident_updates": [
            {"id": f"{one.number}-{n}", "status": state, "body": text, "created_at": _at(at), "display_at": _at(at)}
            for n, (at, state, text) in enumerate(updates)
        ],
    }


def _statusio(page: _Page, base: str, now: datetime) -> tuple[bytes, str]:
    level = page.level()
    told = {"ok": (100, "Operational"), "slow": (300, "Degraded Performance"), "outage": (500, "Service Disruption")}
    code, words = told[level]
    states = {"investigating": 100, "identified": 200, "resolved": 400}
    incidents = [
        {
            "_id": f"sandbox-{one.number}",
            "name": one.title,
            "datetime_open": _at(one.started_at),
            "components_affected": [{"_id": "c1", "name": API}],
            "messages": [
                {"details": text, "state": states[state], "status_code": told[one.level][0], "datetime": _at(at)}
                for at, state, text in one.updates(now)
            ],
        }
        for one in page.shown(now)
        if one.ended_at is None
    ]
    status = [
        {"id": "c1", "name": API, "status": words, "status_code": code},
        {"id": "c2", "name": CONSOLE, "status": "Operational", "status_code": 100},
    ]
    overall = {"updated": _at(page.notices[-1].started_at) if page.notices else None, "status": words,
               "status_code": code}  # fmt: skip
    planned: dict[str, list[Any]] = {"active": [], "upcoming": []}
    result = {"status_overall": overall, "status": status, "incidents": incidents, "maintenance": planned}
    return json.dumps({"result": result}).encode(), "application/json; charset=utf-8"


def _atom(page: _Page, base: str, now: datetime) -> tuple[bytes, str]:
    entries = "".join(_entry(one, base, now) for one in page.shown(now))
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<feed xml:lang="en-US" xmlns="http://www.w3.org/2005/Atom">'
        f"<id>tag:{escape(base)},2026:/history</id><title>{escape(page.title)} status</title>"
        f'<link rel="alternate" type="text/html" href="{escape(base)}"/>{entries}</feed>'
    )
    return text.encode(), "application/atom+xml; charset=utf-8"


def _entry(one: _Notice, base: str, now: datetime) -> str:
    updates = one.updates(now)
    content = "".join(
        f"<p><small>{at:%b %d, %H:%M} UTC</small><br><strong>{state.capitalize()}</strong> - {text}</p>"
        for at, state, text in updates
    )
    return (
        f"<entry><id>tag:sandbox,2026:Incident/{one.number}</id><published>{_at(one.started_at)}</published>"
        f"<updated>{_at(updates[0][0])}</updated>"
        f'<link rel="alternate" type="text/html" href="{escape(base)}/incidents/{one.number}"/>'
        f'<title>{escape(one.title)}</title><content type="html">{escape(content)}</content></entry>'
    )


_FORMATS: Final = {
    "api/v2/summary.json": _statuspage,
    "1.0/status/sandbox": _statusio,
    "history.atom": _atom,
}
