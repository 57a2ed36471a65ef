"""What a good answer is. A kind of assertion is a module of this package and a line in `ASSERTIONS`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from config.model import BodyMatch, Expect
from config.templates import render_json, render_text
from probes.assertions import body, headers, json_paths, schema, status, xml_paths
from probes.assertions.model import ABSENT, NO_SUCH_PATH, AssertionKind, Expectation, Received
from probes.model import Assertion, Failure, FailureKind

__all__ = ["ABSENT", "ASSERTIONS", "AssertionKind", "Expectation", "Received", "expectation", "first_failure", "hold"]

ASSERTIONS: Final[dict[str, AssertionKind]] = {
    "status": AssertionKind(status.check, FailureKind.ASSERTION),
    "headers": AssertionKind(headers.check, FailureKind.ASSERTION),
    "schema": AssertionKind(schema.check, FailureKind.SCHEMA),
    "json": AssertionKind(json_paths.check, FailureKind.ASSERTION),
    "xml": AssertionKind(xml_paths.check, FailureKind.ASSERTION),
    "body": AssertionKind(body.check, FailureKind.ASSERTION),
}
"""In the order in which a failure is named: a broken schema says more than the path that it broke."""


def expectation(written: Expect, variables: Mapping[str, Any], validator: Any = None) -> Expectation:
    """`written` with its templates rendered. Raises `config.templates.TemplateFailure`."""
    rendered = written.model_copy(
        update={
            "headers": {name: render_text(value, variables) for name, value in written.headers.items()},
            "json_paths": render_json(written.json_paths, variables),
            "xml": render_json(written.xml, variables),
            "body": _rendered_body(written.body, variables),
        }
    )
    return Expectation(rendered, written, validator)


def hold(
    expected: Expectation, received: Received, show: Callable[[Assertion], Assertion]
) -> tuple[tuple[Assertion, ...], Failure | None]:
    """Every assertion as `show` lets it be seen (redacted), and the failure that the first broken one means."""
    held: list[Assertion] = []
    failure: Failure | None = None
    for kind in ASSERTIONS.values():
        found = [show(one) for one in kind.check(expected, received)]
        held += found
        failure = failure or first_failure(found, kind.failure)
    return tuple(held), failure


def first_failure(assertions: Iterable[Assertion], kind: FailureKind) -> Failure | None:
    """The first broken assertion in words, or None."""
    broken = next((one for one in assertions if not one.passed), None)
    if broken is None:
        return None
    if broken.actual == NO_SUCH_PATH:
        return Failure(kind, f"{broken.subject}: no such path")
    if kind is FailureKind.SCHEMA:
        return Failure(kind, f"{broken.subject}: {broken.actual}")
    return Failure(kind, f"{broken.subject}: expected {broken.expected}, got {broken.actual}")


def _rendered_body(written: BodyMatch | None, variables: Mapping[str, Any]) -> BodyMatch | None:
    if written is None:
        return None
    texts = {"contains": written.contains, "matches": written.matches}
    return written.model_copy(
        update={name: render_text(text, variables) for name, text in texts.items() if text is not None}
    )
