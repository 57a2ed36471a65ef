"""Klaviyo: plain HTTP; on a 429 the RateLimit headers give way to Retry-After."""

from __future__ import annotations

from typing import Final

from probes.vendors.model import Vendor
from probes.vendors.rules import token_refused, verdict

VENDOR: Final = Vendor(
    name="klaviyo",
    verdict=verdict(),
    token_rejected=token_refused,
    quota=("klaviyo",),
    request_id_headers=("x-request-id", "cf-ray"),
)
