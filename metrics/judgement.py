"""Whether what decided a slice was good for an objective. Pure.

| sli | good | bad | neither |
|---|---|---|---|
| availability | passed, unstable | failed | throttled |
| latency, ttfb, sync_lag | within the threshold | above it | failed, throttled, not measured |
| server_errors | any answer that is no 5xx | failed by a 5xx | no answer, throttled |
| client_errors | any answer that is no 4xx | failed by a 4xx or by authentication | no answer, throttled |
| recorded | its value is within the range | beyond it | failed, throttled, not recorded |
| correctness | passed, unstable | unreadable, wrong or an error inside a 200 | failed otherwise, throttled |

`throttled_is_bad` makes a throttled run bad for any of them. A run that failed in another integration (it has steps
against two) is bad for sync_lag, which is a promise about both, and neither for all others.
"""

from __future__ import annotations

from typing import Final

from config.model import Sli
from metrics.kinds import CLIENT_ERRORS, CORRECTNESS, GOOD, NETWORK, SERVER_ERRORS
from probes.model import FailureKind, Outcome

MEASURES: Final = {Sli.LATENCY: "slowest_total_ms", Sli.TTFB: "slowest_ttfb_ms", Sli.SYNC_LAG: "sync_lag_ms"}
"""What is held against the threshold, by its name in the store."""

_BAD_KINDS: Final = {Sli.SERVER_ERRORS: SERVER_ERRORS, Sli.CLIENT_ERRORS: CLIENT_ERRORS, Sli.CORRECTNESS: CORRECTNESS}


def is_good(
    sli: Sli,
    outcome: Outcome,
    kind: FailureKind | None,
    within: bool | None,
    *,
    throttled_is_bad: bool = False,
    elsewhere: bool = False,
) -> bool | None:
    """True, False, or None for neither. `within` is whether the measure kept its threshold or range, None if not
    measured; `elsewhere`, whether it failed in another integration."""
    if outcome is Outcome.THROTTLED:
        return False if throttled_is_bad else None
    if outcome in GOOD:
        return within if sli in MEASURES or sli is Sli.RECORDED else True
    if elsewhere:
        return False if sli is Sli.SYNC_LAG else None
    if sli is Sli.AVAILABILITY:
        return False
    return _failed_is_good(sli, kind)


def _failed_is_good(sli: Sli, kind: FailureKind | None) -> bool | None:
    if kind in _BAD_KINDS.get(sli, ()):
        return False
    answered = kind is not None and kind not in NETWORK
    return True if answered and sli in (Sli.SERVER_ERRORS, Sli.CLIENT_ERRORS) else None
