"""All that one answer says of its API's future."""

from __future__ import annotations

from typing import Final

from probes.change import standard, vendors
from probes.change.versions import ECHOES
from probes.http import Request
from probes.model import ChangeKind, ChangeSignal
from probes.vendors.model import Answer

_SPEAKING: Final = frozenset(
    {"deprecation", "sunset", "warning", "x-api-warn", "x-ad-api-version-warning", "x-shopify-api-deprecated-reason"}
    | {"x-zendesk-api-warn"}
)
"""Without one of these in it an answer says nothing, and is not read any further: nearly all are so."""


def change_signals(vendor: str, request: Request, answer: Answer) -> tuple[ChangeSignal, ...]:
    """At most one signal for each kind and header. Malformed headers say nothing; nothing is raised."""
    found: dict[tuple[ChangeKind, str], ChangeSignal] = {}
    if not _SPEAKING.isdisjoint(answer.headers):
        for reader in (*standard.READERS, vendors.warned, *vendors.READERS.get(vendor, ())):
            found |= {(signal.kind, signal.source): signal for signal in reader(request, answer)}
    echo = ECHOES.get(vendor)
    if echo is not None:
        found |= {(signal.kind, signal.source): signal for signal in echo.read(request, answer)}
    return tuple(found.values())
