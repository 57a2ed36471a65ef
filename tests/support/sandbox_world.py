"""For tests against the vendor sandbox: a clock that they advance, and one good call per vendor."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx

from app.sandbox import Sandbox


class Clock:
    """Starts now, because TLS looks at the real date, and moves only when told."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **amount: float) -> None:
        self.now += timedelta(**amount)


@dataclass
class Caller:
    """A client that trusts the sandbox and holds its credentials."""

    sandbox: Sandbox
    http: httpx.AsyncClient
    environ: dict[str, str] = field(repr=False)

    async def token(self, vendor: str) -> str:
        """A fresh access token, fetched as the vendor wants it."""
        answer = await self.grant(vendor)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    async def grant(self, vendor: str, **changes: str) -> httpx.Response:
        prefix, url = vendor.upper(), self.environ[f"{vendor.upper()}_URL"]
        form = {
            "client_id": self.environ[f"{prefix}_CLIENT_ID"],
            "client_secret": self.environ[f"{prefix}_CLIENT_SECRET"],
            "grant_type": "refresh_token" if vendor == "google_ads" else "client_credentials",
        }
        if vendor == "google_ads":
            form["refresh_token"] = self.environ["GOOGLE_ADS_REFRESH_TOKEN"]
        form.update(changes)
        if vendor == "marketo":
            return await self.http.get(f"{url}/identity/oauth/token", params=form)
        path = {"hubspot": "/oauth/v1/token", "salesforce": "/services/oauth2/token", "google_ads": "/token"}[vendor]
        return await self.http.post(url + path, data=form)

    async def headers(self, vendor: str) -> dict[str, str]:
        """What authorises a call."""
        if vendor in WITH_TOKENS:
            token = {"Authorization": f"Bearer {await self.token(vendor)}"}
            developer = {"developer-token": self.environ["GOOGLE_ADS_DEVELOPER_TOKEN"]}
            return {**token, **(developer if vendor == "google_ads" else {})}
        return {
            "meta": {"Authorization": f"Bearer {self.environ['META_ACCESS_TOKEN']}"},
            "github": {"Authorization": f"Bearer {self.environ['GITHUB_TOKEN']}"},
            "shopify": {"X-Shopify-Access-Token": self.environ["SHOPIFY_ACCESS_TOKEN"]},
            "klaviyo": {
                "Authorization": f"Klaviyo-API-Key {self.environ['KLAVIYO_API_KEY']}",
                "revision": "2026-07-15",
            },
        }[vendor]

    async def call(
        self, vendor: str, method: str, path: str, *, headers: dict[str, str] | None = None, **rest: Any
    ) -> httpx.Response:
        """One authorised call, or one with the headers given."""
        sent = await self.headers(vendor) if headers is None else headers
        return await self.http.request(method, self.sandbox.url(vendor) + path, headers=sent, **rest)

    async def good_call(self, vendor: str, headers: dict[str, str] | None = None) -> httpx.Response:
        """A call that creates or reads something, and answers a JSON body with an identifier in it."""
        method, path, body = self.good_request(vendor)
        return await self.call(vendor, method, path, headers=headers, json=body)

    def good_request(self, vendor: str) -> tuple[str, str, Any]:
        address = f"{uuid4().hex}@example.com"
        customer, pixel = self.environ["GOOGLE_ADS_CUSTOMER_ID"], self.environ["META_PIXEL_ID"]
        lead = {"LastName": "Probe", "Company": "Leadline", "Email": "a@example.com"}
        draft = {"draft_order": {"line_items": [{"title": "Line", "price": "0.01", "quantity": 1}]}}
        profile = {"data": {"type": "profile", "attributes": {"email": address}}}
        return {
            "hubspot": ("POST", "/crm/v3/objects/contacts", {"properties": {"email": address}}),
            "salesforce": ("POST", "/services/data/v61.0/sobjects/Lead", lead),
            "marketo": ("POST", "/rest/v1/leads.json", {"input": [{"email": "a@example.com"}]}),
            "meta": ("POST", f"/v21.0/{pixel}/events", {"data": [self.event("e1")]}),
            "google_ads": (
                "POST",
                f"/v25/customers/{customer}/googleAds:search",
                {"query": "SELECT customer.id FROM customer"},
            ),
            "shopify": ("POST", "/admin/api/2026-07/draft_orders.json", draft),
            "klaviyo": ("POST", "/api/profiles/", profile),
            "github": ("GET", "/repos/leadline-demo/storefront", None),
        }[vendor]

    @staticmethod
    def event(event_id: str, **user_data: Any) -> dict[str, Any]:
        """A server event as Meta takes it."""
        return {
            "event_name": "Purchase",
            "event_time": 1_790_000_000,
            "event_id": event_id,
            "action_source": "website",
            "user_data": {"em": ["ab" * 32], **user_data},
        }


WITH_TOKENS = ("hubspot", "salesforce", "marketo", "google_ads")


@asynccontextmanager
async def calling(sandbox: Sandbox) -> AsyncIterator[Caller]:
    """A caller for as long as the context lasts."""
    environ = sandbox.environment
    trust = ssl.create_default_context(cafile=environ["SANDBOX_CA"])
    async with httpx.AsyncClient(verify=trust, trust_env=False, timeout=5) as http:
        yield Caller(sandbox, http, environ)
