"""The hub as a prober sees it: three requests, and what each answer means for the sender."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import structlog

from probes.agent.backoff import retry_after
from probes.agent.problems import Problems
from probes.agent.settings import AgentSettings
from probes.http import USER_AGENT

_TIMEOUT: Final = httpx.Timeout(15.0, connect=5.0)
_SHOWN: Final = 300
_LARGE: Final = 32 * 1024
"""Bytes of JSON that are not parsed on the event loop, whose lateness is measured as the vendors'."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Good:
    """200 with a JSON object."""

    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Unchanged:
    """304: what we have is current."""


@dataclass(frozen=True, slots=True)
class Unreachable:
    """No answer at all. The client says so itself, once for all its users."""


@dataclass(frozen=True, slots=True)
class Later:
    """Overloaded or broken for now; the same request may do better later."""

    reason: str
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class TooLarge:
    """413."""


@dataclass(frozen=True, slots=True)
class Refused:
    """422: this body is refused for good."""

    reason: str


@dataclass(frozen=True, slots=True)
class Denied:
    """401 or 403: the token is wrong; only a person can mend that."""

    reason: str


Answer = Good | Unchanged | Unreachable | Later | TooLarge | Refused | Denied


class HubClient:
    """Talks to one hub with the region's token. Never raises for what a hub or a network does."""

    def __init__(
        self,
        settings: AgentSettings,
        clock: Callable[[], datetime],
        problems: Problems,
    ) -> None:
        self._region, self._clock, self._problems = settings.region, clock, problems
        loopback = _is_loopback(settings.hub_url)
        if settings.hub_url.startswith("http://") and not loopback:
            log.warning("token_in_clear_text", hub=settings.hub_url, remedy="give the hub an https:// address")
        self._client = httpx.AsyncClient(
            base_url=settings.hub_url.rstrip("/") + "/api/v1/prober",
            headers={"Authorization": f"Bearer {settings.token.get_secret_value()}", "User-Agent": USER_AGENT},
            timeout=_TIMEOUT,
            # A proxy for the outside world must not catch the way to this machine's own hub.
            trust_env=not loopback,
            # Certificates are checked wherever there are any; reading the trust store takes 0.1 s and more.
            verify=settings.hub_url.startswith("https://"),
        )

    async def close(self) -> None:
        """Close connections."""
        await self._client.aclose()

    async def config(self, version: str | None) -> Answer:
        """The region's configuration, Unchanged while `version` is current."""
        headers = {"If-None-Match": f'"{version}"'} if version else {}
        return await self._ask("GET", "/config", params={"region": self._region}, headers=headers)

    async def ship(self, gzipped: bytes) -> Answer:
        """Deliver a packed batch; Good carries `cursor`."""
        headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
        return await self._ask("POST", "/batches", content=gzipped, headers=headers)

    async def heartbeat(self, body: bytes) -> Answer:
        """Say that we live; Good carries `config_version` and `now`."""
        return await self._ask("POST", "/heartbeat", content=body, headers={"Content-Type": "application/json"})

    async def _ask(self, method: str, path: str, **request: Any) -> Answer:
        try:
            response = await self._client.request(method, path, **request)
        except httpx.HTTPError as err:
            # The first error stays: the ones after it differ in detail and would be logged again and again.
            if "hub" not in self._problems:
                self._problems.say("hub", f"the hub cannot be reached: {type(err).__name__} {err}".strip())
            return Unreachable()
        self._problems.over("hub")
        if len(response.content) < _LARGE:
            return _meaning(response, self._clock())
        return await asyncio.to_thread(_meaning, response, self._clock())


def _meaning(response: httpx.Response, now: datetime) -> Answer:
    status = response.status_code
    if status == 200:
        content = _json(response)
        return Good(content) if content is not None else Later("the hub answered 200 without JSON; is a proxy between?")
    if status == 304:
        return Unchanged()
    if status == 413:
        return TooLarge()
    if status == 422:
        return Refused(_reason(response))
    if status in (401, 403):
        return Denied(f"the hub refuses this prober's token ({status}): {_reason(response)}")
    return Later(
        f"the hub answered {status}: {_reason(response)}", retry_after(response.headers.get("retry-after"), now)
    )


def _json(response: httpx.Response) -> dict[str, Any] | None:
    try:
        content = response.json()
    except ValueError:
        return None
    return content if isinstance(content, dict) else None


def _reason(response: httpx.Response) -> str:
    content = _json(response) or {}
    reason = content.get("error") or content.get("detail")
    if reason is None:
        return response.reason_phrase
    return (reason if isinstance(reason, str) else json.dumps(reason))[:_SHOWN]


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
