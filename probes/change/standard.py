"""What standards have for it: `Deprecation` (RFC 9745 and its drafts), `Sunset` (RFC 8594), `Warning: 299`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from probes.change.dates import parse_date
from probes.change.links import links
from probes.http import Request
from probes.model import ChangeKind, ChangeSignal
from probes.vendors.model import Answer
from probes.vendors.rules import words

_YES: Final = frozenset({"true", "?1", "1", "yes"})
_WARNING: Final = re.compile(r'\b299\s+\S+\s+"((?:[^"\\]|\\.){1,1000})"')
_ENDS: Final = re.compile(r"deprecat|sunset|retire|discontinu|end.of.(?:life|support)|no longer be supported", re.I)


def deprecation(_request: Request, answer: Answer) -> Iterator[ChangeSignal]:
    """`Deprecation`: a date, or only `true`."""
    header = answer.headers.get("deprecation", "").strip()
    at = parse_date(header)
    if at is None and header.lower() not in _YES:
        return
    related = links(answer.headers.get("link", ""))
    instead = related.get("successor-version") or related.get("latest-version")
    what = f"replaced by {words(instead)}" if instead else ""
    yield ChangeSignal(ChangeKind.DEPRECATION, "deprecation", what, at, related.get("deprecation"))


def sunset(_request: Request, answer: Answer) -> Iterator[ChangeSignal]:
    """`Sunset`: the date from which it may be gone."""
    at = parse_date(answer.headers.get("sunset", ""))
    if at is not None:
        link = links(answer.headers.get("link", "")).get("sunset")
        yield ChangeSignal(ChangeKind.SUNSET, "sunset", "", at, link)


def warning(_request: Request, answer: Answer) -> Iterator[ChangeSignal]:
    """`Warning: 299 - "…"` (Salesforce for one), where its words are about an end."""
    for text in _WARNING.findall(answer.headers.get("warning", "")):
        if _ENDS.search(text):
            yield ChangeSignal(ChangeKind.DEPRECATION, "warning", words(text))
            return


READERS: Final = (deprecation, sunset, warning)
"""Asked of every vendor's answers."""
