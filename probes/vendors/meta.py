"""Meta (Graph, Marketing and Conversions API): the code in the error decides, whatever the HTTP status."""

from __future__ import annotations

import json
from typing import Any, Final

from probes.model import Failure, FailureKind
from probes.vendors.model import Answer, Vendor
from probes.vendors.rules import code, mapping, mappings, number, throttled, token_refused, verdict, words

LIMITS: Final = frozenset({4, 17, 32, 341, 613, *range(80000, 80015)})
TOKEN: Final = 190
TRANSIENT: Final = frozenset({1, 2})
DEAD_VERSION: Final = 2635


def judge_body(answer: Answer) -> Failure | None:
    """The error object, if there is one."""
    error = mapping(answer.json).get("error")
    if not isinstance(error, dict):
        return None
    return _judge_error(answer, error)


def _judge_error(answer: Answer, error: dict[str, Any]) -> Failure | None:
    known, text = code(error.get("code")), words(error.get("message"))
    subcode = code(error.get("error_subcode"))
    label = f"Meta error {known}" + (f" ({subcode})" if subcode is not None else "")
    if known in LIMITS:
        return throttled(answer, f"{label}: {text}", retry_after_s=regain_s(answer))
    if known == TOKEN:
        return Failure(FailureKind.AUTH, f"{label}: the access token is dead")
    if answer.status == 401 or answer.status >= 500:
        return None
    if known == DEAD_VERSION:
        text = f"this API version is dead: {text}"
    transient = known in TRANSIENT or error.get("is_transient") is True
    if answer.status >= 400:
        return Failure(FailureKind.STATUS_4XX, f"HTTP {answer.status}: {label}: {text}", transient)
    return Failure(FailureKind.VENDOR_ERROR, f"{label}: {text}", transient)


def regain_s(answer: Answer) -> float | None:
    """The longest `estimated_time_to_regain_access` of all ids and types; Meta counts it in minutes."""
    try:
        usage = json.loads(answer.headers.get("x-business-use-case-usage", ""))
    except (ValueError, RecursionError):
        return None
    entries = [entry for group in mapping(usage).values() for entry in mappings(group)]
    minutes = [number(entry.get("estimated_time_to_regain_access")) for entry in entries]
    longest = max((m for m in minutes if m is not None), default=0.0)
    return longest * 60 if longest > 0 else None


def token_rejected(answer: Answer) -> bool:
    """Error 190, or a 401."""
    error = mapping(mapping(answer.json).get("error"))
    return token_refused(answer) or code(error.get("code")) == TOKEN


VENDOR: Final = Vendor(
    name="meta",
    verdict=verdict(judge_body),
    token_rejected=token_rejected,
    quota=("meta",),
    request_id_headers=("x-fb-trace-id", "x-fb-request-id", "x-fb-rev"),
)
