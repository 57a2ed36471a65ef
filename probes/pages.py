"""Turning pages: where an answer says that it goes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from config.model import Repeat
from config.model import Request as Declared
from config.templates import is_expression, undeclared
from probes.assertions.model import Received
from probes.capture import NotFound, find
from probes.http import URL, InvalidURL, Response, origin
from probes.model import Failure, FailureKind

_LINK: Final = "link:"


@dataclass(frozen=True, slots=True)
class Following:
    """The next page: the value for the cursor, or the address itself."""

    cursor: Any = None
    address: URL | None = None


@dataclass(slots=True)
class Pages:
    """One step on its way through its pages."""

    repeat: Repeat
    number: int = 1
    now: Following = Following()
    seen: tuple[str, ...] = ()

    @property
    def variables(self) -> dict[str, Any]:
        """What the step's templates know of the page; before the first answer the cursor is empty."""
        known: dict[str, Any] = {"page": self.number}
        if self.repeat.cursor is not None:
            known[self.repeat.cursor] = self.now.cursor if self.number > 1 else ""
        return known

    def turn(self, following: Following) -> None:
        """Go on to it."""
        self.seen = (*self.seen, _mark(self.now))
        self.now = following
        self.number += 1

    def obstacle(self, following: Following, asked: URL) -> Failure | None:
        """Why the next page is not fetched although there is one: a failure, or the end that was wanted."""
        if following.address is not None and origin(following.address) != origin(asked):
            host = following.address.host
            return _failure(f"page {self.number + 1} is said to be on {host}, and no other host than this one is asked")
        if not isinstance(following.cursor, bool) and _mark(following) in (*self.seen, _mark(self.now)):
            return _failure(f"page {self.number} leads back to a page that was there already, so there is no end")
        if self.number >= self.repeat.max and self.repeat.at_cap == "fail":
            return _failure(f"there are more than {self.repeat.max} pages (repeat.max), and not all of them were read")
        return None

    def is_last(self) -> bool:
        """Whether no further page is to be fetched."""
        return self.number >= self.repeat.max


def next_page(repeat: Repeat, received: Received) -> Following | Failure | None:
    """The next page that an answer names; a failure where that is no address, None where it is the last."""
    found = _link(repeat.next, received) if repeat.next.startswith(_LINK) else find(repeat.next, received)
    if isinstance(found, NotFound) or found in (None, False, "", 0, [], {}):
        return None
    if repeat.cursor is not None:
        return Following(cursor=found)
    try:
        return Following(address=URL(received.url).join(str(found)))
    except (InvalidURL, ValueError):
        return Failure(FailureKind.CAPTURE, f"cannot turn the page: {repeat.next}: not an address")


def on_first_page(declared: Declared, cursor: str | None) -> Declared:
    """Without the parameters and fields that are the cursor and nothing else: there is none yet."""
    if cursor is None:
        return declared
    graphql = declared.graphql
    update = {
        "query": _without(declared.query, cursor),
        "form": _without(declared.form, cursor),
        "json_body": _without(declared.json_body, cursor),
        "multipart": _without(declared.multipart, cursor),
        "graphql": graphql.model_copy(update={"variables": _without(graphql.variables, cursor)}) if graphql else None,
    }
    return declared.model_copy(update=update)


def _without(value: Any, cursor: str) -> Any:
    if isinstance(value, Mapping):
        return {key: _without(item, cursor) for key, item in value.items() if not _is_cursor(item, cursor)}
    if isinstance(value, list):
        return [_without(item, cursor) for item in value]
    return value


def _is_cursor(value: Any, cursor: str) -> bool:
    return isinstance(value, str) and is_expression(value) and cursor in undeclared(value)


def _link(source: str, received: Received) -> Any:
    relation = source.removeprefix(_LINK).strip()
    link = Response(200, headers=received.headers).links.get(relation)
    return NotFound("no such link") if link is None else link.get("url", "")


def _mark(following: Following) -> str:
    return repr((following.cursor, str(following.address or "")))


def _failure(words: str) -> Failure:
    return Failure(FailureKind.ASSERTION, words)
