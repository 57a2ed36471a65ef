"""Which alerts would have opened: stored history replayed against two configurations, and what they differ in."""

from alerts.backtest.comparison import Comparison, compare
from alerts.backtest.rehearsal import Rehearsal, rehearse

__all__ = ["Comparison", "Rehearsal", "compare", "rehearse"]
