"""Whether a request comes from a page of ours: a browser sends our cookie whoever made it ask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN: Final = frozenset({"same-origin", "none"})
"""What `Sec-Fetch-Site` says of our own pages, and of what the person did by hand."""


def is_foreign(headers: Mapping[str, str], public_url: str | None) -> bool:
    """Whether the browser says that a page elsewhere asks. Clients that are no browsers say nothing, and are not."""
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None:
        return site not in _OWN
    return origin is not None and not _is_own(origin, headers, public_url)


def is_ours(headers: Mapping[str, str], public_url: str | None) -> bool:
    """Whether the browser says that a page of ours asks; for what comes with a cookie, where saying nothing will not
    do."""
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None and site not in _OWN:
        return False
    if origin is not None:
        return _is_own(origin, headers, public_url)
    return site is not None


def _is_own(origin: str, headers: Mapping[str, str], public_url: str | None) -> bool:
    # The scheme is left out: behind a proxy with TLS, ours is http.
    asked = urlsplit(origin).netloc.lower()
    own = {headers.get("host", "").lower(), urlsplit(public_url or "").netloc.lower()} - {""}
    return bool(asked) and asked in own
