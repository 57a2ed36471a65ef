"""Shopify Admin API: a leaky bucket for REST, points for GraphQL, versions that fall forward."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from random import Random
from typing import Any, ClassVar, Final

from app.sandbox.latency import LatencyProfile
from app.sandbox.limits import LeakyBucket
from app.sandbox.messages import Request, Response, json_response
from app.sandbox.records import Record, Records
from app.sandbox.simulator import Route, Simulator, route

VERSIONS: Final = ("2025-10", "2026-01", "2026-04", "2026-07", "2026-10")
DEPRECATED: Final = VERSIONS[0]
_SHOP: Final = {"id": 548380009, "name": "Leadline Demo Store", "domain": "leadline-demo.example", "currency": "USD",
                "plan_name": "basic", "myshopify_domain": "leadline-demo.myshopify.com"}  # fmt: skip
_FIRST: Final = re.compile(r"\bfirst\s*:\s*(\d+)")


class Shopify(Simulator):
    """One shop on the Basic plan: 40 calls leaking at 2 a second; 2,000 points restored at 100 a second."""

    name = "shopify"
    title = "Shopify"
    profile = LatencyProfile(base_ms=90, afternoon=0.7, weekend=1.1, noise=0.15, tail=0.008, peak_hour=20, width_h=3)
    credentials: ClassVar[Mapping[str, str]] = {"SHOPIFY_ACCESS_TOKEN": "shpat_{hex:32}"}

    def __init__(self, secrets: Mapping[str, str], random: Random) -> None:
        super().__init__(secrets, random)
        self.calls = LeakyBucket(capacity=40, per_second=2)
        self.points = LeakyBucket(capacity=2000, per_second=100)
        self.drafts = Records()

    def routes(self) -> tuple[Route, ...]:
        api = "/admin/api/{version}"
        return (
            route("GET", f"{api}/shop.json", self._shop),
            route("POST", f"{api}/draft_orders.json", self._create_draft),
            route("GET", f"{api}/draft_orders/{{draft_id}}.json", self._get_draft),
            route("DELETE", f"{api}/draft_orders/{{draft_id}}.json", self._delete_draft),
            route("POST", f"{api}/graphql.json", self._graphql),
        )

    def refusal(self, request: Request) -> Response | None:
        if request.headers.get("x-shopify-access-token") != self.secret("ACCESS_TOKEN"):
            return self.denied(request)
        if _is_graphql(request) or self.calls.take(request.received_at):
            return None
        return self.throttled(request)

    def headers(self, request: Request) -> dict[str, str]:
        version = re.match(r"/admin/api/([^/]+)", request.path)
        asked = version.group(1) if version else ""
        served = asked if asked in VERSIONS else DEPRECATED
        headers = {"X-Shopify-API-Version": served, "X-Request-Id": self.uuid()}
        if asked not in VERSIONS or asked == DEPRECATED:
            headers["X-Shopify-API-Deprecated-Reason"] = (
                "https://shopify.dev/api/usage/versioning#deprecation-practices"
            )
        if not _is_graphql(request):
            headers["X-Shopify-Shop-Api-Call-Limit"] = f"{self._level(request.received_at)}/40"
        return headers

    def fallen_forward(self) -> dict[str, str]:
        return {"X-Shopify-API-Version": VERSIONS[-1]}

    def not_found(self, request: Request) -> Response:
        return json_response(404, {"errors": "Not Found"}, {"X-Request-Id": self.uuid()})

    def throttled(self, request: Request) -> Response:
        if _is_graphql(request):
            return self._graphql_throttled(request, cost=10)
        text = "Exceeded 2 calls per second for api client. Reduce request rates to resume uninterrupted service."
        headers = {"Retry-After": "2.0", "X-Shopify-Shop-Api-Call-Limit": "40/40", "X-Request-Id": self.uuid()}
        return json_response(429, {"errors": text}, headers)

    def denied(self, request: Request) -> Response:
        text = "[API] Invalid API key or access token (unrecognized login or wrong password)"
        return json_response(401, {"errors": text}, {"X-Request-Id": self.uuid()})

    def grant_denied(self, request: Request) -> Response:
        return self.denied(request)

    def broken(self, request: Request) -> Response:
        return json_response(503, {"errors": "Service Unavailable"}, {"X-Request-Id": self.uuid()})

    def _shop(self, request: Request, version: str) -> Response:
        return json_response(200, {"shop": _SHOP})

    def _create_draft(self, request: Request, version: str) -> Response:
        draft = request.fields().get("draft_order")
        if not isinstance(draft, dict) or not draft.get("line_items"):
            return json_response(422, {"errors": {"base": ["Line items can't be blank"]}})
        draft_id = str(622_762_746 + self.drafts.next_number())
        return json_response(201, {"draft_order": _draft(self.drafts.put(draft_id, draft, request.received_at))})

    def _get_draft(self, request: Request, version: str, draft_id: str) -> Response:
        record = self.drafts.get(draft_id)
        return json_response(200, {"draft_order": _draft(record)}) if record else self.not_found(request)

    def _delete_draft(self, request: Request, version: str, draft_id: str) -> Response:
        return json_response(200, {}) if self.drafts.remove(draft_id) else self.not_found(request)

    def _graphql(self, request: Request, version: str) -> Response:
        query = str(request.fields().get("query", ""))
        cost = _cost(query)
        if cost is None:
            problem = {"message": "syntax error, unexpected end of file", "extensions": {"code": "parseError"}}
            return json_response(200, {"errors": [problem]})
        if not self.points.take(request.received_at, cost):
            return self._graphql_throttled(request, cost)
        data = {name: value for name, value in _GRAPH.items() if re.search(rf"\b{name}\b", query)}
        return json_response(200, {"data": data, "extensions": {"cost": self._cost(request, cost, actual=cost)}})

    def _graphql_throttled(self, request: Request, cost: int) -> Response:
        documentation = "https://shopify.dev/api/usage/rate-limits"
        problem = {"message": "Throttled", "extensions": {"code": "THROTTLED", "documentation": documentation}}
        spent = self._cost(request, cost, actual=None)
        return json_response(200, {"errors": [problem], "extensions": {"cost": spent}}, {"X-Request-Id": self.uuid()})

    def _cost(self, request: Request, requested: int, *, actual: int | None) -> dict[str, Any]:
        left = 2000 - int(self.points.level(request.received_at))
        available = left if actual is not None else min(left, max(0, requested - 1))
        status = {"maximumAvailable": 2000.0, "currentlyAvailable": available, "restoreRate": 100.0}
        return {"requestedQueryCost": requested, "actualQueryCost": actual, "throttleStatus": status}

    def _level(self, now: datetime) -> int:
        return max(1, round(self.calls.level(now)))


_GRAPH: Final[dict[str, Any]] = {
    "shop": {"name": _SHOP["name"], "currencyCode": "USD", "myshopifyDomain": _SHOP["myshopify_domain"]},
    "products": {"nodes": [{"id": "gid://shopify/Product/1072481063", "title": "Sounding line, 50 m",
                            "status": "ACTIVE", "totalInventory": 112}]},
}  # fmt: skip


def _is_graphql(request: Request) -> bool:
    return request.path.endswith("/graphql.json")


def _cost(query: str) -> int | None:
    """Requested points as Shopify counts them: 1 per object, 2 + n per connection, 10 per mutation."""
    if query.count("{") != query.count("}") or "{" not in query:
        return None
    connections = sum(2 + int(found) for found in _FIRST.findall(query))
    return (10 if query.lstrip().startswith("mutation") else 1) + connections


def _draft(record: Record) -> dict[str, Any]:
    items = [{"title": i.get("title"), "price": str(i.get("price", "0.00")), "quantity": i.get("quantity", 1)}
             for i in record.fields["line_items"] if isinstance(i, dict)]  # fmt: skip
    stamp = record.created_at.strftime("%Y-%m-%dT%H:%M:%S+00:00")
    name = f"#D{int(record.key) - 622_762_746}"
    return {"id": int(record.key), "name": name, "status": "open", "created_at": stamp, "line_items": items,
            "note": record.fields.get("note"), "currency": "USD"}  # fmt: skip
