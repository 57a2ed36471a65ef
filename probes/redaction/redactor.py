"""One redactor for one integration: known secrets, telling names, telling shapes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from probes.document import CorruptDocument, parse
from probes.http import Headers
from probes.model import Assertion, Failure
from probes.redaction import secrets, shapes
from probes.redaction.beginnings import beginning_of
from probes.redaction.names import REDACTED, mask_for

BODY_SHOWN: Final = 8 * 1024
"""Bytes of a body that evidence keeps, counted after redaction."""

_READ: Final = 32 * 1024
"""Of a longer text only so much is looked at: redaction runs on the loop that the probes are timed on."""

_WORD: Final = 1024
"""Of what has no end within the part that is looked at, so much is left out: it may be half an address or a token."""
_DELIMITERS: Final = " \t\r\n\"'<>,;&{}[]"
_LONG_URL: Final = 4096
_TEXT_SHOWN: Final = 500
_DEEPEST: Final = 60
_URL_HEADERS: Final = frozenset({"location", "content-location", "referer", "link", "refresh"})


class Redactor:
    """Takes secrets and personal values out of everything that is kept or shown. Never raises."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        values = frozenset(known)
        self._known = secrets.Known(values)

    def text(self, text: str) -> str:
        """Any text, whole."""
        return shapes.redact(self._known.sub(REDACTED, text))

    def short(self, text: str) -> str:
        """Any text, cut after redaction to what fits a line or two."""
        clean = self.text(self._readable(text))
        return clean if len(clean) <= _TEXT_SHOWN else f"{clean[:_TEXT_SHOWN]}…"

    def named(self, name: str, value: str) -> str:
        """A value that has a name: a header, a variable, a query parameter."""
        return mask_for(name) or self.short(value)

    def headers(self, headers: Headers) -> dict[str, str]:
        """Name → value; repeated headers are joined."""
        return {self.text(name): self._header(name, value) for name, value in headers.items()}

    def url(self, url: str) -> str:
        """An address without its user, and with its path and parameters redacted."""
        try:
            parts = urlsplit(url)
            host = parts.netloc.rpartition("@")[2]
            # Before it is taken apart: a secret may hold the very characters that it is taken apart at.
            pairs = parse_qsl(self._known.sub(REDACTED, parts.query[:_LONG_URL]), keep_blank_values=True)
        except ValueError:
            return self.text(url)
        if len(url) > _LONG_URL:
            return self.short(urlunsplit((parts.scheme, host, parts.path, parts.query, "")))
        query = urlencode([(self.text(k), self._parameter(k, v)) for k, v in pairs], safe="[]{}", quote_via=quote)
        path = "/".join(self._segment(segment) for segment in parts.path.split("/"))
        return self.text(urlunsplit((parts.scheme, host, path, query, "")))

    def body(self, body: bytes, content_type: str = "") -> str | None:
        """The first 8 KiB of a body, redacted before it is cut; None for an empty one."""
        if not body:
            return None
        text = self._body_text(body, content_type.split(";", maxsplit=1)[0].strip().lower())
        shown = text.encode("utf-8", "replace")[:BODY_SHOWN]
        return shown.decode("utf-8", "ignore")

    def document(self, document: Any, depth: int = 0) -> Any:
        """A JSON value: fields of telling names masked as a whole, the texts in it redacted."""
        if depth > _DEEPEST:
            return "[too deep to show]"
        if isinstance(document, Mapping):
            return {self.text(str(k)): self._field(str(k), v, depth) for k, v in document.items()}
        if isinstance(document, list):
            return [self.document(item, depth + 1) for item in document]
        if isinstance(document, str):
            return self.text(document)
        if isinstance(document, (int, float)) and not isinstance(document, bool):
            shown = self.text(str(document))
            return document if shown == str(document) else shown
        return document

    def assertion(self, assertion: Assertion) -> Assertion:
        """Both sides redacted; masked where the subject's last name tells what they are."""
        last = assertion.subject.replace("]", "").replace("'", "").rpartition(".")[2].rpartition("[")[2]
        name = last.removeprefix("header ")
        expected, actual = assertion.expected, assertion.actual
        if mask_for(name) is not None and actual not in _HARMLESS:
            expected, actual = self._masked(name, expected), self._masked(name, actual)
        subject, expected, actual = self.text(assertion.subject), self.short(expected), self.short(actual)
        if (subject, expected, actual) == (assertion.subject, assertion.expected, assertion.actual):
            return assertion
        return replace(assertion, subject=subject, expected=expected, actual=actual)

    def failure(self, failure: Failure) -> Failure:
        """Its message redacted."""
        return replace(failure, message=self.short(failure.message))

    def _masked(self, name: str, text: str) -> str:
        if text in _HARMLESS or text.startswith(("matches /", "type ", "length ")):
            return self.short(text)
        return mask_for(name) or self.short(text)

    def _header(self, name: str, value: str) -> str:
        if name.lower() in _URL_HEADERS:
            return self.url(value) if "<" not in value else self.short(value)
        return self.named(name, value)

    def _parameter(self, name: str, value: str) -> str:
        return mask_for(name) or self.text(value)

    def _segment(self, segment: str) -> str:
        plain = unquote(segment)
        clean = self.text(plain)
        return segment if clean == plain else clean

    def _field(self, name: str, value: Any, depth: int) -> Any:
        mask = mask_for(name)
        if mask is None or value is None or isinstance(value, bool):
            return self.document(value, depth + 1)
        return _leaves_masked(value, mask, depth)

    def _body_text(self, body: bytes, media: str) -> str:
        looks_json = media.endswith("json") or body.lstrip()[:1] in (b"{", b"[", b'"')
        # A larger one would hold up the loop, and only its beginning is shown anyway.
        if looks_json and len(body) <= _READ:
            try:
                return json.dumps(self.document(parse(body)), ensure_ascii=False)
            except (CorruptDocument, RecursionError, ValueError):
                pass
        # More bytes than any text of that many characters has, so that what was cut is known to be.
        text = body[: 4 * _READ + 4].decode("utf-8", "replace")
        if media == "application/x-www-form-urlencoded":
            return self._form(self._readable(text))
        if b"\0" in body[:_READ] and not looks_json:
            return f"[{len(body):,} bytes that are not text]"
        return self._begun(self._readable(text)) if looks_json else self.text(self._readable(text))

    def _begun(self, text: str) -> str:
        """JSON that is cut or broken: what is whole of it by its names, the rest as text."""
        begun = beginning_of(text)
        if begun is None:
            return self.text(text)
        written = json.dumps(self.document(begun.document), ensure_ascii=False)
        hidden = any(mask_for(name) is not None for name in begun.within)
        return written[: len(written) - begun.closers] + (f", {REDACTED}" if hidden else self.text(begun.rest))

    def _form(self, text: str) -> str:
        try:
            pairs = parse_qsl(self._known.sub(REDACTED, text), keep_blank_values=True)
        except ValueError:
            return self.text(text)
        return urlencode([(self.text(k), self._parameter(k, v)) for k, v in pairs], safe="[]")

    def _readable(self, text: str) -> str:
        """What is looked at of a text. Of a longer one the end is left out as far as it may be part of something."""
        if len(text) <= _READ:
            return text
        clean = self._known.sub(REDACTED, text[:_READ])
        kept = clean[: max(0, len(clean) - self._known.longest)]
        last = max(kept.rfind(mark) for mark in _DELIMITERS)
        return kept[: max(last + 1, len(kept) - _WORD)]


@lru_cache(maxsize=1024)
def redactor_for(known: frozenset[str]) -> Redactor:
    """The redactor of these secrets: working out how each may be spelled takes longer than a run's own redaction."""
    return Redactor(known)


_HARMLESS: Final = frozenset({"no such path", "no such header", "present", "absent", "null", '""'})


def _leaves_masked(value: Any, mask: str, depth: int) -> Any:
    if depth > _DEEPEST:
        return mask
    if isinstance(value, Mapping):
        return {k: _leaves_masked(v, mask, depth + 1) for k, v in value.items()}
    if isinstance(value, list):
        return [_leaves_masked(item, mask, depth + 1) for item in value]
    return value if value is None or isinstance(value, bool) else mask
