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


class Known:
    """Finds any of these secrets, however it is spelled. `longest` is the length of the longest spelling."""

    def __init__(self, secrets: Iterable[str]) -> None:
        spelled = {form for secret in secrets if len(secret) >= SHORTEST for form in spellings(secret)}
        # Longest first, so that none is left in part.
        longest_first = sorted(spelled, key=len, reverse=True)
        self.longest = len(longest_first[0]) if longest_first else 0
        self._lowered = {form.lower(): form for form in longest_first}

    def sub(self, mask: str, text: str) -> str:
        """`text` with `mask` in place of each."""
        lowered = text.lower()
        # A look for each is a hundred times as fast as a pattern, which tries all of them at every character; and a
        # pattern of every spelling of a few long tokens takes 60 ms to make, on the loop that probes are timed on.
        found = [form for low, form in self._lowered.items() if low in lowered]
        if not found:
            return text
        return re.sub("|".join(map(re.escape, found)), mask, text, flags=re.IGNORECASE)


def spellings(secret: str) -> set[str]:
    """As it is, percent-encoded, JSON-escaped, HTML-escaped, within base64 at any alignment, and as bytes of another
    charset are read. Also of half a character, which JSON and the environment can hold and UTF-8 cannot."""
    ascii_json, plain_json = json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]
    forms = {
        secret,
        quote(secret, safe="", errors="surrogatepass"),
        quote(secret, errors="surrogatepass"),
        quote_plus(secret, errors="surrogatepass"),
        ascii_json,
        plain_json,
        ascii_json.replace("/", "\\/"),
        repr(secret)[1:-1],
        html.escape(secret),
        secret.encode("latin-1", "replace").decode("utf-8", "replace"),
    }
    if len(secret) >= _BASE64_FROM:
        forms |= _within_base64(secret.encode("utf-8", "surrogatepass"))
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
