"""Every vendor that the sandbox simulates. A new one is one file and one line here."""

from __future__ import annotations

from typing import Final

from app.sandbox.simulator import Simulator
from app.sandbox.vendors.github import GitHub
from app.sandbox.vendors.google_ads import GoogleAds
from app.sandbox.vendors.hubspot import HubSpot
from app.sandbox.vendors.klaviyo import Klaviyo
from app.sandbox.vendors.marketo import Marketo
from app.sandbox.vendors.meta import Meta
from app.sandbox.vendors.salesforce import Salesforce
from app.sandbox.vendors.shopify import Shopify

VENDOR_SIMULATORS: Final[dict[str, type[Simulator]]] = {
    "hubspot": HubSpot,
    "salesforce": Salesforce,
    "marketo": Marketo,
    "meta": Meta,
    "google_ads": GoogleAds,
    "shopify": Shopify,
    "klaviyo": Klaviyo,
    "github": GitHub,
}
