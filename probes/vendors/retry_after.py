"""How long a vendor asks us to wait, in every spelling that vendors use."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

LONGEST_S: Final = 3600.0
"""A vendor may ask for more; nothing waits longer than this before it looks again."""

_SECONDS: Final = re.compile(r"(\d{1,12}(?:\.\d{1,9})?)s?", re.ASCII)
_DATE_FORMATS: Final = ("%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y")


def parse_http_date(text: str) -> datetime | None:
    """The three date formats of RFC 9110, always UTC; None for anything else."""
    for form in _DATE_FORMATS:
        try:
            return datetime.strptime(text.strip(), form).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None


def parse_retry_after(text: str, now: datetime) -> float | None:
    """`120`, `2.0` (Shopify), `30s` (a protobuf Duration) or an HTTP date → seconds from `now`, 0 … 3,600.

    None for anything else: a malformed header is as good as none.
    """
    seconds = _SECONDS.fullmatch(text.strip())
    if seconds is not None:
        return min(float(seconds[1]), LONGEST_S)
    at = parse_http_date(text)
    if at is None:
        return None
    return min(max((at - now).total_seconds(), 0.0), LONGEST_S)
