"""What templates can call: times, random values, encodings, digests. Nothing here reads a file or the network."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Final
from urllib.parse import quote
from uuid import uuid4

from jinja2 import pass_context

from config.scalars import parse_duration

LONGEST_HEX: Final = 1024


class TemplateFailure(Exception):  # noqa: N818 — what came from the vendor may cause it
    """A template that cannot be rendered: its syntax, or a variable that is not there. Quotes no value."""


class Drawn(str):
    """A random value that stays the same within one run; called, it gives a fresh one each time."""

    _draw: Callable[..., str]

    def __new__(cls, draw: Callable[..., str]) -> Drawn:
        """The run's own value comes from `draw` without arguments."""
        self = super().__new__(cls, draw())
        self._draw = draw
        return self

    def __call__(self, *arguments: Any) -> str:
        """A fresh one."""
        return self._draw(*arguments)

    def again(self, value: str) -> Drawn:
        """The same, with the value that another run had."""
        other = Drawn(lambda: value)
        other._draw = self._draw
        return other


Derivation = tuple[tuple[str, ...], str]
"""Texts that went into an encoding or a digest, and what came out."""

_DERIVATIONS: ContextVar[list[Derivation] | None] = ContextVar("derivations", default=None)


@contextmanager
def derivations() -> Iterator[list[Derivation]]:
    """Collects what encodings and digests make while templates are rendered inside, so that what was made of a secret
    can be kept as secret as that."""
    made: list[Derivation] = []
    token = _DERIVATIONS.set(made)
    try:
        yield made
    finally:
        _DERIVATIONS.reset(token)


def _derived(made: str, *sources: object) -> str:
    collected = _DERIVATIONS.get()
    if collected is not None:
        collected.append((tuple(map(str, sources)), made))
    return made


def new_uuid() -> str:
    """A random UUID."""
    return str(uuid4())


def new_hex(digits: int = 16) -> str:
    """That many random hexadecimal digits."""
    if not 1 <= digits <= LONGEST_HEX:
        raise TemplateFailure(f"random_hex makes 1 to {LONGEST_HEX} digits")
    return secrets.token_hex((digits + 1) // 2)[:digits]


def random_int(low: int, high: int) -> int:
    """A whole number from `low` to `high`, both of them possible."""
    if low > high:
        raise TemplateFailure("random_int(low, high) needs low to be at most high")
    return low + secrets.randbelow(high - low + 1)


def random_choice(*options: Any) -> Any:
    """One of the arguments, or of the one list that is the argument."""
    pool = options[0] if len(options) == 1 and isinstance(options[0], (list, tuple)) else options
    if not pool:
        raise TemplateFailure("random_choice needs something to choose from")
    return secrets.choice(pool)


def shift(value: object, by: str) -> Any:
    """An instant moved by an offset such as '-1h' or '+1d12h': ISO text stays ISO text, epoch seconds stay a number."""
    sign, text = (by[0], by[1:]) if by[:1] in {"+", "-"} else ("+", by)
    try:
        offset = parse_duration(text)
    except ValueError:
        raise TemplateFailure("shift takes an offset such as '-1h', '30m' or '+1d12h'") from None
    moved = _instant(value) + (-offset if sign == "-" else offset)
    return int(moved.timestamp()) if isinstance(value, (int, float)) else moved.isoformat()


def strftime(value: object, layout: str) -> str:
    """An instant by a layout such as '%Y-%m-%d', in UTC."""
    return _instant(value).strftime(layout)


def epoch(value: object) -> int:
    """Whole seconds since 1970."""
    return int(_instant(value).timestamp())


def epoch_ms(value: object) -> int:
    """Whole milliseconds since 1970."""
    return (_instant(value) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def http_date(value: object) -> str:
    """As HTTP writes it: Sun, 22 Nov 2026 03:00:00 GMT."""
    return format_datetime(_instant(value), usegmt=True)


def _instant(value: object) -> datetime:
    try:
        if isinstance(value, (int, float)):
            return datetime.fromtimestamp(value, UTC)
        read = datetime.fromisoformat(str(value))
        return (read if read.tzinfo is not None else read.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        raise TemplateFailure("not an instant: ISO 8601 text or seconds since 1970 are") from None


def b64encode(value: object) -> str:
    """Base64 of the text."""
    return _derived(base64.b64encode(_bytes(value)).decode(), value)


def b64encode_url(value: object) -> str:
    """Base64 in the URL-safe alphabet, without padding."""
    return _derived(base64.urlsafe_b64encode(_bytes(value)).decode().rstrip("="), value)


def b64decode(value: object) -> str:
    """The text behind base64 in either alphabet, padded or not."""
    text = str(value).strip().translate(str.maketrans("-_", "+/")).rstrip("=")
    try:
        return _derived(base64.b64decode(text + "=" * (-len(text) % 4), validate=True).decode(), value)
    except (ValueError, binascii.Error):
        raise TemplateFailure("b64decode: not base64 of a text") from None


def _digest(name: str) -> Callable[..., str]:
    def digest(value: object, encoding: str = "hex") -> str:
        return _derived(_encoded(hashlib.new(name, _bytes(value), usedforsecurity=False).digest(), encoding), value)

    return digest


def hmac_of(
    value: object, key: object, digest: str = "sha256", encoding: str = "hex", key_encoding: str = "text"
) -> str:
    """The HMAC of the text: `digest` is one of `DIGESTS`, `encoding` hex, base64 or base64url, `key_encoding` one of
    text, hex and base64."""
    if digest not in DIGESTS:
        raise TemplateFailure(f"hmac: the digest is one of {', '.join(DIGESTS)}")
    made = hmac.new(_key(key, key_encoding), _bytes(value), digest).digest()
    return _derived(_encoded(made, encoding), value, key)


def _key(key: object, encoding: str) -> bytes:
    try:
        if encoding == "hex":
            return bytes.fromhex(str(key))
        if encoding == "base64":
            return base64.b64decode(str(key), validate=True)
    except (ValueError, binascii.Error):
        raise TemplateFailure(f"hmac: the key is not {encoding}") from None
    if encoding != "text":
        raise TemplateFailure("hmac: key_encoding is text, hex or base64")
    return _bytes(key)


def _encoded(digest: bytes, encoding: str) -> str:
    if encoding == "hex":
        return digest.hex()
    if encoding == "base64":
        return base64.b64encode(digest).decode()
    if encoding == "base64url":
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")
    raise TemplateFailure("a digest's encoding is hex, base64 or base64url")


def urlquote(value: object) -> str:
    """Percent-encoded whole, `/` too, so that it is one segment of a path or one value of a query."""
    return quote(str(value), safe="")


def to_json(value: object) -> str:
    """Compact JSON text."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _bytes(value: object) -> bytes:
    return str(value).encode("utf-8")


DIGESTS: Final = ("md5", "sha1", "sha256", "sha512")

FUNCTIONS: Final[dict[str, Callable[..., Any]]] = {"random_choice": random_choice, "random_int": random_int}
"""Callable by name, beside the built-in variables `uuid` and `random_hex`, which can be called too."""


def _when_rendered(function: Callable[..., Any]) -> Callable[..., Any]:
    """Never worked out when a template is compiled, as happens to constants: `derivations` would not see it."""

    @pass_context
    def rendered(_: object, *arguments: Any, **named: Any) -> Any:
        return function(*arguments, **named)

    return rendered


_FILTERS: Final[dict[str, Callable[..., Any]]] = {
    "b64decode": b64decode,
    "b64encode": b64encode,
    "b64encode_url": b64encode_url,
    "epoch": epoch,
    "epoch_ms": epoch_ms,
    "hmac": hmac_of,
    "http_date": http_date,
    "json": to_json,
    "shift": shift,
    "strftime": strftime,
    "urlquote": urlquote,
    **{name: _digest(name) for name in DIGESTS},
}

FILTERS: Final = {name: _when_rendered(function) for name, function in _FILTERS.items()}
"""Ours, beside Jinja's own (upper, lower, replace, default, urlencode, e for XML, …)."""
