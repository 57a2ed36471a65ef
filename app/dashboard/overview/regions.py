"""Each integration seen from each of its regions."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import Any, Final

from app.dashboard import wording
from app.dashboard.view import View
from config.model import Confirmation, Integration
from metrics.model import Evaluation, RegionVerdict, State, Window
from metrics.state import region_state
from metrics.store.regional import Regional, regional_p95

TRIAGE: Final = (State.DOWN, State.DEGRADED, State.THROTTLED, State.UNSTABLE, State.NO_DATA, State.UP)
"""Who needs attention first. No data stands before `up`: it may hide anything."""
_HOUR: Final = timedelta(hours=1)
_FRESH_FOR: Final = timedelta(seconds=45)

Cell = dict[str, Any]
Seen = dict[str, dict[str, tuple[State, RegionVerdict]]]


def cells(view: View) -> dict[str, list[Cell]]:
    """By integration: its regions in order, each with its state, P95 and what stands in the tooltip."""
    evaluation, config = view.hub.evaluation, view.config
    seen = _seen(evaluation, config.alerting.confirm) if evaluation is not None else {}
    measured = _measured(view)
    return {one.name: _row(one, seen.get(one.name, {}), measured) for one in config.integrations}


def regions_of(declared: Integration) -> list[str]:
    """Where its workflows run from."""
    return sorted({region for workflow in declared.workflows for region in workflow.regions})


def unseen(region: str) -> Cell:
    """A region that nothing is known from."""
    return {"region": region, "state": State.NO_DATA.value, "p95": wording.NONE, "title": f"{region}: no data"}


def _measured(view: View) -> Regional:
    now = view.now()
    return view.ask("regional p95", lambda con: regional_p95(con, Window.last(_HOUR, now)), _FRESH_FOR)


def _seen(evaluation: Evaluation, confirm: Confirmation) -> Seen:
    """Of several workflows in a region, the worst."""
    seen: Seen = defaultdict(dict)
    for verdict in evaluation.workflows:
        own = seen[verdict.integration]
        for region in verdict.regions:
            state = region_state(region, confirm)
            if region.region not in own or TRIAGE.index(state) < TRIAGE.index(own[region.region][0]):
                own[region.region] = (state, region)
    return seen


def _row(declared: Integration, seen: dict[str, tuple[State, RegionVerdict]], measured: Regional) -> list[Cell]:
    return [_cell(name, seen.get(name), measured.get((declared.name, name))) for name in regions_of(declared)]


def _cell(name: str, seen: tuple[State, RegionVerdict] | None, figure: tuple[float, int] | None) -> Cell:
    state = seen[0] if seen is not None else State.NO_DATA
    p95, n = figure if figure is not None else (None, 0)
    told = wording.samples(f"P95 {_exact(p95)} · last 1 h", n)
    if seen is not None and seen[1].failing:
        failing = seen[1]
        told += f"\n{wording.plural(failing.failing, 'run')} in a row failed: {failing.message or failing.kind}"
    return {"region": name, "state": state.value, "p95": wording.milliseconds(p95), "title": told}


def _exact(p95: float | None) -> str:
    return wording.NONE if p95 is None else f"{p95:,.1f} ms"
