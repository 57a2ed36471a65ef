"""Klaviyo: the three older IETF headers, for whichever of its two windows is nearer to its end."""

from __future__ import annotations

from typing import Final

from probes.model import QuotaReading
from probes.quota.ietf import three_headers, windows
from probes.quota.model import QuotaSource
from probes.quota.reading import Bucket, Figures, after_seconds, reading
from probes.vendors.model import Answer

BURST: Final = Bucket("burst", "requests", 1.0)
STEADY: Final = Bucket("steady", "requests", 60.0)
TIERS: Final = {1: 15, 3: 60, 10: 150, 75: 700, 350: 3500}
"""Burst limit → steady limit, from XS to XL; no figure is in both columns."""


def parse(answer: Answer, source: QuotaSource) -> tuple[QuotaReading, ...]:
    """One bucket; nothing on a 429, where Retry-After stands instead."""
    fields = three_headers(answer)
    limit = fields.get("limit")
    reset_at = after_seconds(fields.get("reset"), answer.observed_at)
    figures = Figures(limit, None, fields.get("remaining"), reset_at)
    return reading(answer, source, _bucket(answer, limit), figures)


def _bucket(answer: Answer, limit: float | None) -> Bucket:
    window = None if limit is None else windows(answer).get(limit)
    if window == BURST.window_s or limit in TIERS:
        return BURST
    if window == STEADY.window_s or limit in TIERS.values():
        return STEADY
    return Bucket("default", "requests", window)
