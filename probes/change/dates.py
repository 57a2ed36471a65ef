"""An instant in a header, in every spelling that vendors use for the end of an API."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

from probes.vendors.retry_after import parse_http_date

_EPOCH: Final = re.compile(r"@?(\d{9,11})", re.ASCII)
_DAY: Final = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2})?)(?:\.\d{1,9})?(Z|[+-]\d{2}:?\d{2})?)?", re.ASCII
)
_PARAMETER: Final = re.compile(r'\bdate="([^"]{1,60})"')
_LONGEST: Final = 200
_YEARS: Final = range(1990, 2200)


def parse_date(text: str) -> datetime | None:
    """A structured-field Date (`@1688169599`), an HTTP date, ISO 8601, or `…; date="…"`; None for anything else.

    Always aware and in UTC. What lies outside of 1990 … 2199 is no date but nonsense.
    """
    if not text or len(text) > _LONGEST:
        return None
    parameter = _PARAMETER.search(text)
    found = _parse(parameter[1].strip() if parameter else text.strip().strip('"'))
    return found if found is not None and found.year in _YEARS else None


def _parse(text: str) -> datetime | None:
    # Parameters of a structured field may follow the Date.
    seconds = _EPOCH.fullmatch(text.partition(";")[0].strip())
    if seconds is not None:
        return datetime.fromtimestamp(int(seconds[1]), UTC)
    if _DAY.fullmatch(text) is None:
        return parse_http_date(text)
    try:
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
