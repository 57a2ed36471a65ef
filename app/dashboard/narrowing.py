"""Long lists narrowed by what the address says: a text, a choice, a page; each combination is an address of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

from dash import html
from dash.development.base_component import Component

from app.dashboard.elements import _Own, aria

T = TypeVar("T")
PAGE: Final = 50
_FARTHEST: Final = 10_000
_LONGEST: Final = 100


class AddressField(_Own):
    """A field whose text becomes `name` of the address when somebody presses Enter or leaves it; pages begin anew."""

    _type = "AddressField"
    _props = ("id", "name", "value", "label", "placeholder")


@dataclass(frozen=True, slots=True)
class Narrowed:
    """What an address asks of the lists on a page. `pages`: the numbers of those that are not at their first one."""

    path: str
    text: str = ""
    choice: str = ""
    pages: Mapping[str, int] | None = None

    @classmethod
    def of(cls, path: str, query: Mapping[str, str], lists: Sequence[str]) -> Narrowed:
        """From the query; what cannot be means the first page of all."""
        numbers = {name: min(int(query[name]), _FARTHEST) for name in lists if _is_number(query.get(name, ""))}
        return cls(path, query.get("q", "").strip()[:_LONGEST], query.get("need", ""), numbers)

    def holds(self, *texts: str) -> bool:
        """Whether every word that was typed stands somewhere in the texts."""
        heap = " ".join(texts).lower()
        return all(word in heap for word in self.text.lower().split())

    def choosing(self, choice: str) -> str:
        """The address of another choice, at the first page."""
        return replace(self, choice=choice, pages={}).address

    def page(self, name: str) -> int:
        """Which page of that list, from 0."""
        return (self.pages or {}).get(name, 0)

    def cut(self, name: str, rows: Sequence[T]) -> Sequence[T]:
        """The rows of its page; of the last one where the address is beyond it."""
        first = min(self.page(name), max(0, (len(rows) - 1) // PAGE)) * PAGE
        return rows[first : first + PAGE]

    def turning(self, name: str, count: int) -> Component:
        """Links to the page before and after; nothing where all fits on one."""
        last = max(0, (count - 1) // PAGE)
        here = min(self.page(name), last)
        if not last:
            return html.Div(hidden=True)
        words = html.Span(f"{here * PAGE + 1:,} to {min(count, (here + 1) * PAGE):,} of {count:,}", className="note")
        before = [html.A("← before", href=self._at(name, here - 1))] if here else []
        after = [html.A("more →", href=self._at(name, here + 1))] if here < last else []
        return html.Nav([*before, words, *after], className="pages", **aria(label=f"Pages of {name}"))

    def field(self, label: str) -> Component:
        """Where the text is typed."""
        return AddressField(id="search", name="q", value=self.text, label=label, placeholder=f"{label}   /")

    def chip(self, words: Any, choice: str, count: int) -> Component:
        """A choice with how many it leaves."""
        on = self.choice == choice
        marked: dict[str, Any] = aria(current="true") if on else {}
        content = [words, html.B(f"{count:,}")]
        return html.A(content, href=self.choosing(choice), className="chip on" if on else "chip", **marked)

    @property
    def address(self) -> str:
        """Of exactly this."""
        given = {"q": self.text, "need": self.choice}
        query = {name: text for name, text in given.items() if text}
        query |= {name: str(number) for name, number in (self.pages or {}).items() if number}
        return f"{self.path}?{urlencode(query)}" if query else self.path

    def _at(self, name: str, number: int) -> str:
        return replace(self, pages={**(self.pages or {}), name: number}).address


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 9
