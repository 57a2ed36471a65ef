"""Statuspage (Atlassian) and what speaks like it: `/api/v2/summary.json`."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, Final

from alerts.status_pages.model import (
    MAX_COMPONENTS,
    MAX_NAME,
    MAX_NOTICES,
    MAX_UPDATES,
    OVER,
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

_PATH: Final = "/api/v2/summary.json"
_COMPONENTS: Final = {
    "operational": Health.OPERATIONAL,
    "under_maintenance": Health.MAINTENANCE,
    "degraded_performance": Health.DEGRADED,
    "partial_outage": Health.PARTIAL_OUTAGE,
    "major_outage": Health.MAJOR_OUTAGE,
}
_INDICATORS: Final = {
    "none": Health.OPERATIONAL,
    "maintenance": Health.MAINTENANCE,
    "minor": Health.DEGRADED,
    "major": Health.PARTIAL_OUTAGE,
    "critical": Health.MAJOR_OUTAGE,
}
_UNDER_WAY: Final = frozenset({"in_progress", "verifying"})


def _address(url: str) -> str:
    return url if url.endswith(".json") else url.rstrip("/") + _PATH


def _read(body: bytes, _: datetime) -> PageReading:
    try:
        page = json.loads(body)
    except (ValueError, RecursionError) as err:
        raise PageError("the answer is not JSON") from err
    status = page.get("status") if isinstance(page, dict) else None
    if not isinstance(status, dict) or not isinstance(page.get("components"), list):
        raise PageError(f"the answer has no status and components, as {_PATH} has")
    components = [
        (line(one.get("name"), MAX_NAME), _COMPONENTS.get(str(one.get("status")), Health.UNKNOWN))
        for one in entries(page["components"], MAX_COMPONENTS)
        # A group is only a heading, and has the status of what is below it.
        if one.get("group") is not True
    ]
    notices = [_notice(one, None) for one in entries(page.get("incidents"), MAX_NOTICES)]
    planned = [
        _notice(one, Health.MAINTENANCE)
        for one in entries(page.get("scheduled_maintenances"), MAX_NOTICES)
        if one.get("status") in _UNDER_WAY
    ]
    said = _INDICATORS.get(str(status.get("indicator")), Health.UNKNOWN)
    return PageReading(
        indicator=said if said is not Health.UNKNOWN else worst([health for _, health in components]),
        description=line(status.get("description"), MAX_NAME),
        components=tuple((name, health) for name, health in components if name),
        notices=tuple(one for one in (*notices, *planned) if one is not None),
    )


def _notice(one: dict[str, Any], impact: Health | None) -> Notice | None:
    started = instant(one.get("started_at")) or instant(one.get("created_at"))
    name = line(one.get("id"), MAX_NAME)
    if started is None or not name:
        return None
    state = line(one.get("status"), MAX_NAME)
    touched = (line(part.get("name"), MAX_NAME) for part in entries(one.get("components"), MAX_COMPONENTS))
    return Notice(
        notice_id=name,
        title=line(one.get("name"), MAX_NAME),
        state=RESOLVED if state in OVER else state,
        impact=impact or _INDICATORS.get(str(one.get("impact")), Health.UNKNOWN),
        started_at=started,
        link=link(one.get("shortlink")),
        components=tuple(name for name in touched if name),
        updates=_updates(one),
    )


def _updates(one: dict[str, Any]) -> tuple[NoticeUpdate, ...]:
    found: list[tuple[datetime | None, dict[str, Any]]] = [
        (instant(update.get("display_at")) or instant(update.get("created_at")), update)
        for update in entries(one.get("incident_updates"), MAX_UPDATES)
    ]
    known = [
        NoticeUpdate(at, line(update.get("status"), MAX_NAME), line(update.get("body"))) for at, update in found if at
    ]
    return tuple(sorted(known, key=lambda update: update.posted_at, reverse=True))


KIND: Final = PageKind(_address, "application/json", _read)
