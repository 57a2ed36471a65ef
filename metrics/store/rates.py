"""The error classes, as SQL for series and as arithmetic for totals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from metrics.kinds import CLIENT_ERRORS, CORRECTNESS, NETWORK, SERVER_ERRORS, THROTTLED, sql_list
from metrics.model import Rates

CLASSES: Final = {
    "client_errors": CLIENT_ERRORS,
    "server_errors": SERVER_ERRORS,
    "throttled": THROTTLED,
    "network": NETWORK,
    "correctness": CORRECTNESS,
}

CLASS_COUNTS: Final = ", ".join(
    f"count(*) FILTER (failure_kind IN {sql_list(kinds)}) AS {name}" for name, kinds in CLASSES.items()
)
"""One column per class, over counted rows of `steps`."""


def rates_of(counts: Mapping[str | None, int]) -> Rates:
    """Shares of the requests, from how many ended with each failure kind (None: good); all None without requests."""
    requests = sum(counts.values())
    if not requests:
        return Rates(0, None, None, None, None, None)
    shares = {name: sum(counts.get(kind, 0) for kind in kinds) / requests for name, kinds in CLASSES.items()}
    return Rates(requests=requests, **shares)
