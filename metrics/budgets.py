"""An error budget in words."""

from __future__ import annotations


def budget_words(left: float) -> str:
    """`budget left 41 %`, `budget spent`, `budget overspent by 20 %`, `budget spent 33 times over`."""
    if round(left, 2) == 0:
        return "budget spent"
    if left > 0:
        return f"budget left {left * 100:.0f} %"
    return f"budget overspent by {-left * 100:.0f} %" if left > -1 else f"budget spent {1 - left:,.0f} times over"
