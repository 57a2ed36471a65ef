"""All that one answer says of its API's future."""

from __future__ import annotations

from probes.change import standard, vendors
from probes.change.versions import ECHOES
from probes.http import Request
from probes.model import ChangeKind, ChangeSignal
from probes.vendors.model import Answer


def change_signals(vendor: str, request: Request, answer: Answer) -> tuple[ChangeSignal, ...]:
    """At most one signal for each kind and header. Malformed headers say nothing; nothing is raised."""
    readers = (*standard.READERS, vendors.warned, *vendors.READERS.get(vendor, ()))
    found: dict[tuple[ChangeKind, str], ChangeSignal] = {}
    for reader in readers:
        for signal in reader(request, answer):
            found.setdefault((signal.kind, signal.source), signal)
    echo = ECHOES.get(vendor)
    if echo is not None:
        found |= {(signal.kind, signal.source): signal for signal in echo.read(request, answer)}
    return tuple(found.values())
