"""The stretch of time that a page is about, to choose and to move. It lives in the page's address."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from app.dashboard import wording
from app.dashboard.elements import RangeBar
from app.dashboard.page import Visit
from app.dashboard.ranges import RELATIVE, Range


def range_bar(path: str, visit: Visit, chosen: Range, now: datetime) -> RangeBar:
    """The control for the page at `path`: the relative ranges, from–to, earlier, later, back to live.

    What else the visit's query says is kept in every address.
    """
    others = {key: value for key, value in visit.query.items() if key not in {"range", "from", "to"}}
    return RangeBar(id="range-bar", range=offered(path, others, chosen, now))


def offered(path: str, others: dict[str, str], chosen: Range, now: datetime) -> dict[str, Any]:
    """What the control needs: addresses that are ready to be followed, and the window that is shown."""
    window, live = chosen.window(now), chosen.end is None
    later = window.end + chosen.length
    return {
        "path": path,
        "others": others,
        "links": [
            {
                "text": wording.span(length),
                "href": Range(length).address(path, **others),
                "here": live and length == chosen.length,
            }
            for length in RELATIVE.values()
        ],
        "start": wording.epoch_ms(window.start),
        "end": wording.epoch_ms(window.end),
        "live": live,
        "earlier": Range(chosen.length, window.start).address(path, **others),
        "later": None if live or later > now else Range(chosen.length, later).address(path, **others),
        "back": _live_again(chosen).address(path, **others),
    }


def _live_again(chosen: Range) -> Range:
    """The relative range that is nearest to it in length."""
    return Range(min(RELATIVE.values(), key=lambda length: abs(length - chosen.length)))
