"""`expect.status`: 201, "2xx", or a list of them."""

from __future__ import annotations

from collections.abc import Iterable

from probes.assertions.model import Expectation, Received
from probes.model import Assertion

Declared = int | str | tuple[int | str, ...] | None


def matches(declared: Declared, status: int) -> bool:
    """Whether `status` is one of those declared; without a declaration, any 2xx."""
    return any(_matches_one(one, status) for one in _listed(declared))


def names(declared: Declared, status: int) -> bool:
    """Whether the operator wrote this status, or its class, and so expects it whatever it usually means."""
    return declared is not None and matches(declared, status)


def check(expectation: Expectation, received: Received) -> Iterable[Assertion]:
    """One assertion, always."""
    declared = expectation.rendered.status
    expected = " or ".join(str(one) for one in _listed(declared))
    yield Assertion("status", expected, str(received.status), matches(declared, received.status))


def _listed(declared: Declared) -> tuple[int | str, ...]:
    if declared is None:
        return ("2xx",)
    return declared if isinstance(declared, tuple) else (declared,)


def _matches_one(declared: int | str, status: int) -> bool:
    text = str(declared).lower()
    return text == str(status) or (text.endswith("xx") and text[:-2] == str(status // 100))
