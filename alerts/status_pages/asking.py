"""Asking a status page: which ones there are, how often, and one careful request.

Nothing that an answer says makes us ask elsewhere: redirects are reported, not followed, and a name that leads to a
private address is refused, unless the integration's own `base_url` is on that very host, as in a sandbox.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

import httpx

from alerts.fetching import FetchError, fetch
from alerts.status_pages import STATUS_PAGES
from alerts.status_pages.model import PageError, PageReading, link
from config.model import Config, Integration, StatusPage
from config.secrets import UnresolvedReference, resolve

WHILE_OPEN: Final = timedelta(seconds=60)
USUALLY: Final = timedelta(minutes=5)
_BROWSERLESS: Final = {"User-Agent": "Leadline status reader", "Accept-Encoding": "gzip, identity"}


@dataclass(frozen=True, slots=True)
class Watched:
    """A page that integrations share. `page` is its address as written, `url` the same with references resolved."""

    page: str
    kind: str
    url: str
    problem: str
    """Why it cannot be asked at all; empty where it can."""
    users: Mapping[str, Sequence[str]]
    """Integration → the components that it uses."""
    may_be_private: bool


@dataclass(frozen=True, slots=True)
class Look:
    """What became of one request: a reading, or that nothing has changed, or a problem."""

    reading: PageReading | None = None
    problem: str = ""
    etag: str = ""
    modified: str = ""

    @property
    def is_unchanged(self) -> bool:
        """Whether the page says what it said before."""
        return self.reading is None and not self.problem


def watched_pages(config: Config, environ: Mapping[str, str]) -> tuple[Watched, ...]:
    """Every page that is declared, once, by its address as written."""
    groups: dict[tuple[str, str], list[tuple[Integration, StatusPage]]] = {}
    for one in config.integrations:
        if one.status_page is not None:
            groups.setdefault((one.status_page.url, one.status_page.kind), []).append((one, one.status_page))
    return tuple(_watched(page, kind, users, environ) for (page, kind), users in sorted(groups.items()))


def is_due(asked_at: datetime | None, now: datetime, *, open_incident: bool) -> bool:
    """Whether it is time to ask again."""
    return asked_at is None or now - asked_at >= (WHILE_OPEN if open_incident else USUALLY)


async def look(client: httpx.AsyncClient, watched: Watched, etag: str, modified: str, now: datetime) -> Look:
    """One request, conditional where the page gave something to go by. Never raises for what the page does."""
    if watched.problem:
        return Look(problem=watched.problem)
    kind = STATUS_PAGES[watched.kind]
    headers = {**_BROWSERLESS, "Accept": kind.accept} | _conditions(etag, modified)
    try:
        found = await fetch(client, kind.address(watched.url), headers, may_be_private=watched.may_be_private)
        if found.status == httpx.codes.NOT_MODIFIED:
            return Look(etag=etag, modified=modified)
        # A page of megabytes takes its time, and the event loop has others to serve.
        reading = await asyncio.to_thread(kind.read, found.body, now)
    except FetchError as err:
        return Look(problem=str(err).replace("another place", link(err.target) or "another place"))
    except PageError as err:
        return Look(problem=str(err))
    return Look(
        reading, etag=found.headers.get("etag", "")[:500], modified=found.headers.get("last-modified", "")[:100]
    )


def _watched(
    page: str, kind: str, users: Sequence[tuple[Integration, StatusPage]], environ: Mapping[str, str]
) -> Watched:
    url, problem = _resolved(page, environ)
    hosts = {_host(_resolved(one.base_url, environ)[0]) for one, _ in users}
    return Watched(
        page=page,
        kind=kind,
        url=url,
        problem=problem,
        users={one.name: declared.components for one, declared in users},
        may_be_private=bool(url) and _host(url) in hosts,
    )


def _resolved(text: str, environ: Mapping[str, str]) -> tuple[str, str]:
    try:
        url = resolve(text, environ)
    except UnresolvedReference as err:
        return "", f"its address is not known on this machine: {err}"
    return (url, "") if link(url) else ("", "its address is not an http(s) address with a host")


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").lower()


def _conditions(etag: str, modified: str) -> dict[str, str]:
    named = {"If-None-Match": etag, "If-Modified-Since": modified}
    return {name: value for name, value in named.items() if value}
