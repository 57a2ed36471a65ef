"""What a page is, and which one an address means."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote

from dash.development.base_component import Component

from app.dashboard.view import View


@dataclass(frozen=True, slots=True)
class Visit:
    """One look at a page: what its path and its query say."""

    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Page:
    """A page: its address, with `{name}` for the parts that vary, and what it shows.

    `refresh_s` is how often it is drawn anew while it is looked at; None for what never changes. `key` is pressed after
    `g` to go there. `knows` says whether there is such a thing as the varying parts of an address name.
    """

    path: str
    title: str
    render: Callable[[View, Visit], Component]
    nav: str | None = None
    refresh_s: int | None = None
    key: str | None = None
    knows: Callable[[View, Visit], bool] | None = None

    def heading(self, visit: Visit) -> str:
        """What a tab is called."""
        return self.title.format(**visit.path)

    def match(self, pathname: str) -> dict[str, str] | None:
        """The varying parts of that address, or None when it is not this page's."""
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.path)
        found = re.fullmatch(pattern, pathname.rstrip("/") or "/")
        return {key: unquote(value) for key, value in found.groupdict().items()} if found else None


def find(pages: Sequence[Page], pathname: str, search: str) -> tuple[Page, Visit] | None:
    """The page of that address and the visit it means."""
    for page in pages:
        path = page.match(pathname)
        if path is not None:
            return page, Visit(path, dict(parse_qsl(search.removeprefix("?"))))
    return None
