"""What a prober process needs to know before it has heard from a hub."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx
from pydantic import SecretStr, TypeAdapter, ValidationError

from config.scalars import Name

_HEADER_SAFE: Final = re.compile(r"[!-~]+")


class AgentError(Exception):
    """The prober cannot start, or cannot go on; the message says what to do about it."""


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """Where the hub is, which region this is, and where the files go. `environ` resolves `${env:…}` references."""

    hub_url: str
    region: str
    token: SecretStr
    data: Path
    environ: Mapping[str, str]
    concurrency: int = 50
    """Runs at the same time, over all integrations."""

    def __post_init__(self) -> None:
        try:
            TypeAdapter(Name).validate_python(self.region)
        except ValidationError as err:
            raise AgentError(f"--region: {err.errors()[0]['msg']}") from None
        if not _is_address(self.hub_url):
            raise AgentError("--hub: write the hub's address as http://HOST:PORT or https://HOST")
        if not _HEADER_SAFE.fullmatch(self.token.get_secret_value()):
            # Said before it is sent: an HTTP library's error would quote it.
            raise AgentError("the prober's token is empty, or holds a space, a line break or a character beyond ASCII")

    def file(self, suffix: str) -> Path:
        """This region's own file in the data directory."""
        return self.data / f"prober-{self.region}.{suffix}"


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        httpx.URL(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except (ValueError, httpx.InvalidURL):
        return False
