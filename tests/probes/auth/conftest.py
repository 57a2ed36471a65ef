"""A clock that is wound by hand, the secrets of a machine, and authenticators built from YAML's options."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from oidc_server import oidc, oidc_process

from config.model import PluginSpec
from probes.auth import Authenticator, TokenCache, authenticator_for

__all__ = ["oidc", "oidc_process"]

ENVIRON = {
    "ID": "client-1",
    "SECRET": "s3cr3t/+ü value",
    "REFRESH": "refresh-first",
    "KEY": "key-material-77",
    "HOST": "https://auth.example.com",
}


@dataclass
class Clock:
    """Time that stands still until it is told otherwise."""

    now: datetime = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class Bench:
    """Builds authenticators that share one token cache."""

    clock: Clock = field(default_factory=Clock)
    tokens: TokenCache = field(default_factory=TokenCache)
    environ: dict[str, str] = field(default_factory=lambda: dict(ENVIRON))

    def build(self, kind: str, **options: Any) -> Authenticator:
        spec = PluginSpec(kind=kind, **options)
        return authenticator_for(spec, self.environ, tokens=self.tokens, clock=self.clock)

    def client_credentials(self, **options: Any) -> Authenticator:
        given = {"token_url": "${env:HOST}/token", "client_id": "${env:ID}", "client_secret": "${env:SECRET}"}
        return self.build("oauth2_client_credentials", **{**given, **options})

    def refresh_token(self, **options: Any) -> Authenticator:
        given = {"token_url": "${env:HOST}/token", "client_id": "${env:ID}", "client_secret": "${env:SECRET}"}
        return self.build("oauth2_refresh_token", refresh_token="${env:REFRESH}", **{**given, **options})


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture(scope="session")
def new_bench() -> Callable[[], Bench]:
    """For property tests, which need one for each example."""
    return Bench


@pytest.fixture
def request_to_api() -> Callable[[], httpx.Request]:
    return lambda: httpx.Request("GET", "https://api.example.com/v1/things?limit=1")
