"""Keys of JSON objects as parts of a path: names of fields stay, ids and what may be somebody's data are collapsed."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

COLLAPSED: Final = "[<id>]"
"""Stands for every key that names a record rather than a field."""

_FIELD: Final = re.compile(r"[A-Za-z_$@][A-Za-z0-9_$.:/-]{0,63}", re.ASCII)
_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_HEX: Final = re.compile(r"[0-9a-fA-F]{8,}", re.ASCII)
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)
_PARTS: Final = re.compile(r"[_.:/-]")


@lru_cache(maxsize=8192)
def segment(key: str) -> str:
    """`.name`, `['odd-name']`, or `COLLAPSED` for numbers, UUIDs, hexadecimal and random ids, e-mail addresses, and
    for whatever does not look like the name of a field (a person's name, a telephone number, a date)."""
    if _FIELD.fullmatch(key) is None or _is_id(key):
        return COLLAPSED
    return f".{key}" if _PLAIN.fullmatch(key) else f"['{key}']"


def _is_id(key: str) -> bool:
    return _UUID.fullmatch(key) is not None or any(_is_random(part) for part in _PARTS.split(key))


def _is_random(part: str) -> bool:
    """Six digits and more, hexadecimal with a digit, or long with several digits: nobody names a field like that."""
    digits = sum(character.isdigit() for character in part)
    if digits == len(part):
        return digits >= 6
    return (len(part) >= 12 and digits >= 3) or (digits > 0 and _HEX.fullmatch(part) is not None)
