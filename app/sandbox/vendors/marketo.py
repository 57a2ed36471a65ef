"""Marketo Engage REST: failures live inside HTTP 200, in `errors[].code`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from random import Random
from typing import Any, ClassVar, Final
from zoneinfo import ZoneInfo

from app.sandbox.latency import LatencyProfile
from app.sandbox.limits import CalendarDay, RollingWindow
from app.sandbox.messages import Request, Response, html_response, json_response
from app.sandbox.records import Record, Records
from app.sandbox.simulator import Route, Simulator, route
from app.sandbox.tokens import Standing, TokenIssuer

CONCURRENT: Final = 10
_MAX_BODY: Final = 1024 * 1024
_MAX_URI: Final = 8 * 1024


class Marketo(Simulator):
    """Identity, leads and usage; 50,000 calls a day (US Central), 100 per 20 s, 10 at a time."""

    name = "marketo"
    title = "Marketo Engage"
    profile = LatencyProfile(base_ms=150, afternoon=0.8, weekend=0.3, noise=0.16, tail=0.008, timezone="US/Central")
    credentials: ClassVar[Mapping[str, str]] = {"MARKETO_CLIENT_ID": "{uuid}", "MARKETO_CLIENT_SECRET": "{alnum:32}"}

    def __init__(self, secrets: Mapping[str, str], random: Random) -> None:
        super().__init__(secrets, random)
        self.tokens = TokenIssuer(timedelta(seconds=3600), lambda: f"{self.uuid()}:sj")
        self.daily = CalendarDay(limit=50_000, timezone="US/Central", business=18_000)
        self.rate = RollingWindow(limit=100, window=timedelta(seconds=20))
        self.leads = Records()
        self.lead_written: Callable[[Mapping[str, Any], datetime], None] = lambda _lead, _now: None
        """Told of every lead that is written; the sync into a CRM listens."""

    def routes(self) -> tuple[Route, ...]:
        return (
            route("GET", "/identity/oauth/token", self._token, is_token=True),
            route("POST", "/identity/oauth/token", self._token, is_token=True),
            route("POST", "/rest/v1/leads.json", self._upsert),
            route("GET", "/rest/v1/leads.json", self._find),
            route("DELETE", "/rest/v1/leads.json", self._delete),
            route("POST", "/rest/v1/leads/delete.json", self._delete),
            route("GET", "/rest/v1/lead/{lead_id}.json", self._get),
            route("GET", "/rest/v1/stats/usage.json", self._usage),
        )

    def refusal(self, request: Request) -> Response | None:
        return _too_large(request) or self._denial(request) or self._over_limit(request)

    def _denial(self, request: Request) -> Response | None:
        standing = self.tokens.standing(request.credential(), request.received_at)
        if standing is Standing.VALID:
            return None
        if standing is Standing.MISSING:
            return self._error("600", "Access token not specified")
        return self._error("602", "Access token expired") if standing is Standing.EXPIRED else self.denied(request)

    def _over_limit(self, request: Request) -> Response | None:
        if request.in_flight > CONCURRENT:
            return self._error("615", "Concurrent access limit reached")
        if self.daily.remaining(request.received_at) == 0:
            return self._error("607", "Daily API Request Limit Reached")
        if not self.rate.take(request.received_at):
            return self.throttled(request)
        self.daily.take(request.received_at)
        return None

    def not_found(self, request: Request) -> Response:
        return self._error("610", "Requested resource not found")

    def throttled(self, request: Request) -> Response:
        return self._error("606", "Max rate limit '100' exceeded with in '20' secs")

    def denied(self, request: Request) -> Response:
        return self._error("601", "Access token invalid")

    def grant_denied(self, request: Request) -> Response:
        given = request.query.get("client_id", "")
        text = f"No client with requested id: {given}"
        return json_response(401, {"error": "invalid_client", "error_description": text})

    def broken(self, request: Request) -> Response:
        return html_response(502, "<html><body><h1>502 Bad Gateway</h1></body></html>")

    def _token(self, request: Request) -> Response:
        given = {**request.query, **request.form()}
        if given.get("client_id") != self.secret("CLIENT_ID"):
            return self.grant_denied(request)
        if given.get("client_secret") != self.secret("CLIENT_SECRET"):
            return json_response(401, {"error": "invalid_client", "error_description": "Bad client credentials"})
        if given.get("grant_type") != "client_credentials":
            text = f"Unsupported grant type: {given.get('grant_type')}"
            return json_response(400, {"error": "unsupported_grant_type", "error_description": text})
        token = self.tokens.current(request.received_at)
        left = token.seconds_left(request.received_at)
        return json_response(
            200,
            {"access_token": token.text, "token_type": "bearer", "expires_in": left, "scope": "probe@leadline.example"},
        )

    def _upsert(self, request: Request) -> Response:
        given = request.fields().get("input")
        if not isinstance(given, list) or not all(isinstance(lead, dict) for lead in given):
            return self._error("609", "Invalid JSON")
        return self._result([self._upsert_one(request, lead) for lead in given[:300]])

    def _upsert_one(self, request: Request, lead: dict[str, Any]) -> dict[str, Any]:
        if not lead.get("email"):
            reason = {"code": "1003", "message": "Email is required for the lookup"}
            return {"status": "skipped", "reasons": [reason]}
        known = self.leads.find("email", lead["email"])
        lead_id = known.key if known else str(1_000_000 + self.leads.next_number())
        written = self.leads.put(lead_id, {**(known.fields if known else {}), **lead}, request.received_at)
        self.lead_written(written.fields, request.received_at)
        return {"id": int(lead_id), "status": "updated" if known else "created"}

    def _find(self, request: Request) -> Response:
        kind = request.query.get("filterType", "")
        values = request.query.get("filterValues", "").split(",")
        if not kind:
            return self._error("1003", "filterType must be specified")
        found = (self.leads.get(value) if kind == "id" else self.leads.find(kind, value) for value in values)
        return self._result([_lead(record) for record in found if record])

    def _get(self, request: Request, lead_id: str) -> Response:
        record = self.leads.get(lead_id)
        return self._result([_lead(record)]) if record else self._error("1004", "Lead not found")

    def _delete(self, request: Request) -> Response:
        given = request.fields().get("input") or [{"id": i} for i in request.query.get("id", "").split(",") if i]
        return self._result([self._delete_one(str(lead.get("id"))) for lead in given if isinstance(lead, dict)])

    def _delete_one(self, lead_id: str) -> dict[str, Any]:
        number = int(lead_id) if lead_id.isdigit() else None
        if self.leads.remove(lead_id):
            return {"id": number, "status": "deleted"}
        return {"id": number, "status": "skipped", "reasons": [{"code": "1004", "message": "Lead not found"}]}

    def _usage(self, request: Request) -> Response:
        used = self.daily.used(request.received_at)
        today = request.received_at.astimezone(ZoneInfo(self.daily.timezone)).date().isoformat()
        users = [{"userId": "probe@leadline.example", "count": used}]
        return self._result([{"date": today, "total": used, "users": users}])

    def _result(self, result: list[dict[str, Any]]) -> Response:
        return json_response(200, {"requestId": self._request_id(), "result": result, "success": True})

    def _error(self, code: str, message: str) -> Response:
        errors = [{"code": code, "message": message}]
        return json_response(200, {"requestId": self._request_id(), "success": False, "errors": errors})

    def _request_id(self) -> str:
        return f"{self.hex(4)}#{self.hex(11)}"


def _too_large(request: Request) -> Response | None:
    if len(request.body) > _MAX_BODY:
        return html_response(413, "<h1>413 Request Entity Too Large</h1>")
    if len(request.path) + sum(len(k) + len(v) for k, v in request.query.items()) > _MAX_URI:
        return html_response(414, "<h1>414 Request-URI Too Large</h1>")
    return None


def _lead(record: Record) -> dict[str, Any]:
    stamp = record.created_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    wanted = {name: record.fields.get(name) for name in ("email", "firstName", "lastName")}
    return {"id": int(record.key), "updatedAt": stamp, "createdAt": stamp, **wanted}
