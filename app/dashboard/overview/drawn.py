"""The tiles, drawn once for all who look."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from app.dashboard.overview.bands import learned
from app.dashboard.overview.regions import cells
from app.dashboard.tiles import Around, by_integration, tiles
from app.dashboard.view import View
from metrics.store.usual_hours import Bands, usual_hours

_USUAL_FOR: Final = timedelta(minutes=10)
"""What is usual changes with the hour."""


def drawn_tiles(view: View) -> list[dict[str, Any]]:
    """Every integration as a tile, worst first."""

    def work() -> list[dict[str, Any]]:
        overview, evaluation = view.overview(), view.hub.evaluation
        around = Around(
            forecasts=by_integration(evaluation.forecasts if evaluation else ()),
            learned=learned(view),
            regions=cells(view),
            usual=_usual(view),
        )
        return tiles(overview.standings, overview.at, around)

    return view.shared(("tiles", view.config.version), work)


def _usual(view: View) -> Bands:
    names, now = [declared.name for declared in view.config.integrations], view.now()
    key = ("usual hours", view.config.version, now.replace(minute=0, second=0, microsecond=0))
    return view.ask(key, lambda con: usual_hours(con, names, now), _USUAL_FOR)
