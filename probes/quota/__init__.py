"""How vendors report quota. Adding a family is a module of this package and a line in `QUOTA_PARSERS`."""

from __future__ import annotations

from typing import Final

from probes.quota.model import QuotaParser, QuotaSource

__all__ = ["QUOTA_PARSERS", "QuotaParser", "QuotaSource"]

QUOTA_PARSERS: Final[dict[str, QuotaParser]] = {}
