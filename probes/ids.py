"""Identifiers that sort by time, and the trace context that carries them to the vendor."""

from __future__ import annotations

import secrets
from datetime import datetime
from uuid import UUID


def run_id(now: datetime) -> UUID:
    """A UUIDv7 (RFC 9562): 48 bits of `now` in milliseconds, then 74 random bits."""
    milliseconds = int(now.timestamp() * 1000) & (1 << 48) - 1
    version_and_a = 0x7000 | secrets.randbits(12)
    variant_and_b = 0b10 << 62 | secrets.randbits(62)
    return UUID(int=milliseconds << 80 | version_and_a << 64 | variant_and_b)


def traceparent(run: UUID) -> str:
    """W3C trace context: one trace per run, a new span per request."""
    return f"00-{run.hex}-{secrets.randbits(64) or 1:016x}-01"


def evidence_id(run: UUID, position: int, attempt: int) -> str:
    """What people quote: the run's last 12 digits, the step's position and the attempt."""
    return f"{run.hex[-12:]}-{position}.{attempt}"
