"""Failures that GraphQL and SOAP report in ways of their own, whoever the vendor is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from probes.model import Failure, FailureKind

_READ_ONLY: Final = re.compile(r"\s*(\{|query\b)")
_WRITES: Final = re.compile(r"(?m)^\s*(mutation|subscription)\b")
_ERRORS_PATH: Final = re.compile(r"\$(\.errors|\[['\"]errors['\"]\])")


def only_reads(query: str) -> bool:
    """Whether a GraphQL document changes nothing, so that it may be sent twice."""
    return _READ_ONLY.match(query) is not None and _WRITES.search(query) is None


def graphql_failure(document: Any, expected_paths: Iterable[str]) -> Failure | None:
    """The first of the `errors` of an answer, unless the step's own expectations look at them."""
    errors = document.get("errors") if isinstance(document, Mapping) else None
    if not isinstance(errors, list) or not errors or any(map(_ERRORS_PATH.match, expected_paths)):
        return None
    first = errors[0] if isinstance(errors[0], Mapping) else {}
    extensions = first.get("extensions")
    code = extensions.get("code") if isinstance(extensions, Mapping) else None
    words = str(first.get("message") or "without a message")
    more = f" and {len(errors) - 1} more" if len(errors) > 1 else ""
    return Failure(FailureKind.VENDOR_ERROR, f"GraphQL error{f' {code}' if code else ''}: {words}{more}")


def soap_failure(
    fault: tuple[str, str] | None, verdict: Failure | None, expected_paths: Iterable[str]
) -> Failure | None:
    """A SOAP Fault, which says more than its status; not where the step's own expectations look at it."""
    if fault is None or any("Fault" in path for path in expected_paths):
        return None
    if verdict is not None and verdict.kind not in {FailureKind.STATUS_4XX, FailureKind.STATUS_5XX}:
        return None
    code, text = fault
    words = f"SOAP Fault {code or 'without a code'}: {text or 'without a text'}"
    return Failure(FailureKind.VENDOR_ERROR, words, retryable=verdict is not None and verdict.retryable)
