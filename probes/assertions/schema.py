"""`expect.schema`: a JSON Schema, held against the whole document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, Final

import jsonschema_rs

from config.schema_files import retriever, uri_of
from probes.assertions.model import ABSENT, Expectation, Received
from probes.model import Assertion

_MOST: Final = 20


class SchemaFailure(Exception):  # noqa: N818 - the operator's file, not the program
    """The schema itself is not usable."""


def compiled(name: str, schemas: Mapping[str, Any]) -> Any:
    """The validator of that schema; a `$ref` leads to another one of `schemas` or nowhere.

    Nothing is fetched from a network, no value quoted. Raises SchemaFailure.
    """
    if name not in schemas:
        raise SchemaFailure(f"schema {name} is not part of the configuration")
    try:
        return jsonschema_rs.validator_for(
            schemas[name], base_uri=uri_of(name), retriever=retriever(schemas), mask="the value"
        )
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
    broken = _broken(expectation.schema, received.document)
    for words in broken:
        yield Assertion(f"schema {name}", "valid", words, passed=False)
    if not broken:
        yield Assertion(f"schema {name}", "valid", "valid", passed=True)


def _broken(validator: Any, document: Any) -> list[str]:
    try:
        errors = list(islice(validator.iter_errors(document), _MOST))
    except UnicodeError:
        return ["a text with half a character in it (a lone surrogate), which no schema can be held against"]
    return [f"{_path(error.instance_path)}: {error.message}" for error in errors]


def _path(parts: list[str | int]) -> str:
    return "$" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
