"""What has changed on a status page between two looks, in sentences for the timelines of incidents. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from alerts.status_pages.model import RESOLVED, Health, Notice, NoticeUpdate, PageReading
from alerts.status_pages.standing import StoredPage, spoken


@dataclass(frozen=True, slots=True)
class PageChange:
    """One thing that the vendor now says otherwise; `components` is empty where it does not say of what."""

    note: str
    components: tuple[str, ...]


def changes(before: StoredPage | None, now: PageReading) -> tuple[PageChange, ...]:
    """Notices first, then components. Of a page that is read for the first time, only what is open now."""
    return (*_of_notices(before, now), *(_of_components(before, now) if before and before.read_at else ()))


def ended(before: StoredPage | None, now: PageReading) -> tuple[Notice, ...]:
    """Notices that were open and are over, or gone from a page that shows only what is open."""
    shown = {one.notice_id: one for one in now.notices}
    over = []
    for old in before.notices if before else ():
        seen = shown.get(old.notice_id)
        if seen.is_over if seen else now.only_open:
            over.append(seen or old)
    return tuple(over)


def _of_notices(before: StoredPage | None, now: PageReading) -> Iterator[PageChange]:
    known = {one.notice_id: one for one in (before.notices if before else ())}
    for one in now.notices:
        old = known.get(one.notice_id)
        if not one.is_over and (old is None or _news(old, one)):
            yield PageChange(_said(one), one.components)
    for one in ended(before, now):
        text = next((u.text for u in one.updates if u.state == RESOLVED), "")
        yield PageChange(f"“{one.title}” is over{f': {text}' if text else ''}", one.components)


def _news(old: Notice, now: Notice) -> bool:
    latest, before = _latest(now), _latest(old)
    return now.state != old.state or (latest is not None and (before is None or latest.posted_at > before.posted_at))


def _latest(notice: Notice) -> NoticeUpdate | None:
    return notice.updates[0] if notice.updates else None


def _said(notice: Notice) -> str:
    latest = _latest(notice)
    text = f" – {latest.text}" if latest and latest.text else ""
    when = f" (posted {clock(latest.posted_at)})" if latest else ""
    return f"“{notice.title}”: {notice.state}{text}{when}"


def clock(at: datetime) -> str:
    """`22 Nov 03:14 UTC`."""
    return f"{at.day} {at:%b %H:%M} UTC"


def _of_components(before: StoredPage, now: PageReading) -> Iterator[PageChange]:
    was = dict(before.components)
    for name, health in now.components:
        old = was.get(name, Health.UNKNOWN)
        if health is not old and Health.UNKNOWN not in (health, old):
            yield PageChange(f"{name}: {spoken(old)} → {spoken(health)}", (name,))
