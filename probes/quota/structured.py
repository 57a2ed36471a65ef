"""The part of Structured Fields (RFC 9651) that rate limit headers use: lists of items with parameters."""

from __future__ import annotations

import re
from typing import Final, TypeAlias

Bare: TypeAlias = str | float | bool
Item: TypeAlias = tuple[Bare, dict[str, Bare]]

_LONGEST: Final = 8192
_BARE: Final = (
    r'(?:"(?:[ !#-\[\]-~]|\\["\\])*"'  # string
    r"|-?\d{1,15}(?:\.\d{1,3})?(?![\d.])"  # number
    r"|\?[01]"  # boolean
    r"|:[A-Za-z0-9+/=]*:"  # bytes
    r"|[A-Za-z*][!#$%&'*+.^_`|~0-9A-Za-z:/-]*)"  # token
)
_PARAM: Final = re.compile(rf";[ ]*([a-z*][a-z0-9_.*-]*)(?:=({_BARE}))?")
_ITEM: Final = re.compile(rf"({_BARE})((?:{_PARAM.pattern})*)")
_COMMA: Final = re.compile(r"[ \t]*,[ \t]*")


def parse_list(text: str) -> list[Item] | None:
    """The members in order; None for a malformed field, which must be ignored as a whole."""
    text = text.strip(" ")
    if not text or len(text) > _LONGEST:
        return None
    items: list[Item] = []
    at = 0
    while True:
        found = _ITEM.match(text, at)
        if found is None:
            return None
        items.append((_value(found[1]), _params(found[2])))
        if found.end() == len(text):
            return items
        comma = _COMMA.match(text, found.end())
        if comma is None:
            return None
        at = comma.end()


def _params(text: str) -> dict[str, Bare]:
    return {found[1]: True if found[2] is None else _value(found[2]) for found in _PARAM.finditer(text)}


def _value(text: str) -> Bare:
    if text.startswith('"'):
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    if text.startswith("?"):
        return text == "?1"
    if text[0].isdigit() or text[0] == "-":
        return float(text)
    return text
