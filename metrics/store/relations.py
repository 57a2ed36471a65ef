"""What the raw measurements are called in SQL, and which attempts latency is measured on."""

from __future__ import annotations

from typing import Final

STEPS: Final = "steps"
"""Attempts at steps, wherever they are kept."""
RUNS: Final = "runs"
"""Runs, wherever they are kept."""
GOOD_ATTEMPTS: Final = (
    "counted AND timed AND NOT cleanup AND outcome IN ('passed', 'unstable') AND total_ms IS NOT NULL"
)
"""Of the steps: good, non-cleanup attempts, by a prober whose loop was on time."""
