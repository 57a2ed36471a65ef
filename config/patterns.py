"""Regular expressions that search in linear time whatever the text: what a vendor sends decides nothing about ours."""

from __future__ import annotations

import re
import warnings
from functools import lru_cache

from pydantic_core import SchemaError, SchemaValidator, core_schema

_LITERAL = "a literal ( or [ is written \\( or \\["


class PatternFailure(Exception):  # noqa: N818 — the pattern's, not the program's
    """Not a regular expression that can be searched; says why."""


def fault(pattern: str) -> str | None:
    """What is wrong with a pattern, with the remedy; None when it can be searched."""
    wrong = syntax_fault(pattern)
    if wrong is not None:
        return wrong
    try:
        _validator(pattern)
    except PatternFailure as err:
        return str(err)
    return None


def syntax_fault(pattern: str) -> str | None:
    """As `fault`, for a pattern that need not be linear, because it is searched where it can be stopped."""
    try:
        with warnings.catch_warnings(action="ignore"):
            re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as err:
        remedy = "write \\ once in single quotes" if "escape" in str(err) else _LITERAL
        return f"not a regular expression: {err}; {remedy}"
    return None


def found(pattern: str, text: str) -> bool:
    """Whether the pattern is found anywhere in the text. Raises PatternFailure."""
    validator = _validator(pattern)
    # Half a surrogate pair, which JSON can hold and the engine cannot.
    clean = text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
    if validator.isinstance_python(clean):
        return True
    # As people expect of `$`: a line break at the very end stands behind it.
    return "$" in pattern and clean.endswith("\n") and bool(validator.isinstance_python(clean[:-1]))


@lru_cache(maxsize=1024)
def _validator(pattern: str) -> SchemaValidator:
    wrong = syntax_fault(pattern)
    if wrong is not None:
        raise PatternFailure(wrong)
    try:
        return SchemaValidator(core_schema.str_schema(pattern=pattern, regex_engine="rust-regex"))
    except SchemaError as err:
        raise PatternFailure(
            "look-arounds and back references can take for ever on a hostile answer; write it without, or in two checks"
        ) from err
