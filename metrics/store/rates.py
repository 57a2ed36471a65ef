"""The error classes as SQL, shared by every question that counts them."""

from __future__ import annotations

from typing import Final

from metrics.kinds import CLIENT_ERRORS, CORRECTNESS, NETWORK, SERVER_ERRORS, THROTTLED, sql_list
from metrics.model import Rates

CLASS_COUNTS: Final = ", ".join(
    f"count(*) FILTER (counted AND failure_kind IN {sql_list(kinds)}) AS {name}"
    for name, kinds in {
        "client_errors": CLIENT_ERRORS,
        "server_errors": SERVER_ERRORS,
        "throttled": THROTTLED,
        "network": NETWORK,
        "correctness": CORRECTNESS,
    }.items()
)
"""Five columns over `steps`, in the order of `Rates`."""


def rates_of(requests: int, *counts: int) -> Rates:
    """Shares of the requests; all None when there were none."""
    if not requests:
        return Rates(0, None, None, None, None, None)
    return Rates(requests, *(count / requests for count in counts))
