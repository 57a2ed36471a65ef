"""Sending over HTTP: what an answer means for retrying, and no secret in any error."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from alerts.channels.base import TransportError

MAX_ANSWER_BYTES: Final = 64 * 1024
MAX_ANSWER_SHOWN: Final = 200
MIN_PIECE: Final = 8
"""Shorter pieces of an address are words, not secrets."""
TIMEOUT: Final = httpx.Timeout(10.0, connect=5.0)
_UNSENDABLE: Final = "a header cannot be sent: its secret holds a line break or another character that HTTP forbids"
_TRY_AGAIN: Final = frozenset({408, 425, 429})


async def post(
    client: httpx.AsyncClient,
    url: str,
    *,
    now: datetime,
    secrets: Collection[str] = (),
    **request: Any,
) -> httpx.Response:
    """POSTs and returns a 2xx answer, its body read up to a limit; raises TransportError for anything else.

    No answer, 408, 425, 429 and 5xx may be tried again; every other status is permanent.
    """
    return await ask(client, "POST", url, now=now, secrets=secrets, **request)


async def ask(
    client: httpx.AsyncClient,
    method: str,
    url: str,
    *,
    now: datetime,
    secrets: Collection[str] = (),
    **request: Any,
) -> httpx.Response:
    """The same with any method."""
    try:
        async with client.stream(method, url, timeout=TIMEOUT, follow_redirects=False, **request) as response:
            body = await _read(response)
    except httpx.InvalidURL:
        raise TransportError("its address is not a URL", permanent=True) from None
    except (httpx.LocalProtocolError, UnicodeError):
        # Their messages quote the header, escaped, so that `redact` would not find the secret in it.
        raise TransportError(_UNSENDABLE, permanent=True) from None
    except httpx.HTTPError as err:
        reason = redact(f"{type(err).__name__}: {err}".rstrip(": "), secrets)
        # From None: the request that httpx attaches to its error carries the secrets.
        raise TransportError(reason, permanent=isinstance(err, httpx.UnsupportedProtocol)) from None
    answer = httpx.Response(response.status_code, headers=_plain(response.headers), content=body)
    if answer.is_success:
        return answer
    raise failure(answer, now=now, secrets=secrets)


def failure(answer: httpx.Response, *, now: datetime, secrets: Collection[str] = ()) -> TransportError:
    """What an answer other than 2xx means."""
    again = answer.status_code in _TRY_AGAIN or answer.status_code >= 500
    return TransportError(
        f"HTTP {answer.status_code}: {shown(answer, secrets)}",
        permanent=not again,
        retry_after_s=retry_after(answer.headers, now) if again else None,
        status=answer.status_code,
    )


def shown(answer: httpx.Response, secrets: Collection[str] = ()) -> str:
    """The beginning of the answer's body in one line, for the ledger."""
    text = redact(" ".join(answer.text.split()), secrets)
    return text if len(text) <= MAX_ANSWER_SHOWN else text[: MAX_ANSWER_SHOWN - 1] + "…"


def redact(text: str, secrets: Collection[str]) -> str:
    """`text` without any of the secrets."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, "•••")
    return text


def parts_of(url: str) -> tuple[str, ...]:
    """What gives a secret address away: the whole of it, and its long pieces, which servers like to repeat."""
    parts = urlsplit(url)
    local = url.partition(parts.netloc)[2] if parts.netloc else url
    pieces = [piece for piece in re.split(r"[/?&=#]", local) if len(piece) >= MIN_PIECE]
    return tuple(piece for piece in (url, local, *pieces) if len(piece) >= MIN_PIECE)


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds to wait by the Retry-After header (seconds or a date), or None."""
    value = headers.get("retry-after", "").strip()
    if value.isdigit():
        return float(value)
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (date.replace(tzinfo=date.tzinfo or UTC) - now).total_seconds())


def require_private(url: str) -> str:
    """`url` if nobody on the way can read it: https, or a loopback address. Raises ValueError."""
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or "")):
        return url
    raise ValueError("its url must be https, because keys travel with every message")


def is_loopback(host: str) -> bool:
    """Whether the host is this machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


async def _read(response: httpx.Response) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            break
    return bytes(body[:MAX_ANSWER_BYTES])


def _plain(headers: httpx.Headers) -> dict[str, str]:
    """Without the ones that describe how the body travelled: it is decoded already."""
    travel = {"content-encoding", "content-length", "transfer-encoding"}
    return {name: value for name, value in headers.items() if name not in travel}
