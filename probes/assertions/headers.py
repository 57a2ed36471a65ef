"""`expect.headers`: name → value."""

from __future__ import annotations

from collections.abc import Iterable

from probes.assertions.model import Expectation, Received
from probes.model import Assertion


def check(expectation: Expectation, received: Received) -> Iterable[Assertion]:
    """Values compare exactly; one written without parameters also matches a value with them (`; charset=utf-8`)."""
    for name, expected in expectation.rendered.headers.items():
        actual = received.headers.get(name)
        holds = actual is not None and expected.strip() in (actual.strip(), actual.split(";")[0].strip())
        yield Assertion(f"header {name}", expected, "no such header" if actual is None else actual, holds)
