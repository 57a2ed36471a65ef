"""A vendor's status page: that its kind can be read. Its address is checked with the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from config.checks import mapping
from config.plugins import Plugins
from config.problems import Finding, did_you_mean


def status_page_findings(integration: Mapping[str, Any], plugins: Plugins) -> Iterator[Finding]:
    """What is wrong with `status_page` that its type cannot see."""
    kind = mapping(integration.get("status_page")).get("kind")
    known = plugins.status_pages
    if known and isinstance(kind, str) and kind not in known:
        yield ("status_page", "kind"), f'unknown kind "{kind}" {did_you_mean(kind, known, label="kinds")}'
