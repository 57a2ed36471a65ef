"""`expect.schema`: a JSON Schema, held against the whole document."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import jsonschema_rs

from probes.assertions.model import ABSENT, Expectation, Received
from probes.model import Assertion

_MOST: Final = 20


class SchemaFailure(Exception):  # noqa: N818 - the operator's file, not the program
    """The schema itself is not usable."""


def compiled(schema: Any) -> Any:
    """A validator; never fetches a `$ref` from a network, never quotes a value. Raises SchemaFailure."""
    try:
        return jsonschema_rs.validator_for(schema, offline=True, mask="the value")
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as err:
        raise SchemaFailure(str(err).splitlines()[0]) from err


def check(expectation: Expectation, received: Received) -> Iterable[Assertion]:
    """One assertion if it holds, else one for each place that breaks the schema (at most 20)."""
    name = expectation.rendered.json_schema
    if name is None or expectation.schema is None:
        return
    if received.document is ABSENT:
        yield Assertion(f"schema {name}", "valid", "no JSON document", passed=False)
        return
    broken = False
    for _, error in zip(range(_MOST), expectation.schema.iter_errors(received.document), strict=False):
        broken = True
        yield Assertion(f"schema {name}", "valid", f"{_path(error.instance_path)}: {error.message}", passed=False)
    if not broken:
        yield Assertion(f"schema {name}", "valid", "valid", passed=True)


def _path(parts: list[str | int]) -> str:
    return "$" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
