"""Secrets and personal values that are known by their shape, wherever they stand."""

from __future__ import annotations

import re
from typing import Final

from probes.redaction.names import REDACTED, mask_for

EMAIL: Final = "[e-mail]"
PHONE: Final = "[phone]"

_TOKENS: Final = re.compile(
    r"\b(?P<scheme>bearer|basic|token|digest|sso-key)(?P<space>\s+|%20)(?!realm\b)(?P<value>[\w.~+/=:%-]{8,})"
    r"|(?<![\w-])[\w-]{0,64}?eyJ[\w-]{8,}+\.[\w-]++(?:\.[\w-]*+)?"
    r"|\b(?:sk|pk|rk)_(?:live|test)_\w{8,}"
    r"|\b(?:gh[pousr]_|github_pat_|shp(?:at|ca|pa|ss)_|xox[abeoprs]-|pat-(?:na|eu|ap)\d-|SG\.|AKIA|EAA|ya29\.)[\w.-]{12,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
    re.IGNORECASE,
)
_LIKE_A_KEY: Final = re.compile(r"\d|[a-z][A-Z]|[A-Z]{2}[a-z]|[+/=_~]|.{24}")
"""Tells `Bearer dXNlcjpw…` from `bearer credentials`."""

# A local part starts only where a word does: else every position of a long token would be tried.
_EMAILS: Final = re.compile(r"(?<![\w.%+-])[\w.%+-]{1,64}(?:@|%40)[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_PHONES: Final = re.compile(
    r"(?<![\w+])\+\d(?:[\s().-]?\d){7,14}(?!\w)|(?<![\w.-])\(?\d{3}\)?[\s.-]\d{3}[\s.-]\d{4}(?![\w-])"
)
_NAMES: Final = re.compile(r"""(?<![\w.-])(?P<name>[A-Za-z][\w.-]{0,63})\\{0,7}["']?\]?\s*+(?P<sign>=>|[:=])\s*+""")
_BARE: Final = re.compile(r"""[^\s&,;{}\[\]"'<>]{1,1024}+""")
_VALUE: Final = re.compile(r"""\\{0,7}"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|'[^']*+(?:'|\Z)|[^\s&,;{}\[\]"'<>]++""", re.DOTALL)

_ELEMENTS: Final = re.compile(
    r"<(?P<name>[A-Za-z_][\w.:-]{0,63})(?P<attributes>\s[^<>]{0,500})?>"
    r"(?P<value>\s*<!\[CDATA\[(?:[^\]]|\](?!\]>)){0,4000}(?:\]\]>|\Z)?|[^<]+)"
)


def redact(text: str) -> str:
    """`text` without bearer tokens and keys of known shape, `name: value` pairs and XML elements of telling names,
    addresses, phones."""
    text = _TOKENS.sub(_token, text)
    if "<" in text:
        text = _ELEMENTS.sub(_element, text)
    text = _fields(text)
    text = _EMAILS.sub(EMAIL, text)
    return _PHONES.sub(PHONE, text)


def _token(found: re.Match[str]) -> str:
    scheme = found["scheme"]
    if scheme and not _LIKE_A_KEY.search(found["value"]):
        return found[0]
    return f"{scheme}{found['space']}{REDACTED}" if scheme else REDACTED


def _element(found: re.Match[str]) -> str:
    mask = mask_for(found["name"].rpartition(":")[2])
    if mask is None or not found["value"].strip():
        return found[0]
    return f"<{found['name']}{found['attributes'] or ''}>{mask}"


def _fields(text: str) -> str:
    """Values of telling names masked. A value of any other name is read on, as it may hold names of its own; but
    `x: cookie:none` is one value, and says nothing of a cookie."""
    parts: list[str] = []
    position = bare_until = 0
    for found in _NAMES.finditer(text):
        begin, mask = found.start(), mask_for(found["name"])
        if begin < position or (begin < bare_until and (mask is None or found["sign"] == ":")):
            continue
        value = (_BARE if mask is None else _VALUE).match(text, found.end())
        if value is None:
            continue
        if mask is None:
            bare_until = max(bare_until, value.end())
        else:
            parts += [text[position : value.start()], _quoted_like(value[0], mask)]
            position = value.end()
    return "".join([*parts, text[position:]])


def _quoted_like(value: str, mask: str) -> str:
    bare = value.lstrip("\\")
    quote = '"' if bare.startswith('"') else "'" if bare.startswith("'") else ""
    return f"{quote}{mask}{quote}"
