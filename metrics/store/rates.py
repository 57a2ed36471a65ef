"""The error classes, as SQL for series and as arithmetic for totals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from metrics.kinds import CLIENT_ERRORS, CORRECTNESS, NETWORK, SERVER_ERRORS, THROTTLED
from metrics.model import Rates

CLASSES: Final = {
    "client_errors": CLIENT_ERRORS,
    "server_errors": SERVER_ERRORS,
    "throttled": THROTTLED,
    "network": NETWORK,
    "correctness": CORRECTNESS,
}

CLASS_COLUMNS: Final = {name: tuple(f"kind_{kind}" for kind in sorted(kinds)) for name, kinds in CLASSES.items()}
"""The columns of the roll-ups that make up each class."""
RATE_COLUMNS: Final = ("requests", *(column for columns in CLASS_COLUMNS.values() for column in columns))
"""The columns of the roll-ups that rates are made of."""


def rates_from(columns: Mapping[str, Any], row: int) -> Rates:
    """Shares of the requests, from one row of summed `RATE_COLUMNS`; all None without requests."""
    requests = _whole(columns["requests"][row])
    if not requests:
        return rates_of({})
    counted = {name: sum(_whole(columns[column][row]) for column in of) for name, of in CLASS_COLUMNS.items()}
    return Rates(requests=requests, **{name: count / requests for name, count in counted.items()})


def _whole(figure: Any) -> int:
    return 0 if np.ma.is_masked(figure) else int(figure)


def rates_of(counts: Mapping[str | None, int]) -> Rates:
    """Shares of the requests, from how many ended with each failure kind (None: good); all None without requests."""
    requests = sum(counts.values())
    if not requests:
        return Rates(0, None, None, None, None, None)
    shares = {name: sum(counts.get(kind, 0) for kind in kinds) / requests for name, kinds in CLASSES.items()}
    return Rates(requests=requests, **shares)
