"""The `Link` header (RFC 8288), as far as it leads to what is said about an API's end."""

from __future__ import annotations

import re
from typing import Final

_LINK: Final = re.compile(r'<([^<>]{1,2000})>((?:\s*;\s*[\w*!-]+\s*(?:=\s*(?:"[^"]*"|[^\s";,]+))?)*)')
_REL: Final = re.compile(r';\s*rel\s*=\s*(?:"([^"]*)"|([^\s";,]+))', re.IGNORECASE)
_LONGEST: Final = 16_384


def links(header: str) -> dict[str, str]:
    """Relation in lower case → the first address that has it. What is not a link is left out."""
    found: dict[str, str] = {}
    for address, parameters in _LINK.findall(header[:_LONGEST]):
        rel = _REL.search(parameters)
        for relation in (rel[1] or rel[2] or "").lower().split() if rel else ():
            found.setdefault(relation, address.strip())
    return found
