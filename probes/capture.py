"""What a step keeps of its answer: variables for later steps, and numbers to watch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from probes.assertions.jsonpath import PathFailure, value
from probes.assertions.model import ABSENT, Received
from probes.model import Failure, FailureKind

_HEADER: Final = "header:"


def capture(wanted: Mapping[str, str], received: Received) -> tuple[dict[str, Any], Failure | None]:
    """Variable → value for each `JSONPath` or `header:Name`; a failure for the first that is not there.

    Values keep their JSON type, so that a captured number is sent as a number where it stands alone.
    """
    captured: dict[str, Any] = {}
    for variable, source in wanted.items():
        found = _find(source, received)
        if found is ABSENT:
            words = "no such header" if source.startswith(_HEADER) else "no such path"
            return captured, Failure(FailureKind.CAPTURE, f"cannot capture {variable}: {source}: {words}")
        captured[variable] = found
    return captured, None


def record(wanted: Mapping[str, str], received: Received) -> dict[str, float]:
    """Value name → number. What is not there or not a number is left out: no data is not zero."""
    found = {name: _number(_find(path, received)) for name, path in wanted.items()}
    return {name: number for name, number in found.items() if number is not None}


def _find(source: str, received: Received) -> Any:
    if source.startswith(_HEADER):
        return received.headers.get(source.removeprefix(_HEADER).strip(), ABSENT)
    try:
        return value(source, received.document)
    except PathFailure:
        return ABSENT


def _number(found: Any) -> float | None:
    if isinstance(found, bool) or not isinstance(found, (int, float, str)):
        return None
    try:
        number = float(found)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
