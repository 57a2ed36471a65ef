"""Requests to servers on loopback that speak plain HTTP, as cheap as they look.

`httpx.get` reads the certificates of every authority there is, for each request anew: a test that looks ten times a
second whether another process has got somewhere would spend half a core on it.
"""

from __future__ import annotations

import ssl
from typing import Any, Final

import httpx

TRUSTS_NOBODY: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def get(url: str | httpx.URL, **more: Any) -> httpx.Response:
    """`httpx.get`."""
    return httpx.get(url, verify=TRUSTS_NOBODY, trust_env=False, **more)


def post(url: str | httpx.URL, **more: Any) -> httpx.Response:
    """`httpx.post`."""
    return httpx.post(url, verify=TRUSTS_NOBODY, trust_env=False, **more)


def put(url: str | httpx.URL, **more: Any) -> httpx.Response:
    """`httpx.put`."""
    return httpx.put(url, verify=TRUSTS_NOBODY, trust_env=False, **more)


def delete(url: str | httpx.URL, **more: Any) -> httpx.Response:
    """`httpx.delete`."""
    return httpx.delete(url, verify=TRUSTS_NOBODY, trust_env=False, **more)
