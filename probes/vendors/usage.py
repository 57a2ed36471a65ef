"""Asking a vendor how much of a quota is used: as declared, or as the preset knows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from config.model import Integration, Request
from probes.vendors import VENDORS

_VERSION: Final = re.compile(r"/(v\d+(?:\.\d+)?)(?:/|$)")


def usage_request(integration: Integration) -> Request | None:
    """The request to the usage endpoint; None where none is to be asked."""
    policy = integration.quota
    if policy.usage is not None or not policy.vendor_usage:
        return policy.usage
    vendor = VENDORS.get(integration.vendor)
    path = vendor.usage.path if vendor is not None and vendor.usage is not None else None
    if path is None or "{version}" not in path:
        return Request(path=path) if path is not None else None
    version = _version_in_use(integration)
    return Request(path=path.replace("{version}", version)) if version is not None else None


def usage_findings(integration: Integration) -> Iterator[tuple[str, str]]:
    """What is wrong with `quota.vendor_usage`, for the configuration's check: (dotted path, message with remedy)."""
    if not integration.quota.vendor_usage:
        return
    if integration.quota.usage is not None:
        yield "quota.vendor_usage", "stands beside quota.usage, which says the same; keep one of them"
    elif usage_request(integration) is None:
        vendor = VENDORS.get(integration.vendor)
        known = vendor is not None and vendor.usage is not None
        why = (
            "no step's path names an API version (/v62.0/)" if known else f"{integration.vendor} has none that is known"
        )
        yield (
            "quota.vendor_usage",
            f"there is no usage endpoint to ask: {why}; declare it as quota.usage, or remove this",
        )


def _version_in_use(integration: Integration) -> str | None:
    """The API version in the paths of the workflows: the one that is known to be alive."""
    paths = (step.request.path for workflow in integration.workflows for step in workflow.steps)
    return next((found[1] for path in paths if (found := _VERSION.search(path)) is not None), None)
