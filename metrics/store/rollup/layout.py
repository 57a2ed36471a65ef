"""What the roll-up tables hold, in terms of the raw rows of a bucket."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from metrics.store.relations import GOOD_ATTEMPTS
from metrics.store.rollup.tiers import DAY, FIVE_MINUTES, HOUR, TIERS, Tier
from probes.model import FailureKind, Outcome

OUTCOMES: Final = (Outcome.PASSED, Outcome.UNSTABLE, Outcome.FAILED, Outcome.THROTTLED)
KINDS: Final = tuple(kind.value for kind in FailureKind if kind is not FailureKind.DEPENDENCY)
"""Kinds that a request can end with; a dependent step was never asked."""
STATUSES: Final = ("2xx", "3xx", "4xx", "5xx")
PHASES: Final = ("dns", "connect", "tls", "wait", "download")


def _sum(measure: str) -> str:
    # To the microsecond, which is what is stored of the parts: without the noise of adding it packs into half the room.
    return f"round(sum({measure}_ms) FILTER ({GOOD_ATTEMPTS}), 3)"


_COUNTS: Final = {
    "simulated": "count(*) FILTER (simulated)",
    "requests": "count(*) FILTER (counted)",
    **{str(outcome): f"count(*) FILTER (counted AND outcome = '{outcome}')" for outcome in OUTCOMES},
    **{f"kind_{kind}": f"count(*) FILTER (counted AND failure_kind = '{kind}')" for kind in KINDS},
    **{f"status_{status}": f"count(*) FILTER (counted AND status // 100 = {status[0]})" for status in STATUSES},
    "n": f"count(*) FILTER ({GOOD_ATTEMPTS})",
}
_SUMS: Final = {
    **{f"{phase}_sum": _sum(phase) for phase in PHASES},
    **{f"{phase}_n": f"count({phase}_ms) FILTER ({GOOD_ATTEMPTS})" for phase in PHASES},
}


def _extremes(measure: str, *names: str) -> dict[str, str]:
    extremes = {"sum": _sum(measure)} | {n: f"{n}({measure}_ms) FILTER ({GOOD_ATTEMPTS})" for n in ("min", "max")}
    return {f"{measure}_{name}": extremes[name] for name in names}


def _percentiles(measure: str) -> dict[str, str]:
    asked = f"quantile_disc({measure}_ms, [0.5, 0.95, 0.99]) FILTER ({GOOD_ATTEMPTS})"
    return {f"{measure}_p{percent}": f"({asked})[{place}]" for place, percent in enumerate((50, 95, 99), start=1)}


def _histogram(measure: str) -> dict[str, str]:
    asked = f"histogram({measure}_i) FILTER ({GOOD_ATTEMPTS})"
    return {f"{measure}_index": f"map_keys({asked})", f"{measure}_count": f"map_values({asked})"}


def _cut(measure: str) -> dict[str, str]:
    return {**_extremes(measure, "min", "max"), **_percentiles(measure)}


# Five minutes of one step are a handful of attempts: all that is said of them must be small. See decision 0008.
_BRIEF: Final = {**_COUNTS, **_extremes("total", "sum", "max"), **_histogram("total"), **_histogram("ttfb")}
_FULL: Final = {
    **_COUNTS,
    **_extremes("total", "sum"),
    **_cut("total"),
    **_histogram("total"),
    **_extremes("ttfb", "sum"),
    **_cut("ttfb"),
    **_histogram("ttfb"),
    **_cut("wait"),
    **_SUMS,
}


@dataclass(frozen=True, slots=True)
class Level:
    """Tables of one kind of key, by tier."""

    name: str
    keys: tuple[str, ...]
    columns: dict[Tier, dict[str, str]]
    """By tier: column → SQL over the raw steps, as aggregated by bucket and key."""

    def table(self, tier: Tier) -> str:
        """Its table of that tier."""
        return f"{self.name}_{tier.suffix}"


STEP_LEVEL: Final = Level(
    "step_rollups",
    ("integration", "workflow", "step", "region"),
    {FIVE_MINUTES: _BRIEF, HOUR: _FULL, DAY: _FULL},
)
INTEGRATION_LEVEL: Final = Level("integration_rollups", ("integration",), dict.fromkeys(TIERS, _FULL))

RUN_KEYS: Final = (
    "integration", "workflow", "region", "every_s", "outcome", "failure_kind", "elsewhere", "simulated"
)  # fmt: skip
"""What the final runs of a bucket are counted by: all that can decide whether a slice was good."""
RUN_MEASURES: Final = {"total": "slowest_total_ms", "ttfb": "slowest_ttfb_ms", "lag": "sync_lag_ms"}
"""Histograms of the run roll-ups → the column of the runs that they are of."""


def run_table(tier: Tier) -> str:
    """The run roll-ups of that tier."""
    return f"run_rollups_{tier.suffix}"


def limit_table(tier: Tier) -> str:
    """Of that tier, the good runs of the run roll-ups, held against each declared threshold."""
    return f"limit_rollups_{tier.suffix}"


def tables(tier: Tier) -> tuple[str, ...]:
    """All roll-ups of that tier."""
    return STEP_LEVEL.table(tier), INTEGRATION_LEVEL.table(tier), run_table(tier), limit_table(tier)
