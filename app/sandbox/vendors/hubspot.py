"""HubSpot CRM: contacts, a search index that lags behind writes, rate headers on everything but search."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from random import Random
from typing import Any, ClassVar

from app.sandbox.latency import LatencyProfile
from app.sandbox.limits import CalendarDay, RollingWindow
from app.sandbox.messages import Request, Response, json_response
from app.sandbox.records import Record, Records
from app.sandbox.simulator import Route, Simulator, route
from app.sandbox.tokens import Standing, TokenIssuer

_CONTACTS = "/crm/v3/objects/contacts"


class HubSpot(Simulator):
    """110 calls per 10 s; a day's 250,000 are counted, and reported, for private apps only."""

    name = "hubspot"
    title = "HubSpot CRM"
    profile = LatencyProfile(base_ms=70, afternoon=0.6, weekend=0.25, noise=0.14, tail=0.006)
    credentials: ClassVar[Mapping[str, str]] = {
        "HUBSPOT_CLIENT_ID": "{uuid}",
        "HUBSPOT_CLIENT_SECRET": "{uuid}",
        "HUBSPOT_REFRESH_TOKEN": "na1-{hex:4}-{hex:12}",
        "HUBSPOT_PRIVATE_APP_TOKEN": "pat-na1-{uuid}",
    }

    def __init__(self, secrets: Mapping[str, str], random: Random) -> None:
        super().__init__(secrets, random)
        self.tokens = TokenIssuer(timedelta(seconds=1800), lambda: f"CN{self.hex(96)}")
        self.rolling = RollingWindow(limit=110, window=timedelta(seconds=10))
        self.searches = RollingWindow(limit=5, window=timedelta(seconds=1))
        self.daily = CalendarDay(limit=250_000, timezone="US/Eastern", business=61_000)
        self.contacts = Records()

    def routes(self) -> tuple[Route, ...]:
        return (
            route("POST", "/oauth/v1/token", self._token, is_token=True),
            route("POST", _CONTACTS, self._create),
            route("POST", f"{_CONTACTS}/search", self._search),
            route("GET", f"{_CONTACTS}/{{contact_id}}", self._get),
            route("DELETE", f"{_CONTACTS}/{{contact_id}}", self._delete),
            route("GET", "/account-info/v3/api-usage/daily/private-apps", self._usage),
        )

    def refusal(self, request: Request) -> Response | None:
        if not self._is_private_app(request):
            standing = self.tokens.standing(request.credential(), request.received_at)
            if standing is Standing.EXPIRED:
                return self._unauthorized("The OAuth token used to make this call expired.", "EXPIRED_AUTHENTICATION")
            if standing is not Standing.VALID:
                return self.denied(request)
        if _is_search(request):
            return None if self.searches.take(request.received_at) else self._over("SECONDLY", request)
        if not self.rolling.take(request.received_at):
            return self.throttled(request)
        if self._is_private_app(request) and not self.daily.take(request.received_at):
            return self._over("DAILY", request)
        return None

    def headers(self, request: Request) -> dict[str, str]:
        correlation = {"X-HubSpot-Correlation-Id": self.uuid()}
        if _is_search(request):
            return correlation
        daily = {
            "X-HubSpot-RateLimit-Daily": str(self.daily.limit),
            "X-HubSpot-RateLimit-Daily-Remaining": str(self.daily.remaining(request.received_at)),
        }
        return {
            **correlation,
            **(daily if self._is_private_app(request) else {}),
            "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
            "X-HubSpot-RateLimit-Max": str(self.rolling.limit),
            "X-HubSpot-RateLimit-Remaining": str(self.rolling.remaining(request.received_at)),
            "X-HubSpot-RateLimit-Secondly": str(self.rolling.limit // 10),
            "X-HubSpot-RateLimit-Secondly-Remaining": str(self.rolling.remaining(request.received_at) // 10),
        }

    def not_found(self, request: Request) -> Response:
        return self._error(404, "resource not found", category="OBJECT_NOT_FOUND")

    def throttled(self, request: Request) -> Response:
        return self._over("TEN_SECONDLY_ROLLING", request)

    def denied(self, request: Request) -> Response:
        text = "Authentication credentials not found. This API supports OAuth 2.0 authentication."
        return self._unauthorized(text, "INVALID_AUTHENTICATION")

    def grant_denied(self, request: Request) -> Response:
        if request.form().get("grant_type") == "refresh_token":
            return self._grant_error("BAD_REFRESH_TOKEN", "missing or invalid refresh token")
        return self._grant_error("BAD_CLIENT_ID", "missing or unknown client id")

    def broken(self, request: Request) -> Response:
        return self._error(503, "Service temporarily unavailable", category="INTERNAL_ERROR")

    def _token(self, request: Request) -> Response:
        form = request.form()
        if form.get("client_id") != self.secret("CLIENT_ID"):
            return self._grant_error("BAD_CLIENT_ID", "missing or unknown client id")
        if form.get("client_secret") != self.secret("CLIENT_SECRET"):
            return self._grant_error("BAD_CLIENT_SECRET", "missing or invalid client secret")
        refreshes = form.get("grant_type") == "refresh_token"
        if refreshes and form.get("refresh_token") != self.secret("REFRESH_TOKEN"):
            return self.grant_denied(request)
        if not refreshes and form.get("grant_type") != "client_credentials":
            return self._grant_error("UNSUPPORTED_GRANT_TYPE", "unsupported grant_type")
        token = self.tokens.issue(request.received_at)
        granted = {"token_type": "bearer", "access_token": token.text, "expires_in": 1800}
        return json_response(200, {**granted, **({"refresh_token": self.secret("REFRESH_TOKEN")} if refreshes else {})})

    def _create(self, request: Request) -> Response:
        properties = request.fields().get("properties")
        if not isinstance(properties, dict):
            return self._error(400, "Invalid input JSON: properties is required", category="VALIDATION_ERROR")
        known = self.contacts.find("email", properties.get("email")) if properties.get("email") else None
        if known:
            return self._error(409, f"Contact already exists. Existing ID: {known.key}", category="CONFLICT")
        lag = timedelta(seconds=self.random.uniform(0.3, 1.5))
        contact_id = str(90_000_000_000 + self.contacts.next_number())
        return json_response(201, _contact(self.contacts.put(contact_id, properties, request.received_at, lag=lag)))

    def _get(self, request: Request, contact_id: str) -> Response:
        record = self.contacts.get(contact_id)
        return json_response(200, _contact(record)) if record else self.not_found(request)

    def _delete(self, request: Request, contact_id: str) -> Response:
        self.contacts.remove(contact_id)
        return Response(204)

    def _search(self, request: Request) -> Response:
        groups = request.fields().get("filterGroups") or []
        wanted = [f for group in groups for f in group.get("filters", ()) if f.get("operator") == "EQ"]
        if not wanted:
            return self._error(400, "There was a problem with the request: no EQ filter", category="VALIDATION_ERROR")
        found = [
            _contact(record)
            for record in self.contacts.visible(request.received_at)
            if all(record.fields.get(f.get("propertyName")) == f.get("value") for f in wanted)
        ]
        return json_response(200, {"total": len(found), "results": found[:100]})

    def _usage(self, request: Request) -> Response:
        if not self._is_private_app(request):
            return self._error(403, "This endpoint is for private apps only", category="MISSING_SCOPES")
        row = {
            "name": "private-apps-api-calls-daily",
            "usageLimit": self.daily.limit,
            "currentUsage": self.daily.used(request.received_at),
            "collectedAt": _stamp(request.received_at),
            "fetchStatus": "SUCCESS",
            "resetsAt": _stamp(self.daily.reset_at(request.received_at)),
        }
        return json_response(200, {"results": [row]})

    def _is_private_app(self, request: Request) -> bool:
        return request.credential() == self.secret("PRIVATE_APP_TOKEN")

    def _over(self, policy: str, request: Request) -> Response:
        body = {
            "status": "error",
            "message": f"You have reached your {policy.lower()} limit.",
            "errorType": "RATE_LIMIT",
            "correlationId": self.uuid(),
            "policyName": policy,
            "groupName": f"publicapi:app-api-calls-{policy.lower()}:{self.secret('CLIENT_ID')[:8]}",
        }
        return json_response(429, body, {"X-HubSpot-Correlation-Id": str(body["correlationId"])})

    def _unauthorized(self, message: str, category: str) -> Response:
        return self._error(401, message, category=category)

    def _grant_error(self, status: str, message: str) -> Response:
        return json_response(400, {"status": status, "message": message, "correlationId": self.uuid()})

    def _error(self, status: int, message: str, *, category: str) -> Response:
        correlation = self.uuid()
        body = {"status": "error", "message": message, "correlationId": correlation, "category": category}
        return json_response(status, body, {"X-HubSpot-Correlation-Id": correlation})


def _is_search(request: Request) -> bool:
    return request.path.endswith("/search")


def _stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def _contact(record: Record) -> dict[str, Any]:
    stamp = _stamp(record.created_at)
    automatic = {"createdate": stamp, "hs_object_id": record.key, "lastmodifieddate": stamp}
    properties = {**record.fields, **automatic}
    return {"id": record.key, "properties": properties, "createdAt": stamp, "updatedAt": stamp, "archived": False}
