"""Google Ads REST: no quota headers at all; over the limit is 429 RESOURCE_EXHAUSTED with a retry delay."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from random import Random
from typing import Any, ClassVar, Final

from app.sandbox.latency import LatencyProfile
from app.sandbox.limits import CalendarDay
from app.sandbox.messages import Request, Response, json_response
from app.sandbox.simulator import Route, Simulator, route
from app.sandbox.tokens import Standing, TokenIssuer

_FAILURE: Final = "type.googleapis.com/google.ads.googleads.v25.errors.GoogleAdsFailure"
_WHEN: Final = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}[+-]\d{2}:\d{2}")
_SELECT: Final = re.compile(r"\s*SELECT\s+(?P<fields>[\w.,\s]+?)\s+FROM\s+customer\b.*", re.I | re.S)


class GoogleAds(Simulator):
    """One customer account on Basic access: 15,000 operations a day, which no header ever tells."""

    name = "google_ads"
    title = "Google Ads"
    profile = LatencyProfile(
        base_ms=180, afternoon=0.4, weekend=0.7, noise=0.17, tail=0.009, timezone="America/Los_Angeles"
    )
    credentials: ClassVar[Mapping[str, str]] = {
        "GOOGLE_ADS_CLIENT_ID": "{digits:12}-{hex:32}.apps.googleusercontent.com",
        "GOOGLE_ADS_CLIENT_SECRET": "GOCSPX-{alnum:28}",
        "GOOGLE_ADS_REFRESH_TOKEN": "1//0{alnum:60}",
        "GOOGLE_ADS_DEVELOPER_TOKEN": "{alnum:22}",
        "GOOGLE_ADS_CUSTOMER_ID": "{digits:10}",
    }

    def __init__(self, secrets: Mapping[str, str], random: Random) -> None:
        super().__init__(secrets, random)
        self.tokens = TokenIssuer(timedelta(seconds=3599), lambda: f"ya29.a0{self.hex(120)}")
        self.operations = CalendarDay(limit=15_000, timezone="America/Los_Angeles", business=3_200)

    def routes(self) -> tuple[Route, ...]:
        return (
            route("POST", "/token", self._token, is_token=True),
            route("POST", "/v25/customers/{customer}/googleAds:search", self._search),
            route("POST", "/v25/customers/{customer}:uploadClickConversions", self._upload),
        )

    def refusal(self, request: Request) -> Response | None:
        if self.tokens.standing(request.credential(), request.received_at) is not Standing.VALID:
            return self.denied(request)
        if "developer-token" not in request.headers:
            text = "Developer token is missing from the request."
            return self._failure(400, "INVALID_ARGUMENT", {"requestError": "DEVELOPER_TOKEN_PARAMETER_MISSING"}, text)
        if request.headers["developer-token"] != self.secret("DEVELOPER_TOKEN"):
            text = "The developer token is not valid."
            return self._failure(401, "UNAUTHENTICATED", {"authenticationError": "DEVELOPER_TOKEN_INVALID"}, text)
        if f"/customers/{self.secret('CUSTOMER_ID')}" not in request.path:
            text = "User doesn't have permission to access customer."
            return self._failure(403, "PERMISSION_DENIED", {"authorizationError": "USER_PERMISSION_DENIED"}, text)
        return None if self.operations.take(request.received_at) else self._exhausted("21600s")

    def headers(self, request: Request) -> dict[str, str]:
        return {"request-id": self._request_id()}

    def not_found(self, request: Request) -> Response:
        body = {"code": 404, "message": "Requested entity was not found.", "status": "NOT_FOUND"}
        return json_response(404, {"error": body})

    def throttled(self, request: Request) -> Response:
        return self._exhausted("30s")

    def denied(self, request: Request) -> Response:
        text = "Request had invalid authentication credentials. Expected OAuth 2 access token."
        return self._failure(401, "UNAUTHENTICATED", {"authenticationError": "OAUTH_TOKEN_INVALID"}, text)

    def grant_denied(self, request: Request) -> Response:
        body = {"error": "invalid_grant", "error_description": "Token has been expired or revoked."}
        return json_response(400, body)

    def broken(self, request: Request) -> Response:
        text = "Internal error encountered."
        return self._failure(500, "INTERNAL", {"internalError": "INTERNAL_ERROR"}, text)

    def _token(self, request: Request) -> Response:
        form = request.form()
        known = (self.secret("CLIENT_ID"), self.secret("CLIENT_SECRET"))
        if (form.get("client_id"), form.get("client_secret")) != known:
            body = {"error": "invalid_client", "error_description": "The OAuth client was not found."}
            return json_response(401, body)
        if form.get("grant_type") != "refresh_token":
            body = {"error": "unsupported_grant_type", "error_description": "Invalid grant_type"}
            return json_response(400, body)
        if form.get("refresh_token") != self.secret("REFRESH_TOKEN"):
            return self.grant_denied(request)
        token = self.tokens.issue(request.received_at)
        scope = "https://www.googleapis.com/auth/adwords"
        granted = {"access_token": token.text, "expires_in": 3599, "scope": scope, "token_type": "Bearer"}
        return json_response(200, granted)

    def _search(self, request: Request, customer: str) -> Response:
        matched = _SELECT.fullmatch(str(request.fields().get("query", "")))
        if matched is None:
            text = "Error in query: unexpected input."
            return self._failure(400, "INVALID_ARGUMENT", {"queryError": "UNEXPECTED_INPUT"}, text)
        fields = [field.strip() for field in matched["fields"].split(",")]
        account = {
            "resourceName": f"customers/{customer}",
            "id": customer,
            "descriptiveName": "Leadline Demo Store",
            "currencyCode": "USD",
            "timeZone": "America/Los_Angeles",
            "conversionTrackingSetting": {"conversionTrackingStatus": "CONVERSION_TRACKING_MANAGED_BY_SELF"},
        }
        mask = ",".join(_camel(field) for field in fields)
        return json_response(200, {"results": [{"customer": account}], "fieldMask": mask})

    def _upload(self, request: Request, customer: str) -> Response:
        body = request.fields()
        conversions = body.get("conversions")
        if not isinstance(conversions, list) or not conversions:
            text = "The required repeated field was empty."
            return self._failure(400, "INVALID_ARGUMENT", {"fieldError": "REQUIRED"}, text)
        problems = [p for p in enumerate(conversions) if not _is_complete(p[1])]
        results = [{} if not _is_complete(one) else _echo(one) for one in conversions]
        answer: dict[str, Any] = {} if body.get("validateOnly") else {"results": results}
        if problems:
            text = f"The required field was not present., at conversions[{problems[0][0]}]"
            answer["partialFailureError"] = {"code": 3, "message": text}
        return json_response(200, answer)

    def _exhausted(self, delay: str) -> Response:
        details = {
            "quotaErrorDetails": {
                "rateScope": "DEVELOPER",
                "rateName": "Number of operations for basic access",
                "retryDelay": delay,
            }
        }
        text = f"Too many requests. Retry in {delay.removesuffix('s')} seconds."
        return self._failure(429, "RESOURCE_EXHAUSTED", {"quotaError": "RESOURCE_EXHAUSTED"}, text, details)

    def _failure(
        self, code: int, status: str, error_code: dict[str, str], message: str, details: dict[str, Any] | None = None
    ) -> Response:
        request_id = self._request_id()
        error = {"errorCode": error_code, "message": message, **({"details": details} if details else {})}
        outer = "Resource has been exhausted (e.g. check quota)." if code == 429 else message
        failure = {"@type": _FAILURE, "errors": [error], "requestId": request_id}
        body = {"error": {"code": code, "message": outer, "status": status, "details": [failure]}}
        return json_response(code, body, {"request-id": request_id})

    def _request_id(self) -> str:
        return self.hex(17).upper()


def _is_complete(conversion: object) -> bool:
    if not isinstance(conversion, dict) or not _WHEN.fullmatch(str(conversion.get("conversionDateTime"))):
        return False
    return bool(conversion.get("gclid") and conversion.get("conversionAction"))


def _echo(conversion: dict[str, Any]) -> dict[str, Any]:
    return {name: conversion[name] for name in ("gclid", "conversionAction", "conversionDateTime")}


def _camel(field: str) -> str:
    return re.sub(r"_(\w)", lambda found: found.group(1).upper(), field)
