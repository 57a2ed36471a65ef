"""Texts for SMS: in the GSM 7-bit alphabet, because one other character more than doubles the parts of a message."""

from __future__ import annotations

import unicodedata
from typing import Final

from alerts.messages import headline
from alerts.model import Notification

MAX_SMS: Final = 320
"""Three parts at most; longer ones are split, delayed and cut by carriers."""

_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED: Final = frozenset("^{}\\[~]|€")
_PLAIN: Final = {
    "–": "-", "—": "-", "−": "-", "·": "-", "•": "*", "→": "->", "←": "<-", "×": "x", "…": "...", "≥": ">=", "≤": "<=",
    "‘": "'", "’": "'", "“": '"', "”": '"', "„": '"', "\u00a0": " ", "\u202f": " ", "`": "'", "\t": " ",
}  # fmt: skip


def sms(notification: Notification) -> str:
    """The page in one text: headline, evidence, link; at most 320 GSM characters. The link is never cut."""
    incident = notification.incident
    evidence = next((e for c in incident.conditions for e in c.evidence_ids), None)
    tail = f" ev {evidence}" if evidence and incident.resolved_at is None else ""
    tail = transliterate(f"{tail} {notification.address}")
    head = transliterate(headline(notification))
    room = MAX_SMS - septets(tail)
    return _cut(head, room) + tail if room > 40 else _cut(head, MAX_SMS)


def transliterate(text: str) -> str:
    """The nearest text in the GSM alphabet; control characters are dropped, what has no likeness becomes '?'."""
    return "".join(_letter(character) for character in text)


def septets(text: str) -> int:
    """Length as carriers count it: the extended characters take two places."""
    return sum(2 if character in _EXTENDED else 1 for character in text)


def _letter(character: str) -> str:
    if character in _BASIC or character in _EXTENDED:
        return character
    if character in _PLAIN:
        return _PLAIN[character]
    if unicodedata.category(character).startswith("C"):
        return ""
    base = "".join(c for c in unicodedata.normalize("NFKD", character) if c in _BASIC)
    return base or "?"


def _cut(text: str, room: int) -> str:
    if septets(text) <= room:
        return text
    while septets(text) > room - 2:
        text = text[:-1]
    return text + ".."
