"""What a step keeps of its answer: variables for later steps, and numbers to watch."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from probes.assertions.jsonpath import PathFailure, value
from probes.assertions.model import ABSENT, Received
from probes.assertions.xml_paths import single
from probes.cookies import set_by
from probes.extraction import Finding
from probes.model import Failure, FailureKind


def capture(wanted: Mapping[str, str], received: Received) -> tuple[dict[str, Any], Failure | None]:
    """Variable → value for each source; a failure for the first that is not there.

    Values keep their JSON type, so that a captured number is sent as a number where it stands alone.
    """
    captured: dict[str, Any] = {}
    for variable, source in wanted.items():
        found = find(source, received)
        if isinstance(found, NotFound):
            return captured, Failure(FailureKind.CAPTURE, f"cannot capture {variable}: {source}: {found.words}")
        captured[variable] = found
    return captured, None


@dataclass(frozen=True, slots=True)
class NotFound:
    """There is no such thing in the answer; `words` say what there is not."""

    words: str


def find(source: str, received: Received) -> Any:
    """What a JSONPath, header:Name, cookie:Name, regex:…, xpath:…, status or url finds; NotFound for nothing."""
    if source == "status":
        return received.status
    if source == "url":
        return received.url
    kind, _, rest = source.partition(":")
    look = _KINDS.get(kind, _json)
    return look(source if look is _json else rest.strip(), received)


def of_kind(kind: str, sources: Iterable[str]) -> tuple[str, ...]:
    """The patterns or paths among the sources, without what says that they are: `regex` or `xpath`."""
    beginning = f"{kind}:"
    return tuple(one.removeprefix(beginning).strip() for one in sources if one.startswith(beginning))


def is_secret(source: str) -> bool:
    """Whether what is found there is a secret whatever its variable is called: a cookie is a session."""
    return source.startswith("cookie:")


def record(wanted: Mapping[str, str], received: Received) -> dict[str, float]:
    """Value name → number. What is not there or not a number is left out: no data is not zero."""
    found = {name: _number(find(path, received)) for name, path in wanted.items()}
    return {name: number for name, number in found.items() if number is not None}


def _json(path: str, received: Received) -> Any:
    try:
        found = value(path, received.document)
    except PathFailure:
        found = ABSENT
    return NotFound("no such path") if found is ABSENT else found


def _header(name: str, received: Received) -> Any:
    return received.headers.get(name, NotFound("no such header"))


def _cookie(name: str, received: Received) -> Any:
    # A log-in sets its session and redirects.
    answers = (received.headers, *reversed(received.earlier))
    found = next((value for value in (set_by(headers, name) for headers in answers) if value is not None), None)
    return NotFound("no such cookie") if found is None else found


def _regex(pattern: str, received: Received) -> Any:
    finding = received.extracted.regex.get(pattern, Finding())
    return finding.value if finding.found else NotFound(finding.error or "not found")


def _xpath(path: str, received: Received) -> Any:
    finding = received.extracted.xpath.get(path, Finding(error=received.extracted.xml_error))
    found = single(finding.value) if finding.found else ABSENT
    return NotFound(finding.error or "no such path") if found is ABSENT else found


_KINDS: Final[dict[str, Callable[[str, Received], Any]]] = {
    "header": _header,
    "cookie": _cookie,
    "regex": _regex,
    "xpath": _xpath,
}


def _number(found: Any) -> float | None:
    if isinstance(found, bool) or not isinstance(found, (int, float, str)):
        return None
    try:
        number = float(found)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
