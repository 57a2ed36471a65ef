"""How much a vendor may cost us."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Caps on one exchange. Going over one is a failure of the answer, not of the prober.

    `body` bounds the bytes on the wire and the decoded bytes alike. `ratio` bounds decompression once the decoded body
    is past `ratio_from`; below that, a long run of zeroes is harmless. `header_fields` counts those of trailers and
    interim answers too. Seconds: `connect_s` (all addresses together), `total_s` (the exchange, where the caller sets
    no deadline of its own).
    """

    body: int = 8 * 1024 * 1024
    headers: int = 64 * 1024
    header_fields: int = 256
    ratio: int = 200
    ratio_from: int = 1024 * 1024
    interim: int = 16
    connect_s: float = 5.0
    total_s: float = 30.0
