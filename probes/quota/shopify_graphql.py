"""Shopify GraphQL: `extensions.cost.throttleStatus` in the body, in points, restored by the second."""

from __future__ import annotations

from probes.model import QuotaReading
from probes.quota.model import QuotaSource
from probes.quota.reading import Bucket, Figures, reading
from probes.vendors.model import Answer
from probes.vendors.rules import mapping, number


def parse(answer: Answer, source: QuotaSource) -> tuple[QuotaReading, ...]:
    """What the bucket holds; its size and rate are the vendor's own figures, for they differ by plan."""
    cost = mapping(mapping(mapping(answer.json).get("extensions")).get("cost"))
    status = mapping(cost.get("throttleStatus"))
    figures = Figures(
        limit=number(status.get("maximumAvailable")),
        remaining=number(status.get("currentlyAvailable")),
        restore_rate=number(status.get("restoreRate")),
    )
    return reading(answer, source, Bucket("graphql", "points", None, "leaky"), figures, "body")
