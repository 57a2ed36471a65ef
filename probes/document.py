"""The body of an answer as a JSON document, within limits: parsing runs on the loop that the probes are timed on."""

from __future__ import annotations

import json
import math
import re
from typing import Any, Final

from probes.http import Headers

DEEPEST: Final = 200
"""Lists and objects within one another. Everything that reads a document may recurse that far."""

_MEMORY: Final = 16 * 1024 * 1024
"""What a body and all that is made of it may take: about 2 MB of usual JSON."""
_SURELY_FITS: Final = 64 * 1024
_TOO_DEEP: Final = "nested too deeply"
_COSTS: Final = {b"{": 200, b"[": 96, b",": 64, b":": 96}
"""Bytes of memory that each of these stands for at most, beside the text of a value."""
_FOUR_BYTES: Final = re.compile(rb"[\xf0-\xff]")
_TWO_BYTES: Final = re.compile(rb"[\xc4-\xff]")


class CorruptDocument(Exception):  # noqa: N818 - the vendor's, not the program's
    """The body is not JSON, or none that can be held; says where it stops to be, and quotes nothing of it."""


class OversizedDocument(CorruptDocument):
    """It may well be JSON, but reading it would cost more memory and time than an answer may."""


def parse(body: bytes) -> Any:
    """Strict JSON (no NaN, no Infinity) in UTF-8, -16 or -32, with or without a byte order mark.

    Of two members of one name the last counts. Raises CorruptDocument: also for a number that no double or no integer
    of Python holds, and for what is nested deeper than `DEEPEST`; OversizedDocument for what takes over 16 MiB.
    """
    if len(body) > _SURELY_FITS:
        _check_cost(body)
    try:
        document = json.loads(body, parse_constant=_refuse, parse_float=_finite)
    except json.JSONDecodeError as err:
        raise CorruptDocument(f"{err.msg.removesuffix(' at')} at line {err.lineno} column {err.colno}".lower()) from err
    except UnicodeDecodeError as err:
        raise CorruptDocument(f"not valid {err.encoding} at byte {err.start}") from err
    except RecursionError as err:
        raise CorruptDocument(_TOO_DEEP) from err
    except _UnreadableNumber as err:
        raise CorruptDocument(str(err)) from err
    except ValueError as err:
        # Python's own limit on the digits of an integer.
        raise CorruptDocument("a number of more digits than can be read") from err
    _check_depth(document, body)
    return document


def claims_json(headers: Headers) -> bool:
    """Whether the answer says that it is JSON: application/json, or any +json type."""
    media: str = headers.get("content-type", "").split(";")[0].strip().lower()
    return media == "application/json" or media.endswith("+json")


class _UnreadableNumber(ValueError):  # noqa: N818 - the vendor's, not the program's
    pass


def _refuse(_: str) -> None:
    raise _UnreadableNumber("a number that JSON does not have")


def _finite(written: str) -> float:
    number = float(written)
    if math.isinf(number):
        raise _UnreadableNumber("a number larger than any double")
    return number


def _check_cost(body: bytes) -> None:
    """Refuse what would take too much, by the marks in it: those inside of texts are counted too, which is rare."""
    values = sum(body.count(mark) * cost for mark, cost in _COSTS.items())
    # The text is held twice: to parse it, and as values.
    if len(body) + 2 * len(body) * _width(body) + values > _MEMORY:
        raise OversizedDocument("more of it than can be read")


def _width(body: bytes) -> int:
    """Bytes a character: Python holds every one of a text as its widest needs, whether that came as UTF-8 or `\\u`."""
    if b"\0" in body:
        return 4
    escapes, plain = b"\\u" in body, body.isascii()
    if (not plain and _FOUR_BYTES.search(body)) or (escapes and (b"\\ud" in body or b"\\uD" in body)):
        return 4
    return 2 if escapes or (not plain and _TWO_BYTES.search(body)) else 1


def _check_depth(document: Any, body: bytes) -> None:
    if body.count(b"[") + body.count(b"{") <= DEEPEST:
        return
    level, depth = [document], 0
    while level:
        depth += 1
        if depth > DEEPEST:
            raise CorruptDocument(_TOO_DEEP)
        level = [child for one in level for child in _children(one) if isinstance(child, (dict, list))]


def _children(value: Any) -> Any:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
