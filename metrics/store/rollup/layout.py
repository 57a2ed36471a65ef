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
MEASURES: Final = ("total", "ttfb", "wait")
"""What extremes and percentiles are kept of."""
HISTOGRAMS: Final = ("total", "ttfb")
"""What histograms are kept of."""
HISTOGRAM_COLUMNS: Final = tuple(f"{measure}_histogram" for measure in HISTOGRAMS)
CUTS: Final = ("min", "p50", "p95", "p99")


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


def _cut(measure: str) -> dict[str, str]:
    asked = f"quantile_disc({measure}_ms, [0.5, 0.95, 0.99]) FILTER ({GOOD_ATTEMPTS})"
    return {
        f"{measure}_sum": _sum(measure),
        **{f"{measure}_{name}": f"{name}({measure}_ms) FILTER ({GOOD_ATTEMPTS})" for name in ("min", "max")},
        **{f"{measure}_p{percent}": f"({asked})[{place}]" for place, percent in enumerate((50, 95, 99), start=1)},
    }


# Where the time of a good answer goes is not kept by five minutes of a step: the raw rows still have it.
_BRIEF: Final = {**_COUNTS, **_cut("total"), **_cut("ttfb"), **_cut("wait")}
_FULL: Final = {**_BRIEF, **_SUMS}

SAME: Final = {
    **{f"{measure}_max": (f"{measure}_sum",) for measure in MEASURES},
    **{f"{measure}_{cut}": (f"{measure}_max", f"{measure}_sum") for measure in MEASURES for cut in CUTS},
}
"""Column → the columns, nearest first, that stand for it where it is null. Of a few attempts P95 and P99 are the
largest, and of one the largest is the sum; a column that is nearly all null takes no room."""


def stored(column: str) -> str:
    """A column of a roll-up as SQL: itself, or what stands for it."""
    return f"coalesce({', '.join((column, *SAME[column]))})" if column in SAME else column


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
REGION_LEVEL: Final = Level("region_rollups", ("integration", "region"), STEP_LEVEL.columns)
"""Buckets that were made before there were these tables may lack them: `Known.regions_from`."""
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
    levels = (STEP_LEVEL, REGION_LEVEL, INTEGRATION_LEVEL)
    return *(level.table(tier) for level in levels), run_table(tier), limit_table(tier)
