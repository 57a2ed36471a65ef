"""`expect.body`: what the text of the body contains or matches."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from probes.assertions import operators
from probes.assertions.model import Expectation, Received
from probes.model import Assertion

_SHOWN: Final = 300


def check(expectation: Expectation, received: Received) -> Iterable[Assertion]:
    """Up to two assertions."""
    wanted = expectation.rendered.body
    if wanted is None:
        return
    shown = _shown(received)
    if wanted.contains is not None:
        holds = wanted.contains.encode("utf-8", "replace") in received.body
        yield Assertion("body", f"contains {wanted.contains!r}", shown, holds)
    if wanted.matches is not None:
        yield Assertion("body", f"matches /{wanted.matches}/", shown, operators.matches(wanted.matches, received.text))


def _shown(received: Received) -> str:
    size = len(received.body)
    return f"{size:,} bytes without it" if size > _SHOWN else repr(received.text)
