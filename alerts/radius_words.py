"""A blast radius in words: what stops, whose it is besides, what is at risk, what still works.

Apart from how it is found, so that whoever only writes messages loads no measurements.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from alerts.model import BlastRadius

MOST: Final = 5
"""Named of each kind in a message; the rest is counted."""
FLOWS_HIT: Final = "Flows hit"
AT_RISK: Final = "Objectives at risk"
"""Labels in `sentences`."""


def sentences(radius: BlastRadius) -> tuple[tuple[str, str], ...]:
    """Label and text for people: what stops, whose it is besides, what is at risk, what still works."""
    also = [f"{one.name}: {_listed(one.others)}" for one in radius.flows if one.others]
    risks = [f"{one.objective} of {one.subject}{_left(one.budget_left)}" for one in radius.at_risk]
    found = (
        (FLOWS_HIT, _listed(f"{one.name} {one.how}" for one in radius.flows)),
        ("Depends on it too", "; ".join(also[:MOST])),
        (AT_RISK, _listed(risks)),
        ("Still works", _listed(radius.works)),
    )
    return tuple((label, text) for label, text in found if text)


def _left(budget_left: float | None) -> str:
    if budget_left is None:
        return ""
    return f" ({budget_left * 100:.0f} % left)" if budget_left > 0 else " (budget spent)"


def _listed(items: Iterable[str]) -> str:
    found = list(dict.fromkeys(items))
    more = f" and {len(found) - MOST} more" if len(found) > MOST else ""
    return ", ".join(found[:MOST]) + more
