"""The beginning of a JSON text that is cut or broken, as far as its values are whole."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Final

_TOKEN: Final = re.compile(r'\s+|[{}\[\],:]|"(?:[^"\\]|\\.)*+"|[^\s{}\[\],:"]++')
_CLOSING: Final = {"{": "}", "[": "]"}
_DEEPEST: Final = 60


@dataclass(frozen=True, slots=True)
class Beginning:
    """`document`: what was whole; `rest`: the text from its end on; `within`: names of the fields the rest is in.

    `closers`: how many characters at the end of the document's own JSON stand for brackets that were not closed.
    """

    document: Any
    rest: str
    within: tuple[str, ...]
    closers: int


def beginning_of(text: str) -> Beginning | None:
    """None where not one value is whole, where it is too deep, or no JSON from its beginning on."""
    cut = _last_cut(text)
    if cut is None:
        return None
    position, opened, names = cut
    closed = text[:position] + "".join(_CLOSING[bracket] for bracket in reversed(opened))
    try:
        document = json.loads(closed)
    except ValueError:
        return None
    within = tuple(name for name in names if name)
    return Beginning(document, text[position:], within, len(opened))


def _last_cut(text: str) -> tuple[int, list[str], list[str]] | None:
    """Where the last comma stands, the brackets open there and the names of the fields that they are the values of."""
    opened: list[str] = []
    names: list[str] = []
    cut: tuple[int, list[str], list[str]] | None = None
    position, last = 0, ""
    while (found := _TOKEN.match(text, position)) is not None:
        part = found[0]
        if part in _CLOSING:
            if len(opened) == _DEEPEST:
                return None
            opened.append(part)
            names.append(last)
        elif part in ("}", "]"):
            if not opened:
                break
            opened.pop()
            names.pop()
        elif part == "," and opened:
            cut = (position, list(opened), list(names))
        last = _name(part, last)
        position = found.end()
    return cut


def _name(part: str, last: str) -> str:
    """The field whose value comes next: kept over the colon and white space behind it."""
    if part.startswith('"'):
        return part[1:-1]
    return last if part == ":" or part.isspace() else ""
