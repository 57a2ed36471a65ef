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
    text = received.text
    if wanted.contains is not None:
        yield Assertion("body", f"contains {wanted.contains!r}", _shown(text), wanted.contains in text)
    if wanted.matches is not None:
        holds = operators.matches(wanted.matches, text)
        yield Assertion("body", f"matches /{wanted.matches}/", _shown(text), holds)


def _shown(text: str) -> str:
    return f"{len(text):,} characters without it" if len(text) > _SHOWN else repr(text)
