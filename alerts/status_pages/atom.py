"""A status page's feed, Atom or RSS: incidents with their updates as a text, and nothing of components.

Feeds say in words how it stands. The words before the first dash of the newest update are read (`Resolved - …`), as
Statuspage and its like write them; an entry that says nothing of the kind counts as open for a day.
"""

from __future__ import annotations

import html
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final

from alerts.status_pages.model import (
    MAX_NAME,
    MAX_NOTICES,
    OVER,
    RESOLVED,
    Health,
    Notice,
    NoticeUpdate,
    PageError,
    PageKind,
    PageReading,
    instant,
    line,
    link,
    worst,
)

NO_STATE: Final = "posted"
"""State of an entry in which none of the usual words stands."""
STALE: Final = timedelta(days=1)
_STATES: Final = (
    *sorted(OVER),
    "investigating",
    "identified",
    "monitoring",
    "update",
    "scheduled",
    "in progress",
    "verifying",
)
_STATE: Final = re.compile(rf"\b({'|'.join(_STATES)})\b\s*[-–—:]", re.IGNORECASE)
_PLANNED: Final = frozenset({"scheduled", "in progress", "verifying"})
_TAG: Final = re.compile(r"<[^<>]{0,300}>")


def _read(body: bytes, now: datetime) -> PageReading:
    root = _root(body)
    if root.xpath("local-name(/*)") not in {"feed", "rss", "RDF"}:
        raise PageError("the answer is neither an Atom nor an RSS feed")
    found = root.xpath("//*[local-name()='entry' or local-name()='item']")[:MAX_NOTICES]
    notices = [notice for node in found if (notice := _notice(node)) is not None]
    standing = [_aged(notice, now) for notice in notices]
    return PageReading(
        indicator=worst([Health.OPERATIONAL, *(one.impact for one in standing if not one.is_over)]),
        notices=tuple(standing),
        only_open=False,
    )


def _root(body: bytes) -> Any:
    # Nobody else pays for reading lxml.
    from lxml import etree

    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False
    )
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as err:
        raise PageError("the answer is not XML") from err
    if root.getroottree().docinfo.internalDTD is not None:
        raise PageError("the answer declares a document type, which no feed needs")
    return root


def _notice(node: Any) -> Notice | None:
    started = _at(node, "published", "pubDate", "date") or _at(node, "updated")
    if started is None:
        return None
    changed = _at(node, "updated", "pubDate", "date") or started
    text = _plain(_text(node, "content", "description", "summary"))
    address = link(_text(node, "link").strip() or next(iter(node.xpath("*[local-name()='link']/@href")), ""))
    said = _STATE.search(text)
    state = said[1].lower() if said else NO_STATE
    update = NoticeUpdate(changed, state, line(text[said.start() :] if said else text))
    return Notice(
        notice_id=line(_text(node, "id", "guid"), MAX_NAME) or address or f"{started:%Y%m%dT%H%M%S}",
        title=line(_plain(_text(node, "title")), MAX_NAME),
        state=RESOLVED if state in OVER else state,
        impact=Health.MAINTENANCE if state in _PLANNED else Health.DEGRADED,
        started_at=started,
        link=address,
        updates=(update,),
    )


def _aged(notice: Notice, now: datetime) -> Notice:
    """A plan that has not begun is no notice yet, and what says nothing of its state does not last for ever."""
    stale = notice.state == NO_STATE and now - notice.updates[0].posted_at > STALE
    return replace(notice, state=RESOLVED) if stale or notice.state == "scheduled" else notice


def _text(node: Any, *names: str) -> str:
    for name in names:
        for child in node.xpath("*[local-name()=$name]", name=name):
            text = "".join(child.itertext())
            if text.strip():
                return text[:20_000]
    return ""


def _plain(text: str) -> str:
    """Without tags: the content of an entry is HTML in a text."""
    return html.unescape(_TAG.sub(" ", html.unescape(text)))


def _at(node: Any, *names: str) -> datetime | None:
    for name in names:
        text = _text(node, name).strip()
        found = instant(text) or _mail_date(text)
        if found is not None:
            return found
    return None


def _mail_date(text: str) -> datetime | None:
    """As RSS writes instants: `Sun, 22 Nov 2026 03:00:00 +0000`."""
    try:
        found = parsedate_to_datetime(text)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, TypeError, OverflowError):
        return None


KIND: Final = PageKind(lambda url: url, "application/atom+xml, application/rss+xml, application/xml;q=0.9", _read)
