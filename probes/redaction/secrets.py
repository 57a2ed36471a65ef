"""Every way in which a known secret can stand in a text."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote, quote_plus

SHORTEST: Final = 4
"""A shorter one would blank out half of every text, and is no secret."""

_BASE64_FROM: Final = 8


def pattern(secrets: Iterable[str]) -> re.Pattern[str] | None:
    """Finds any of them, however it is spelled; longest first, so that none is left in part."""
    spelled = {form for secret in secrets if len(secret) >= SHORTEST for form in spellings(secret)}
    if not spelled:
        return None
    longest_first = sorted(spelled, key=len, reverse=True)
    return re.compile("|".join(re.escape(form) for form in longest_first), re.IGNORECASE)


def spellings(secret: str) -> set[str]:
    """As it is, percent-encoded, JSON-escaped, HTML-escaped, and within base64 at any alignment."""
    ascii_json, plain_json = json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]
    forms = {
        secret,
        quote(secret, safe=""),
        quote(secret),
        quote_plus(secret),
        ascii_json,
        plain_json,
        ascii_json.replace("/", "\\/"),
        repr(secret)[1:-1],
        html.escape(secret),
    }
    if len(secret) >= _BASE64_FROM:
        forms |= _within_base64(secret.encode("utf-8"))
    return forms


def _within_base64(secret: bytes) -> set[str]:
    """The part of the base64 text that depends on the secret alone, for each of the three places it can begin at."""
    forms = set()
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + secret).decode("ascii")
        first = -(-before * 8 // 6)
        last = (before + len(secret)) * 8 // 6
        stable = encoded[first:last]
        forms |= {stable, stable.replace("+", "-").replace("/", "_")}
    return forms
