"""The HTTP library behind one door, so that the engine can move to another of the same API in one line."""

from __future__ import annotations

from functools import lru_cache
from importlib import metadata
from typing import Final

from httpx import (
    URL,
    AsyncBaseTransport,
    AsyncByteStream,
    Auth,
    Cookies,
    Headers,
    InvalidURL,
    Request,
    Response,
    TransportError,
)

__all__ = [
    "URL",
    "USER_AGENT",
    "AsyncBaseTransport",
    "AsyncByteStream",
    "Auth",
    "Cookies",
    "Headers",
    "InvalidURL",
    "Request",
    "Response",
    "TransportError",
    "origin",
    "origin_of",
    "parsed",
]


def _version() -> str:
    try:
        return metadata.version("leadline")
    except metadata.PackageNotFoundError:
        return "0"


USER_AGENT: Final = f"Leadline/{_version()}"

_PORTS: Final = {"http": 80, "https": 443}


def origin(url: URL) -> tuple[str, str, int]:
    """Scheme, host and port: what a connection and a credential belong to.

    The host as it is on the wire: the system would turn its own way of spelling into another one (straße → strasse).
    """
    return url.scheme, url.raw_host.decode("ascii").lower(), url.port or _PORTS.get(url.scheme, 0)


@lru_cache(maxsize=4096)
def parsed(address: str) -> URL:
    """The address as a URL; raises InvalidURL. Most requests go to an address that was asked before."""
    return URL(address)


@lru_cache(maxsize=4096)
def origin_of(address: str) -> tuple[str, str, int]:
    """`origin` of an address that is asked for again and again, such as an integration's own."""
    return origin(URL(address))
