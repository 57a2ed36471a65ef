"""How vendors report quota. Adding a family is a module of this package and a line in `QUOTA_PARSERS`."""

from __future__ import annotations

from typing import Final

from probes.model import QuotaReading
from probes.quota import (
    families,
    ga4,
    github,
    hubspot,
    ietf,
    klaviyo,
    marketo,
    meta,
    salesforce,
    shopify_graphql,
    shopify_rest,
    zendesk,
)
from probes.quota.model import QuotaParser, QuotaSource
from probes.quota.reading import with_limit
from probes.vendors.model import Answer, Vendor

__all__ = ["QUOTA_PARSERS", "QuotaParser", "QuotaSource", "quota_readings"]

QUOTA_PARSERS: Final[dict[str, QuotaParser]] = {
    "brevo": families.BREVO,
    "ga4": ga4.parse,
    "github": github.parse,
    "hubspot": hubspot.parse,
    "ietf": ietf.parse,
    "klaviyo": klaviyo.parse,
    "marketo": marketo.parse,
    "meta": meta.parse,
    "pipedrive": families.PIPEDRIVE,
    "salesforce": salesforce.parse,
    "shopify_graphql": shopify_graphql.parse,
    "shopify_rest": shopify_rest.parse,
    "twilio": families.TWILIO,
    "x_ratelimit": families.X_RATELIMIT,
    "x_ratelimit_epoch": families.X_RATELIMIT_EPOCH,
    "zendesk": zendesk.parse,
    "zoho": families.ZOHO,
}
"""By the names that a vendor preset lists."""


def quota_readings(vendor: Vendor, answer: Answer, credential: str) -> tuple[QuotaReading, ...]:
    """What the vendor's parsers read in an answer, one reading per bucket; () = not reported.

    A limit that the answer leaves out is the one that the vendor documents for everybody, where it does.
    """
    source = QuotaSource(vendor.name, credential)
    limits = {known.bucket: known.limit for known in vendor.limits}
    readings: dict[str, QuotaReading] = {}
    for name in vendor.quota:
        for reading in QUOTA_PARSERS[name](answer, source):
            # Some vendors send two families for the same bucket: the parser named first is the better one.
            readings.setdefault(reading.bucket, with_limit(reading, limits.get(reading.bucket)))
    return tuple(readings.values())
