"""status.io: the public status JSON, `https://…/1.0/status/PAGE`."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, Final

from alerts.status_pages.model import (
    MAX_COMPONENTS,
    MAX_NAME,
    MAX_NOTICES,
    MAX_UPDATES,
    RESOLVED,
    Health,
    Notice,
    NoticeUpdate,
    PageError,
    PageKind,
    PageReading,
    entries,
    instant,
    line,
    link,
    worst,
)

_CODES: Final = {
    100: Health.OPERATIONAL,
    200: Health.MAINTENANCE,
    300: Health.DEGRADED,
    400: Health.PARTIAL_OUTAGE,
    500: Health.MAJOR_OUTAGE,
    600: Health.PARTIAL_OUTAGE,  # a security event: something is wrong, and nobody says how much
}
_STATES: Final = {100: "investigating", 200: "identified", 300: "monitoring", 400: RESOLVED}


def _read(body: bytes, _: datetime) -> PageReading:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError) as err:
        raise PageError("the answer is not JSON") from err
    result = answer.get("result") if isinstance(answer, dict) else None
    overall = result.get("status_overall") if isinstance(result, dict) else None
    if not isinstance(result, dict) or not isinstance(overall, dict):
        raise PageError("the answer has no result.status_overall, as the public status of status.io has")
    components = [
        (line(one.get("name"), MAX_NAME), _component(one)) for one in entries(result.get("status"), MAX_COMPONENTS)
    ]
    planned = result.get("maintenance")
    active = planned.get("active") if isinstance(planned, dict) else None
    notices = [_notice(one, None) for one in entries(result.get("incidents"), MAX_NOTICES)]
    notices += [_notice(one, Health.MAINTENANCE) for one in entries(active, MAX_NOTICES)]
    return PageReading(
        indicator=_health(overall),
        description=line(overall.get("status"), MAX_NAME),
        components=tuple((name, health) for name, health in components if name),
        notices=tuple(one for one in notices if one is not None),
    )


def _component(one: dict[str, Any]) -> Health:
    """Its own status; where it has none, the worst of its containers (regions, data centres)."""
    own = _health(one)
    return own if own is not Health.UNKNOWN else worst([_health(c) for c in entries(one.get("containers"), 100)])


def _health(one: dict[str, Any]) -> Health:
    code = one.get("status_code")
    return _CODES.get(code, Health.UNKNOWN) if isinstance(code, int) else Health.UNKNOWN


def _notice(one: dict[str, Any], impact: Health | None) -> Notice | None:
    started = instant(one.get("datetime_open"))
    name = line(one.get("_id"), MAX_NAME)
    if started is None or not name:
        return None
    told = entries(one.get("messages"), MAX_UPDATES)
    updates = [_update(message) for message in told]
    known = sorted((u for u in updates if u is not None), key=lambda update: update.posted_at, reverse=True)
    latest = known[0].state if known else "investigating"
    touched = (line(part.get("name"), MAX_NAME) for part in entries(one.get("components_affected"), MAX_COMPONENTS))
    return Notice(
        notice_id=name,
        title=line(one.get("name"), MAX_NAME),
        state="in progress" if impact else latest,
        impact=impact or worst([_health(message) for message in told]),
        started_at=started,
        link=link(one.get("url")),
        components=tuple(name for name in touched if name),
        updates=tuple(known),
    )


def _update(message: dict[str, Any]) -> NoticeUpdate | None:
    at, state = instant(message.get("datetime")), message.get("state")
    if at is None:
        return None
    said = _STATES.get(state, "investigating") if isinstance(state, int) else "investigating"
    return NoticeUpdate(at, said, line(message.get("details")))


KIND: Final = PageKind(lambda url: url, "application/json", _read)
