"""Answers as vendors give them, and whose quota they tell of."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import pytest

from probes.model import QuotaReading
from probes.quota import QUOTA_PARSERS, QuotaSource
from probes.vendors import Answer

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)


@pytest.fixture
def read() -> Callable[..., tuple[QuotaReading, ...]]:
    """Runs one parser on an answer with these headers and this JSON body."""

    def run(
        parser: str, headers: Mapping[str, str] | None = None, body: object = None, now: datetime = NOW
    ) -> tuple[QuotaReading, ...]:
        lower = {name.lower(): value for name, value in (headers or {}).items()}
        answer = Answer(200, lower, json.dumps(body).encode(), body, now)
        return QUOTA_PARSERS[parser](answer, QuotaSource("acme", "basic:12345678"))

    return run
