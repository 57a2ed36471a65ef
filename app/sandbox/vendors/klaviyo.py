"""Klaviyo: JSON:API, burst and steady windows; on 429 the RateLimit headers give way to Retry-After."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import timedelta
from random import Random
from typing import Any, ClassVar, Final

from app.sandbox.latency import LatencyProfile
from app.sandbox.limits import FixedWindow
from app.sandbox.messages import Request, Response, json_response
from app.sandbox.records import Record, Records
from app.sandbox.simulator import Route, Simulator, route

_JSON_API: Final = {"Content-Type": "application/vnd.api+json"}
_BY_EMAIL: Final = re.compile(r'equals\(email,["\'](.+)["\']\)')


class Klaviyo(Simulator):
    """Profiles, events and deletion jobs; size M: 10 a second and 150 a minute."""

    name = "klaviyo"
    title = "Klaviyo"
    profile = LatencyProfile(
        base_ms=110, afternoon=0.55, weekend=0.6, noise=0.15, tail=0.006, peak_hour=11, width_h=3.5
    )
    credentials: ClassVar[Mapping[str, str]] = {"KLAVIYO_API_KEY": "pk_{hex:34}"}

    def __init__(self, secrets: Mapping[str, str], random: Random) -> None:
        super().__init__(secrets, random)
        self.burst = FixedWindow(limit=10, window=timedelta(seconds=1))
        self.steady = FixedWindow(limit=150, window=timedelta(minutes=1))
        self.profiles = Records()

    def routes(self) -> tuple[Route, ...]:
        return (
            route("GET", "/api/accounts", self._accounts),
            route("POST", "/api/profiles", self._create),
            route("GET", "/api/profiles", self._find),
            route("GET", "/api/profiles/{profile_id}", self._get),
            route("POST", "/api/events", self._event),
            route("POST", "/api/data-privacy-deletion-jobs", self._forget),
        )

    def refusal(self, request: Request) -> Response | None:
        if request.credential("Klaviyo-API-Key") != self.secret("API_KEY"):
            return self.denied(request)
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}(\.\w+)?", request.headers.get("revision", "")):
            return self._error(400, "invalid", "Invalid input.", "A valid 'revision' header is required.")
        if not self.burst.take(request.received_at):
            return self._over(1)
        return None if self.steady.take(request.received_at) else self.throttled(request)

    def headers(self, request: Request) -> dict[str, str]:
        return {
            "RateLimit-Limit": str(self.steady.limit),
            "RateLimit-Remaining": str(self.steady.remaining(request.received_at)),
            "RateLimit-Reset": str(self._seconds_to_reset(request)),
            "CF-RAY": f"{self.hex(16)}-EWR",
        }

    def not_found(self, request: Request) -> Response:
        return self._error(404, "not_found", "Not found.", "The path or object could not be found.")

    def throttled(self, request: Request) -> Response:
        return self._over(self._seconds_to_reset(request))

    def denied(self, request: Request) -> Response:
        text = "Incorrect authentication credentials."
        return self._error(401, "authentication_failed", text, text)

    def grant_denied(self, request: Request) -> Response:
        return self.denied(request)

    def broken(self, request: Request) -> Response:
        return self._error(503, "service_unavailable", "Service unavailable.", "Please try again later.")

    def _accounts(self, request: Request) -> Response:
        attributes = {"test_account": True, "timezone": "US/Eastern", "preferred_currency": "USD"}
        account = {"type": "account", "id": "LdLn01", "attributes": attributes}
        return json_response(200, {"data": [account]}, _JSON_API)

    def _create(self, request: Request) -> Response:
        attributes = _data(request).get("attributes")
        if not isinstance(attributes, dict) or not attributes.get("email"):
            return self._error(400, "invalid", "Invalid input.", "'email' is required.")
        known = self.profiles.find("email", attributes["email"])
        if known:
            text = "A profile already exists with one of these identifiers."
            return self._error(409, "duplicate_profile", "Conflict.", text, {"duplicate_profile_id": known.key})
        profile_id = f"01{self.hex(24).upper()}"
        record = self.profiles.put(profile_id, attributes, request.received_at)
        return json_response(201, {"data": _profile(record)}, _JSON_API)

    def _find(self, request: Request) -> Response:
        wanted = _BY_EMAIL.fullmatch(request.query.get("filter", ""))
        record = self.profiles.find("email", wanted.group(1)) if wanted else None
        return json_response(200, {"data": [_profile(record)] if record else []}, _JSON_API)

    def _get(self, request: Request, profile_id: str) -> Response:
        record = self.profiles.get(profile_id)
        return json_response(200, {"data": _profile(record)}, _JSON_API) if record else self.not_found(request)

    def _event(self, request: Request) -> Response:
        attributes = _data(request).get("attributes")
        if not isinstance(attributes, dict) or not {"metric", "profile", "properties"} <= set(attributes):
            return self._error(400, "invalid", "Invalid input.", "'metric', 'profile' and 'properties' are required.")
        return Response(202)

    def _forget(self, request: Request) -> Response:
        profile = _data(request).get("attributes", {}).get("profile", {}).get("data", {})
        self.profiles.remove(str(profile.get("id")))
        return Response(202)

    def _seconds_to_reset(self, request: Request) -> int:
        return max(1, math.ceil((self.steady.reset_at(request.received_at) - request.received_at).total_seconds()))

    def _over(self, seconds: int) -> Response:
        text = f"Request was throttled. Expected available in {seconds} second{'s' if seconds != 1 else ''}."
        refused = self._error(429, "throttled", "Request was throttled.", text)
        return refused.with_headers({"Retry-After": str(seconds)})

    def _error(self, status: int, code: str, title: str, detail: str, meta: dict[str, str] | None = None) -> Response:
        error = {
            "id": self.uuid(),
            "status": status,
            "code": code,
            "title": title,
            "detail": detail,
            "source": {"pointer": "/data/"},
            "links": {},
            "meta": meta or {},
        }
        return json_response(status, {"errors": [error]}, _JSON_API)


def _data(request: Request) -> dict[str, Any]:
    data = request.fields().get("data")
    return data if isinstance(data, dict) else {}


def _profile(record: Record) -> dict[str, Any]:
    stamp = record.created_at.isoformat(timespec="seconds")
    attributes = {**record.fields, "created": stamp, "updated": stamp}
    links = {"self": f"https://a.klaviyo.com/api/profiles/{record.key}/"}
    return {"type": "profile", "id": record.key, "attributes": attributes, "links": links}
