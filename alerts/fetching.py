"""One careful GET of something public: nothing that an answer says makes us ask elsewhere or read without end.

Redirects are reported, not followed, and a name that leads to a private address is refused where that was not declared.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import httpx

TIME_LIMIT_S: Final = 10.0
SIZE_LIMIT: Final = 2 * 1024 * 1024


class FetchError(Exception):
    """What was asked for cannot be had; says why, without the address. `target`: where a redirect leads."""

    def __init__(self, words: str, target: str = "") -> None:
        super().__init__(words)
        self.target = target


@dataclass(frozen=True, slots=True)
class Fetched:
    """`body` is empty for a 304."""

    status: int
    headers: Mapping[str, str]
    body: bytes


async def fetch(client: httpx.AsyncClient, url: str, headers: Mapping[str, str], *, may_be_private: bool) -> Fetched:
    """The answer, 200 or 304. Raises FetchError for anything else, after ten seconds, and beyond 2 MiB."""
    try:
        async with asyncio.timeout(TIME_LIMIT_S):
            if not may_be_private:
                await _refuse_private(url)
            async with client.stream("GET", url, headers=dict(headers), follow_redirects=False) as answer:
                return Fetched(answer.status_code, answer.headers, await _body(answer))
    except TimeoutError as err:
        raise FetchError(f"no answer within {TIME_LIMIT_S:g} s") from err
    except httpx.InvalidURL as err:
        raise FetchError("redirects to what is no address") from err
    except (httpx.HTTPError, OSError) as err:
        raise FetchError(f"cannot be reached ({type(err).__name__})") from err


async def _refuse_private(url: str) -> None:
    """A name that is unknown here may be known to a proxy, which then has its own rules."""
    parts = urlsplit(url)
    try:
        found = await asyncio.get_running_loop().getaddrinfo(parts.hostname, parts.port, type=socket.SOCK_STREAM)
    except OSError:
        return
    for *_, address in found:
        if not ipaddress.ip_address(str(address[0]).split("%")[0]).is_global:
            raise FetchError("refused, because its name leads to a private address")


async def _body(answer: httpx.Response) -> bytes:
    if answer.status_code == httpx.codes.NOT_MODIFIED:
        return b""
    if answer.is_redirect:
        words = f"redirects (HTTP {answer.status_code}) to another place; write that address if it is right"
        raise FetchError(words, answer.headers.get("location", ""))
    if answer.status_code != httpx.codes.OK:
        raise FetchError(f"answered HTTP {answer.status_code}")
    body = bytearray()
    async for chunk in answer.aiter_bytes(64 * 1024):
        body += chunk
        if len(body) > SIZE_LIMIT:
            raise FetchError(f"answered with more than {SIZE_LIMIT // 1024 // 1024} MiB")
    return bytes(body)
