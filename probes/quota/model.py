"""What a quota parser takes and gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from probes.model import QuotaReading
from probes.vendors.model import Answer


@dataclass(frozen=True, slots=True)
class QuotaSource:
    """Whose quota it is; `credential` is the authenticator's label, never a secret."""

    vendor: str
    credential: str


QuotaParser: TypeAlias = Callable[[Answer, QuotaSource], tuple[QuotaReading, ...]]
"""Reads what an answer reports. `()` = not reported, which is never the same as "free". Never raises."""
