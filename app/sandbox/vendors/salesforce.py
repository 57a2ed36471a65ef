"""Salesforce REST: Lead records, SOQL by one field, used/limit in `Sforce-Limit-Info`, a rolling day."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from random import Random
from typing import Any, ClassVar, Final

from app.sandbox.latency import LatencyProfile
from app.sandbox.limits import RollingWindow
from app.sandbox.messages import Request, Response, json_response
from app.sandbox.records import Record, Records
from app.sandbox.simulator import Route, Simulator, route
from app.sandbox.tokens import Standing, TokenIssuer

DAILY: Final = 100_000
_OTHERS: Final = 10_000
"""Calls that the org's other integrations make in any 24 hours."""
_SOQL: Final = re.compile(
    r"SELECT\s+([\w,\s]+?)\s+FROM\s+Lead\s+WHERE\s+(\w+)\s*=\s*'([^']*)'(?:\s+LIMIT\s+\d+)?", re.I
)


class Salesforce(Simulator):
    """One org with 100,000 calls per rolling 24 hours."""

    name = "salesforce"
    title = "Salesforce"
    profile = LatencyProfile(base_ms=95, afternoon=0.5, weekend=0.2, noise=0.15, tail=0.007, timezone="America/Chicago")
    credentials: ClassVar[Mapping[str, str]] = {
        "SALESFORCE_CLIENT_ID": "3MVG9{alnum:76}",
        "SALESFORCE_CLIENT_SECRET": "{hex:64}",
    }

    def __init__(self, secrets: Mapping[str, str], random: Random) -> None:
        super().__init__(secrets, random)
        self.tokens = TokenIssuer(timedelta(hours=2), lambda: f"00D{self.hex(12).upper()}!AQ{self.hex(92)}")
        self.daily = RollingWindow(limit=DAILY - _OTHERS, window=timedelta(hours=24))
        self.leads = Records()

    def routes(self) -> tuple[Route, ...]:
        data = "/services/data/v{version}"
        return (
            route("POST", "/services/oauth2/token", self._token, is_token=True),
            route("POST", f"{data}/sobjects/Lead", self._versioned(self._create)),
            route("GET", f"{data}/sobjects/Lead/{{lead_id}}", self._versioned(self._get)),
            route("DELETE", f"{data}/sobjects/Lead/{{lead_id}}", self._versioned(self._delete)),
            route("GET", f"{data}/query", self._versioned(self._query)),
            route("GET", f"{data}/limits", self._versioned(self._limits)),
        )

    def refusal(self, request: Request) -> Response | None:
        if self.tokens.standing(request.credential(), request.received_at) is not Standing.VALID:
            return self.denied(request)
        return None if self.daily.take(request.received_at) else self.throttled(request)

    def headers(self, request: Request) -> dict[str, str]:
        return {"Sforce-Limit-Info": f"api-usage={_OTHERS + self.daily.used(request.received_at)}/{DAILY}"}

    def not_found(self, request: Request) -> Response:
        return _error(404, "NOT_FOUND", "The requested resource does not exist")

    def throttled(self, request: Request) -> Response:
        refused = _error(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
        return refused.with_headers({"Sforce-Limit-Info": f"api-usage={DAILY}/{DAILY}"})

    def denied(self, request: Request) -> Response:
        refused = _error(401, "INVALID_SESSION_ID", "Session expired or invalid")
        return refused.with_headers({"WWW-Authenticate": "Token"})

    def grant_denied(self, request: Request) -> Response:
        return json_response(400, {"error": "invalid_grant", "error_description": "no client credentials user enabled"})

    def broken(self, request: Request) -> Response:
        return _error(503, "SERVER_UNAVAILABLE", "This Salesforce instance is temporarily unavailable")

    def _token(self, request: Request) -> Response:
        form = request.form()
        if form.get("grant_type") != "client_credentials":
            body = {"error": "unsupported_grant_type", "error_description": "grant type not supported"}
            return json_response(400, body)
        if form.get("client_id") != self.secret("CLIENT_ID"):
            body = {"error": "invalid_client_id", "error_description": "client identifier invalid"}
            return json_response(400, body)
        if form.get("client_secret") != self.secret("CLIENT_SECRET"):
            body = {"error": "invalid_client", "error_description": "invalid client credentials"}
            return json_response(400, body)
        token = self.tokens.issue(request.received_at)
        host = request.headers.get("host", "localhost")
        return json_response(
            200,
            {
                "access_token": token.text,
                "signature": self.hex(44),
                "scope": "api",
                "instance_url": f"https://{host}",
                "id": f"https://{host}/id/{token.text[:15]}/005000000000001AAA",
                "token_type": "Bearer",
                "issued_at": str(int(request.received_at.timestamp() * 1000)),
            },
        )

    def _versioned(self, handle: Callable[..., Response]) -> Callable[..., Response]:
        """API versions die: v30 and older are gone, v31 to v40 carry a warning."""

        def checked(request: Request, version: str, **groups: str) -> Response:
            major = int(version.split(".", maxsplit=1)[0]) if version.split(".", maxsplit=1)[0].isdigit() else 0
            if major <= 30:
                return _error(410, "UNSUPPORTED_API_VERSION", f"API version {version} is retired")
            response = handle(request, **groups)
            warning = {"Warning": '299 - "This API is deprecated and will be removed by Summer \'28"'}
            return response.with_headers(warning) if major <= 40 else response

        return checked

    def _create(self, request: Request) -> Response:
        fields = request.fields()
        missing = [name for name in ("LastName", "Company") if not fields.get(name)]
        if missing:
            text = f"Required fields are missing: [{', '.join(missing)}]"
            body = [{"message": text, "errorCode": "REQUIRED_FIELD_MISSING", "fields": missing}]
            return json_response(400, body)
        lead_id = self.take_lead(fields, request.received_at)
        return json_response(201, {"id": lead_id, "success": True, "errors": []})

    def take_lead(self, fields: Mapping[str, Any], now: datetime, lag: timedelta = timedelta(0)) -> str:
        """A new lead, there for everybody after `lag`, and updated if its address is known → its id."""
        known = self.leads.find("Email", fields["Email"]) if fields.get("Email") and lag else None
        lead_id = known.key if known else f"00Q{self.leads.next_number():012d}AAA"
        self.leads.put(lead_id, dict(fields), now, lag=lag)
        return lead_id

    def _get(self, request: Request, lead_id: str) -> Response:
        record = self.leads.get(lead_id)
        if record is None or record.visible_at > request.received_at:
            return self.not_found(request)
        created = record.created_at.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
        body = {**_attributes(record), "Id": record.key, "IsDeleted": False, **record.fields, "CreatedDate": created}
        return json_response(200, body)

    def _delete(self, request: Request, lead_id: str) -> Response:
        return Response(204) if self.leads.remove(lead_id) else _error(404, "ENTITY_IS_DELETED", "entity is deleted")

    def _query(self, request: Request) -> Response:
        matched = _SOQL.fullmatch(request.query.get("q", "").strip())
        if matched is None:
            return _error(400, "MALFORMED_QUERY", "unexpected token in query")
        columns = [column.strip() for column in matched.group(1).split(",")]
        name, value = matched.group(2), matched.group(3)
        there = self.leads.visible(request.received_at)
        record = next((one for one in there if value == (one.key if name == "Id" else one.fields.get(name))), None)
        found = [] if record is None else [_row(record, columns)]
        return json_response(200, {"totalSize": len(found), "done": True, "records": found})

    def _limits(self, request: Request) -> Response:
        left = self.daily.remaining(request.received_at)
        return json_response(
            200,
            {
                "DailyApiRequests": {"Max": DAILY, "Remaining": left},
                "DailyAsyncApexExecutions": {"Max": 250_000, "Remaining": 250_000},
                "DailyBulkApiBatches": {"Max": 15_000, "Remaining": 15_000},
                "DataStorageMB": {"Max": 10_240, "Remaining": 7_411},
            },
        )


def _attributes(record: Record) -> dict[str, Any]:
    return {"attributes": {"type": "Lead", "url": f"/services/data/v61.0/sobjects/Lead/{record.key}"}}


def _row(record: Record, columns: list[str]) -> dict[str, Any]:
    values = {**record.fields, "Id": record.key}
    return {**_attributes(record), **{column: values.get(column) for column in columns}}


def _error(status: int, code: str, message: str) -> Response:
    return json_response(status, [{"message": message, "errorCode": code}])
