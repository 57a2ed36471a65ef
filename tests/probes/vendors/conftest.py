"""Answers as vendors give them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import pytest

from probes.vendors import Answer

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)


@pytest.fixture
def answer() -> Callable[..., Answer]:
    """Builds an answer; `body` is JSON unless it is bytes."""

    def build(status: int = 200, body: object = None, headers: Mapping[str, str] | None = None) -> Answer:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        parsed = None if isinstance(body, bytes) else body
        return Answer(status, {k.lower(): v for k, v in (headers or {}).items()}, raw, parsed, NOW)

    return build
