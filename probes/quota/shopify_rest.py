"""Shopify REST: `X-Shopify-Shop-Api-Call-Limit: 32/40`, a bucket that leaks."""

from __future__ import annotations

import re
from typing import Final

from probes.model import QuotaReading
from probes.quota.model import QuotaSource
from probes.quota.reading import Bucket, Figures, reading
from probes.vendors.model import Answer

LEAK_RPS: Final = {40.0: 2.0, 80.0: 4.0, 400.0: 20.0}
"""Bucket size → requests that leak out per second, by plan."""

_PAIR: Final = re.compile(r"\s*(\d{1,9})\s*/\s*(\d{1,9})\s*", re.ASCII)


def parse(answer: Answer, source: QuotaSource) -> tuple[QuotaReading, ...]:
    """Used and size of the bucket; the leak where the size tells the plan."""
    pair = _PAIR.fullmatch(answer.headers.get("x-shopify-shop-api-call-limit", ""))
    if pair is None:
        return ()
    limit = float(pair[2])
    figures = Figures(limit, float(pair[1]), restore_rate=LEAK_RPS.get(limit))
    return reading(answer, source, Bucket("rest", "requests", None, "leaky"), figures)
