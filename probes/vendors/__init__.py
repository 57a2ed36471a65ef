"""What Leadline knows of each vendor. Adding one is a module of this package and a line in `VENDORS`."""

from __future__ import annotations

from typing import Final

from probes.vendors import github, google, hubspot, klaviyo, marketo, meta, salesforce, shopify
from probes.vendors.model import Answer, Rule, Vendor
from probes.vendors.plain import PLAIN
from probes.vendors.retry_after import parse_retry_after

__all__ = ["VENDORS", "Answer", "Rule", "Vendor", "parse_retry_after"]

VENDORS: Final[dict[str, Vendor]] = {
    **{vendor.name: vendor for vendor in PLAIN},
    "github": github.VENDOR,
    "google_ads": google.GOOGLE_ADS,
    "ga4": google.GA4,
    "hubspot": hubspot.VENDOR,
    "klaviyo": klaviyo.VENDOR,
    "marketo": marketo.VENDOR,
    "meta": meta.VENDOR,
    "salesforce": salesforce.VENDOR,
    "shopify": shopify.VENDOR,
}
"""By the name that `vendor:` takes; `generic` is the default and reads the two families of standard headers."""
